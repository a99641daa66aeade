"""The fields of a relation between risks."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.kernel.text import TEXT_MAX
from riskreg.register.common_fields import (
    CREATED_AT,
    LABEL,
    PARTY,
    TRANSLATIONS,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)
from riskreg.risks.models import RelationKind

_EDIT: dict[str, Any] = {"set_by": "risk.edit"}

RELATION = Table(
    noun="relation",
    no_such_field=_("A relation has no such field to set."),
    fields=(
        public_id("c1b0a7de-52f4-4a35-9d4e-6a6a1d5c0f21"),
        computed("url"),
        Field(
            "risk",
            Type.RISK,
            label=_("Risk"),
            history=_("risk"),
            required=True,
            must_send=True,
            meaning="the ref of the risk that causes, worsens, is part of or duplicates the other",
            example="R-025",
            **_EDIT,
        ),
        Field(
            "kind",
            Type.CHOICE,
            label=_("Kind"),
            history=_("kind"),
            required=True,
            must_send=True,
            choices=RelationKind,
            filter=True,
            example="part_of",
            refusal=_("A risk causes, worsens, is part of or duplicates another."),
            **_EDIT,
        ),
        Field(
            "other",
            Type.RISK,
            label=_("The other risk"),
            history=_("the other risk"),
            required=True,
            must_send=True,
            meaning="the ref of the other risk; of `part_of`, the parent",
            example="R-001",
            **_EDIT,
        ),
        Field(
            "note",
            Type.TEXT,
            label=_("Why"),
            history=_("note"),
            limit=TEXT_MAX,
            translated=True,
            meaning="why, in a sentence; may be empty",
            example="The article names it as an example",
            **_EDIT,
        ),
        replace(LABEL, example="judgement", **_EDIT),
        PARTY,
        VISIBILITY,
        replace(TRANSLATIONS, **_EDIT),
        Field(
            "noted_by",
            Type.PERSON,
            history=_("noted by"),
            meaning="who noted it",
            example=None,
        ),
        Field(
            "since",
            Type.MOMENT,
            history=_("since"),
            meaning="from when on it counts",
            sort="since",
            example="2026-01-15T02:00:00Z",
        ),
        CREATED_AT,
        computed("active", meaning="whether it has not ended", example=True),
        Field("ended_at", Type.MOMENT, history=_("ended"), null=True),
        Field(
            "end_reason",
            Type.TEXT,
            history=_("reason of its end"),
            meaning="why it ended; empty: it has not",
            example="",
        ),
        VERSION,
    ),
)

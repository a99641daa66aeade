"""The fields of a risk."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type, WhenShared
from riskreg.kernel.text import TEXT_MAX, TITLE_MAX
from riskreg.register.common_fields import (
    CREATED_AT,
    EXTERNAL_ID,
    LABELS,
    OUTDATED_TRANSLATIONS,
    OWNER,
    PARTY,
    TRANSLATIONS,
    UPDATED_AT,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)
from riskreg.risks.models import Kind, Response, State

_EDIT: dict[str, Any] = {"set_by": "risk.edit", "set_in": (State.DRAFT.value, State.OPEN.value)}
_TOLD: dict[str, Any] = {"when_shared": WhenShared.TOLD}
_ANEW: dict[str, Any] = {"when_shared": WhenShared.ANEW}

RISK = Table(
    noun="risk",
    no_such_field=_("A risk has no such field to set."),
    other_party=_("This risk is its party's own; somebody of that party must answer for it."),
    also_labelled=("scores",),
    fields=(
        public_id("9a3b4d8e-2d0b-4f7a-8a8c-4f1d2b0c9e21"),
        Field(
            "ref",
            Type.LINE,
            history=_("reference"),
            sort="ref_order",
            example="R-001",
            **_ANEW,
        ),
        computed("url"),
        Field(
            "title",
            Type.LINE,
            label=_("Title"),
            help=_("A few words that people will know it by."),
            history=_("title"),
            required=True,
            must_send=True,
            limit=TITLE_MAX,
            translated=True,
            sort="risk__sort_key_{language}",
            example="Overseas policy barriers",
            **_EDIT,
            **_TOLD,
        ),
        Field(
            "cause",
            Type.TEXT,
            label=_("Cause"),
            help=_("Because … (what makes it possible)"),
            history=_("cause"),
            limit=TEXT_MAX,
            translated=True,
            example="A market decides on new duties",
            **_EDIT,
            **_TOLD,
        ),
        Field(
            "event",
            Type.TEXT,
            label=_("Event"),
            help=_("… this may happen (needed before the risk can be opened)"),
            history=_("event"),
            limit=TEXT_MAX,
            translated=True,
            example="Vehicles become dearer there",
            **_EDIT,
            **_TOLD,
        ),
        Field(
            "consequence",
            Type.TEXT,
            label=_("Consequence"),
            help=_("… as a result, this would follow"),
            history=_("consequence"),
            limit=TEXT_MAX,
            translated=True,
            example="Fewer are sold than planned",
            **_EDIT,
            **_TOLD,
        ),
        Field(
            "kind",
            Type.CHOICE,
            label=_("Kind"),
            history=_("kind"),
            required=True,
            choices=Kind,
            filter=True,
            example="threat",
            **_EDIT,
            **_TOLD,
        ),
        Field(
            "state",
            Type.CHOICE,
            label=_("State"),
            history=_("state"),
            required=True,
            choices=State,
            filter=True,
            example="open",
            **_TOLD,
        ),
        Field(
            "response",
            Type.CHOICE,
            label=_("Response"),
            history=_("response"),
            choices=Response,
            example="mitigate",
            **_EDIT,
            **_TOLD,
        ),
        replace(PARTY, when_shared=WhenShared.NEUTRAL),
        replace(VISIBILITY, **_ANEW),
        replace(
            OWNER,
            help=_("Answers for it, and is told when it is due."),
            set_by="risk.transfer",
            set_in=(State.DRAFT.value, State.OPEN.value),
            **_TOLD,
        ),
        Field(
            "deputy",
            Type.PERSON,
            label=_("Deputy"),
            help=_("Is told as well, and can review it."),
            history=_("deputy"),
            null=True,
            **_EDIT,
            **_TOLD,
        ),
        computed(
            "scores",
            example={
                "inherent": {"likelihood": 4, "impact": 5, "score": 20, "rating": "critical"},
                "residual": {"likelihood": 4, "impact": 4, "score": 16, "rating": "critical"},
                "target": None,
            },
        ),
        computed(
            "marks", meaning="what does not fit together in the scores; empty is usual", example=[]
        ),
        Field(
            "terms",
            Type.TERMS,
            history=_("terms"),
            example={"category": ["policy"], "market": ["eu"]},
            **_EDIT,
            **_TOLD,
        ),
        Field(
            # Shared ones; with a private one linked, sharing is refused.
            "objectives",
            Type.OBJECTIVES,
            label=_("Objectives it bears on"),
            history=_("objectives"),
            example=["overseas-units-2030"],
            **_EDIT,
            **_TOLD,
        ),
        Field(
            # A promise for a day to come, which both parties hold once it is shared: I1 lets
            # nothing but a review move it later, so it cannot start anew.
            "next_review_on",
            Type.DAY,
            history=_("next review"),
            null=True,
            sort="risk__next_review_on",
            example="2026-12-15",
            **_TOLD,
        ),
        Field(
            "last_reviewed_on",
            Type.DAY,
            history=_("last review"),
            meaning="since it was shared, if it was",
            null=True,
            example="2026-09-16",
            **_ANEW,
        ),
        computed("overdue", example=False),
        replace(EXTERNAL_ID, when_shared=WhenShared.OWN, **_EDIT),
        Field("sources", Type.SOURCES, history=_("sources"), example=[], **_EDIT, **_TOLD),
        replace(LABELS, example={"response": "illustrative"}, **_EDIT, **_TOLD),
        replace(TRANSLATIONS, example={"zh-hans": {"title": "海外政策壁垒"}}, **_EDIT, **_TOLD),
        # Which of them to read with care.
        replace(OUTDATED_TRANSLATIONS, **_TOLD),
        replace(VERSION, example=7, **_ANEW),
        replace(
            CREATED_AT,
            meaning="when it was made, or shared",
            example="2025-02-10T02:00:00Z",
            **_ANEW,
        ),
        replace(UPDATED_AT, sort="risk__updated_at", **_ANEW),
    ),
)

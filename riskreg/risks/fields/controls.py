"""The fields of a control."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    CREATED_AT,
    LABEL,
    OWNER,
    PARTY,
    SOURCE,
    TRANSLATIONS,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)
from riskreg.risks.models import ControlKind, Effectiveness

_EDIT: dict[str, Any] = {"set_by": "control.edit"}

CONTROL = Table(
    noun="control",
    no_such_field=_("A control has no such field to set."),
    fields=(
        public_id("a4c5d2f0-71f3-4d6e-8f0b-2f7c6b1e9d33"),
        computed("url"),
        Field(
            "name",
            Type.LINE,
            label=_("Name"),
            history=_("name"),
            required=True,
            must_send=True,
            limit=300,
            translated=True,
            example="Two suppliers in two regions",
            **_EDIT,
        ),
        Field(
            "kind",
            Type.CHOICE,
            label=_("Kind"),
            history=_("kind"),
            required=True,
            must_send=True,
            choices=ControlKind,
            filter=True,
            example="preventive",
            refusal=_("A control is preventive or corrective."),
            **_EDIT,
        ),
        Field(
            "risks",
            Type.RISKS,
            label=_("On these risks"),
            history=_("risks"),
            required=True,
            must_send=True,
            meaning="refs of the risks that it works on",
            example=["R-001"],
            **_EDIT,
        ),
        replace(OWNER, example=None, required=False, null=True, sort="", **_EDIT),
        Field(
            "effectiveness",
            Type.CHOICE,
            label=_("Effectiveness"),
            history=_("effectiveness"),
            choices=Effectiveness,
            filter=True,
            meaning="what a test, or whoever knows it, found; empty: nobody has judged it",
            example="",
            **_EDIT,
        ),
        Field(
            "tested_on",
            Type.DAY,
            label=_("Tested on"),
            history=_("tested on"),
            null=True,
            meaning="the last test, not a day to come; null: none yet",
            **_EDIT,
        ),
        Field(
            "tested_by",
            Type.PERSON,
            history=_("tested by"),
            null=True,
            meaning="who noted the last test",
            example=None,
        ),
        Field(
            "test_every_days",
            Type.WHOLE,
            label=_("Days between tests"),
            history=_("days between tests"),
            null=True,
            least=1,
            most=3650,
            refusal=_("This is 1 to 3650 days, or empty."),
            meaning="days from one test to the next; null: it is not tested regularly",
            example=180,
            **_EDIT,
        ),
        Field(
            "next_test_on",
            Type.DAY,
            history=_("next test"),
            null=True,
            meaning="by when it is to be tested again",
            example="2027-03-15",
        ),
        replace(LABEL, example="judgement", **_EDIT),
        replace(SOURCE, **_EDIT),
        PARTY,
        VISIBILITY,
        replace(TRANSLATIONS, **_EDIT),
        CREATED_AT,
        computed("active", meaning="whether it is in place", example=True),
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

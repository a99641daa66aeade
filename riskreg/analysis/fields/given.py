"""What estimates and effects have alike: who gave them, when, why, and who may know."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Type, WhenShared
from riskreg.register.common_fields import LABEL, OWNER, PARTY, TRANSLATIONS, VISIBILITY

# Releasing is a change of audience (ADR 14).
TOLD: dict[str, Any] = {"when_shared": WhenShared.TOLD}
ANEW: dict[str, Any] = {"when_shared": WhenShared.ANEW}
RECORD: dict[str, Any] = {"set_by": "estimate.record", **TOLD}
NEEDED: dict[str, Any] = {"required": True, "must_send": True, **RECORD}
NUMBER: dict[str, Any] = {"type": Type.NUMBER, **NEEDED}
MONEY: dict[str, Any] = {"type": Type.MONEY, **RECORD}

AMOUNTS = (
    Field(
        "currency",
        Type.LINE,
        label=_("Currency"),
        history=_("currency"),
        limit=3,
        meaning="the register's, which it is if nothing is sent",
        example="CNY",
        **RECORD,
    ),
    Field(
        "base_year",
        Type.WHOLE,
        label=_("In money of the year"),
        history=_("base year"),
        least=1990,
        most=2100,
        meaning="in whose money the amounts are",
        example=2026,
        **NEEDED,
    ),
)
RATIONALE = Field(
    "rationale",
    Type.TEXT,
    label=_("Why these numbers"),
    history=_("rationale"),
    translated=True,
    limit=8000,
    lines=3,
    example="Two price waves in five years (illustrative)",
    **NEEDED,
)
GIVEN = (
    replace(TRANSLATIONS, **RECORD),
    replace(LABEL, example="judgement", **RECORD),
    Field("sources", Type.SOURCES, label=_("Sources"), history=_("sources"), example=[], **RECORD),
    replace(
        OWNER,
        name="expert",
        label=_("Expert"),
        history=_("expert"),
        meaning="whose ranges they are",
        filter=False,
        sort="",
        **TOLD,
    ),
    replace(PARTY, when_shared=WhenShared.NEUTRAL),
    replace(VISIBILITY, meaning="`party` until it is released, then `shared` for good", **ANEW),
    Field(
        "at",
        Type.MOMENT,
        history=_("given"),
        meaning="when it was given; of one that was released, when it was released",
        example="2026-09-16T08:00:00Z",
        **ANEW,
    ),
    Field(
        "released_at",
        Type.MOMENT,
        history=_("released"),
        null=True,
        meaning="null: not released",
        **ANEW,
    ),
)

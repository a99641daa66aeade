"""The fields of an estimate."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.analysis.models import EstimateStage, FrequencyKind, SeverityFamily
from riskreg.kernel.fields import Field, Table, Type, WhenShared
from riskreg.register.common_fields import (
    LABEL,
    OWNER,
    PARTY,
    TRANSLATIONS,
    VISIBILITY,
    computed,
    public_id,
)

# Releasing is the change of audience of an estimate (ADR 14).
_TOLD: dict[str, Any] = {"when_shared": WhenShared.TOLD}
_ANEW: dict[str, Any] = {"when_shared": WhenShared.ANEW}
_RECORD: dict[str, Any] = {"set_by": "estimate.record", **_TOLD}
_NEEDED: dict[str, Any] = {"required": True, "must_send": True, **_RECORD}
_NUMBER: dict[str, Any] = {"type": Type.NUMBER, **_NEEDED}
_MONEY: dict[str, Any] = {"type": Type.MONEY, **_RECORD}

ESTIMATE = Table(
    noun="estimate",
    no_such_field=_("An estimate has no such field to set."),
    fields=(
        public_id("51f0c2de-7a41-4c58-9a70-6f6b1d3e8a02"),
        Field("risk", Type.RISK, history=_("risk"), example="R-003", **_TOLD),
        Field(
            "stage",
            Type.CHOICE,
            label=_("Which state of things"),
            history=_("stage"),
            choices=EstimateStage,
            example="residual",
            **_NEEDED,
        ),
        Field(
            "frequency_kind",
            Type.CHOICE,
            label=_("How often is meant as"),
            history=_("how often is meant"),
            meaning="`rate`: events a year; `probability`: of the one event that a year can have",
            choices=FrequencyKind,
            example="rate",
            **_NEEDED,
        ),
        Field(
            "frequency_low",
            label=_("At least"),
            meaning="at least so often in a year",
            history=_("how often at least"),
            example="0.8",
            **_NUMBER,
        ),
        Field(
            "frequency_mode",
            label=_("Most likely"),
            meaning="most likely so often",
            history=_("how often most likely"),
            example="1.2",
            **_NUMBER,
        ),
        Field(
            "frequency_high",
            label=_("At most"),
            history=_("how often at most"),
            meaning="of a probability 1 at most",
            example="2",
            **_NUMBER,
        ),
        Field(
            "severity_family",
            Type.CHOICE,
            label=_("What one event costs is given as"),
            history=_("how the impact is given"),
            meaning="`lognormal`: low and high are P5 and P95; `pert`: they are never passed",
            choices=SeverityFamily,
            example="lognormal",
            **_NEEDED,
        ),
        Field(
            "severity_low",
            label=_("Low end"),
            meaning="what one event costs at least; of `lognormal` one in twenty costs less",
            history=_("low end of the impact"),
            required=True,
            must_send=True,
            example="10000000.00",
            **_MONEY,
        ),
        Field(
            "severity_mode",
            label=_("Most likely"),
            history=_("likely impact"),
            null=True,
            meaning="of `pert` alone",
            **_MONEY,
        ),
        Field(
            "severity_high",
            label=_("High end"),
            meaning="what one event costs at most; of `lognormal` one in twenty costs more",
            history=_("high end of the impact"),
            required=True,
            must_send=True,
            example="120000000.00",
            **_MONEY,
        ),
        Field(
            "severity_cap",
            label=_("Cannot exceed"),
            history=_("cap of the impact"),
            null=True,
            meaning="of `lognormal` alone: what lies above cannot happen; null: no cap",
            **_MONEY,
        ),
        Field(
            "currency",
            Type.LINE,
            label=_("Currency"),
            history=_("currency"),
            limit=3,
            meaning="the register's, which it is if nothing is sent",
            example="CNY",
            **_RECORD,
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
            **_NEEDED,
        ),
        Field(
            "included",
            Type.TEXT,
            label=_("Already in these numbers"),
            help=_(
                "Such as a price or a duty that they reckon with, so that nobody adds it again."
            ),
            meaning="what the numbers reckon with already",
            history=_("included"),
            translated=True,
            limit=2000,
            **_RECORD,
        ),
        Field(
            "rationale",
            Type.TEXT,
            label=_("Why these numbers"),
            history=_("rationale"),
            translated=True,
            limit=8000,
            lines=3,
            example="Two price waves in five years (illustrative)",
            **_NEEDED,
        ),
        replace(TRANSLATIONS, **_RECORD),
        replace(LABEL, example="judgement", **_RECORD),
        Field(
            "sources", Type.SOURCES, label=_("Sources"), history=_("sources"), example=[], **_RECORD
        ),
        replace(
            OWNER,
            name="expert",
            label=_("Expert"),
            history=_("expert"),
            meaning="whose ranges they are",
            filter=False,
            sort="",
            **_TOLD,
        ),
        replace(PARTY, when_shared=WhenShared.NEUTRAL),
        replace(
            VISIBILITY, meaning="`party` until it is released, then `shared` for good", **_ANEW
        ),
        Field(
            "at",
            Type.MOMENT,
            history=_("given"),
            meaning="when it was given; of one that was released, when it was released",
            example="2026-09-16T08:00:00Z",
            **_ANEW,
        ),
        Field(
            "released_at",
            Type.MOMENT,
            history=_("released"),
            null=True,
            meaning="null: not released",
            **_ANEW,
        ),
        computed("implied", meaning="what the ranges come to"),
    ),
)

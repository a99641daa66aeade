"""The fields of an estimate."""

from django.utils.translation import gettext_lazy as _

from riskreg.analysis.fields.given import (
    AMOUNTS,
    GIVEN,
    MONEY,
    NEEDED,
    NUMBER,
    RATIONALE,
    RECORD,
    TOLD,
)
from riskreg.analysis.models import EstimateStage, FrequencyKind, SeverityFamily
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import computed, public_id

ESTIMATE = Table(
    noun="estimate",
    no_such_field=_("An estimate has no such field to set."),
    fields=(
        public_id("51f0c2de-7a41-4c58-9a70-6f6b1d3e8a02"),
        Field("risk", Type.RISK, history=_("risk"), example="R-003", **TOLD),
        Field(
            "stage",
            Type.CHOICE,
            label=_("Which state of things"),
            history=_("stage"),
            choices=EstimateStage,
            example="residual",
            **NEEDED,
        ),
        Field(
            "frequency_kind",
            Type.CHOICE,
            label=_("How often is meant as"),
            history=_("how often is meant"),
            meaning="`rate`: events a year; `probability`: of the one event that a year can have",
            choices=FrequencyKind,
            example="rate",
            **NEEDED,
        ),
        Field(
            "frequency_low",
            label=_("At least"),
            meaning="at least so often in a year",
            history=_("how often at least"),
            example="0.8",
            **NUMBER,
        ),
        Field(
            "frequency_mode",
            label=_("Most likely"),
            meaning="most likely so often",
            history=_("how often most likely"),
            example="1.2",
            **NUMBER,
        ),
        Field(
            "frequency_high",
            label=_("At most"),
            history=_("how often at most"),
            meaning="of a probability 1 at most",
            example="2",
            **NUMBER,
        ),
        Field(
            "severity_family",
            Type.CHOICE,
            label=_("What one event costs is given as"),
            history=_("how the impact is given"),
            meaning="`lognormal`: low and high are P5 and P95; `pert`: they are never passed",
            choices=SeverityFamily,
            example="lognormal",
            **NEEDED,
        ),
        Field(
            "severity_low",
            label=_("Low end"),
            meaning="what one event costs at least; of `lognormal` one in twenty costs less",
            history=_("low end of the impact"),
            required=True,
            must_send=True,
            example="10000000.00",
            **MONEY,
        ),
        Field(
            "severity_mode",
            label=_("Most likely"),
            history=_("likely impact"),
            null=True,
            meaning="of `pert` alone",
            **MONEY,
        ),
        Field(
            "severity_high",
            label=_("High end"),
            meaning="what one event costs at most; of `lognormal` one in twenty costs more",
            history=_("high end of the impact"),
            required=True,
            must_send=True,
            example="120000000.00",
            **MONEY,
        ),
        Field(
            "severity_cap",
            label=_("Cannot exceed"),
            history=_("cap of the impact"),
            null=True,
            meaning="of `lognormal` alone: what lies above cannot happen; null: no cap",
            **MONEY,
        ),
        *AMOUNTS,
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
            **RECORD,
        ),
        RATIONALE,
        *GIVEN,
        computed("implied", meaning="what the ranges come to"),
    ),
)

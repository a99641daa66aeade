"""The fields of an effect: what a mitigation leaves of a risk, and what it costs."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.analysis.fields.given import AMOUNTS, GIVEN, MONEY, RATIONALE, RECORD, TOLD
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import computed, public_id

_SHARE: dict[str, Any] = {"type": Type.NUMBER, "null": True, **RECORD}
_COST: dict[str, Any] = {**MONEY, "required": True, "must_send": True}

EFFECT = Table(
    noun="effect",
    no_such_field=_("An effect has no such field to set."),
    fields=(
        public_id("8d3b6a51-94a7-4d0e-8b2d-27c1b9a5f3e4"),
        Field(
            "mitigation",
            Type.RISK,
            history=_("mitigation"),
            meaning="ref of the mitigation",
            example="M-001",
            **TOLD,
        ),
        Field("risk", Type.RISK, history=_("risk"), example="R-003", **TOLD),
        Field(
            "frequency_low",
            label=_("At least"),
            history=_("what remains of how often at least"),
            meaning="share of how often that remains at least: 1 is no effect; null: not said",
            example="0.3",
            **_SHARE,
        ),
        Field(
            "frequency_mode",
            label=_("Most likely"),
            history=_("what remains of how often most likely"),
            meaning="most likely",
            example="0.5",
            **_SHARE,
        ),
        Field(
            "frequency_high",
            label=_("At most"),
            history=_("what remains of how often at most"),
            meaning="at most; of a threat 1",
            example="0.8",
            **_SHARE,
        ),
        Field(
            "severity_low",
            label=_("At least"),
            history=_("what remains of one event at least"),
            meaning="share of what one event costs that remains at least; null: not said",
            **_SHARE,
        ),
        Field(
            "severity_mode",
            label=_("Most likely"),
            history=_("what remains of one event most likely"),
            meaning="most likely",
            **_SHARE,
        ),
        Field(
            "severity_high",
            label=_("At most"),
            history=_("what remains of one event at most"),
            meaning="at most; of a threat 1",
            **_SHARE,
        ),
        Field(
            "cost_low",
            label=_("At least"),
            history=_("cost at least"),
            meaning="what the whole of the mitigation costs at least, whatever risks it serves",
            example="8000000.00",
            **_COST,
        ),
        Field(
            "cost_mode",
            label=_("Most likely"),
            history=_("cost most likely"),
            meaning="most likely",
            example="10000000.00",
            **_COST,
        ),
        Field(
            "cost_high",
            label=_("At most"),
            history=_("cost at most"),
            meaning="at most",
            example="15000000.00",
            **_COST,
        ),
        Field(
            "cost_year",
            Type.WHOLE,
            label=_("Paid in the year"),
            history=_("year of the cost"),
            null=True,
            least=1990,
            most=2100,
            meaning="in which it is paid; null: not said",
            example=2027,
            **RECORD,
        ),
        *AMOUNTS,
        replace(RATIONALE, example="Like the pilot of last year (illustrative)"),
        *GIVEN,
        computed("implied", meaning="what the ranges come to"),
    ),
)

"""The fields of objective models."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.analysis.models import Direction, Pace
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    LABEL,
    OWNER,
    PARTY,
    TRANSLATIONS,
    VISIBILITY,
    public_id,
)

_EDIT: dict[str, Any] = {"set_by": "driver.edit"}
_NEEDED: dict[str, Any] = {"required": True, "must_send": True, **_EDIT}

MODEL = Table(
    noun="objectivemodel",
    no_such_field=_("A model has no such field to set."),
    fields=(
        public_id("5b0c2f7e-9d1a-4a53-8c66-0d3e8f1b7a94"),
        Field(
            "objective", Type.OBJECTIVE, history=_("objective"), meaning="its key",
            example="overseas-units-2030",
        ),
        Field(
            "number", Type.WHOLE, history=_("version"), example=2,
            meaning="of the version; those of everybody and those of a party count by themselves",
        ),
        Field(
            "direction", Type.CHOICE, label=_("It counts as met"), history=_("when it is met"),
            choices=Direction, meaning="on which side of its value the objective is met",
            example="at_least", required=True, **_EDIT,
        ),
        Field(
            "start", Type.NUMBER, label=_("Level it starts from"), history=_("level at the start"),
            meaning="in the unit of the objective, at the end of `start_year`; above 0",
            example="164500", **_NEEDED,
        ),
        Field(
            "start_year", Type.WHOLE, label=_("At the end of the year"),
            history=_("year of the start"), least=1990, most=2200,
            meaning="a calendar year before that of the due day", example=2025, **_NEEDED,
        ),
        Field(
            "growth_low", Type.NUMBER, label=_("Lowest growth, % a year"),
            history=_("lowest growth"), meaning="in per cent, if none of the named events happens",
            example="0", **_NEEDED,
        ),
        Field(
            "growth_mode", Type.NUMBER, label=_("Most likely growth, % a year"),
            history=_("most likely growth"), meaning="in per cent", example="7.27", **_NEEDED,
        ),
        Field(
            "growth_high", Type.NUMBER, label=_("Highest growth, % a year"),
            history=_("highest growth"), meaning="in per cent", example="18", **_NEEDED,
        ),
        Field(
            "pace", Type.CHOICE, label=_("The range is of"), history=_("what the range is of"),
            choices=Pace, meaning="`steady`: of one growth for all years; `yearly`: of each year's",
            example="steady", required=True, **_EDIT,
        ),
        Field(
            "hits", Type.HITS, history=_("events"), hidden=True,
            meaning="what an event of a risk does to the level, in per cent; 20 at most",
            example=[{"risk": "0b4c1d6e-2f3a-4d5b-8e7f-9a0b1c2d3e4f", "low": None, "mode": "-15",
                      "high": None, "years": None}],
            **_EDIT,
        ),
        Field(
            "lifts", Type.LIFTS, history=_("mitigations"), hidden=True,
            meaning="what a mitigation adds to the level, in per cent, once it works; 20 at most",
            example=[{"mitigation": "3c1a7e52-8b0d-4f6e-9a2c-5d4e6f708192", "low": None,
                      "mode": "6", "high": None, "from_year": None}],
            **_EDIT,
        ),
        Field(
            "elasticities", Type.ELASTICITIES, history=_("drivers"), hidden=True,
            meaning="how a driver moves the level: (value / median) ** elasticity; 20 at most",
            example=[{"driver": "7d0f3b1c-6b52-4f0e-9a33-1f5b7a2c4e10", "elasticity": "-0.2"}],
            **_EDIT,
        ),
        Field(
            "rationale", Type.TEXT, label=_("Why these numbers"), history=_("rationale"),
            translated=True, limit=8000, lines=2,
            example="Growth of 2025, with wider ends (illustrative)",
            **_NEEDED,
        ),
        replace(TRANSLATIONS, **_EDIT),
        replace(LABEL, example="illustrative", **_EDIT),
        Field(
            "sources", Type.SOURCES, label=_("Sources"), history=_("sources"), example=[], **_EDIT
        ),
        replace(OWNER, name="author", filter=False, sort="", label=_("Given by"),
                history=_("given by"), meaning="whose version it is"),
        PARTY,
        replace(VISIBILITY, meaning="`shared`, or `party`: its party's own"),
        Field("at", Type.MOMENT, history=_("given"), example="2026-01-15T08:00:00Z"),
    ),
)  # fmt: skip

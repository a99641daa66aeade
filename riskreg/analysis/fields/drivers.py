"""The fields of drivers, of beliefs about them, and of their links to risks."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.analysis.models import Family, Form, LinkOn
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    CREATED_AT,
    LABEL,
    OWNER,
    PARTY,
    VISIBILITY,
    computed,
    public_id,
)

_EDIT: dict[str, Any] = {"set_by": "driver.edit"}
_NEEDED: dict[str, Any] = {"required": True, "must_send": True, **_EDIT}
_EXPERT = replace(OWNER, filter=False, sort="")
_SEEN = replace(VISIBILITY, meaning="`shared`, or `party`: its party's own")

DRIVER = Table(
    noun="driver",
    no_such_field=_("A driver has no such field to set."),
    fields=(
        public_id("7d0f3b1c-6b52-4f0e-9a33-1f5b7a2c4e10"),
        Field("ref", Type.LINE, history=_("reference"), meaning="as in D-001", example="D-001"),
        computed("url"),
        Field(
            "names",
            Type.NAMES,
            label=_("Name"),
            history=_("name"),
            limit=120,
            example={"en": "Lithium carbonate price", "zh-hans": "碳酸锂价格"},
            **_NEEDED,
        ),
        Field(
            "unit",
            Type.LINE,
            label=_("Unit"),
            history=_("unit"),
            limit=40,
            example="CNY/t",
            **_NEEDED,
        ),
        Field(
            "indicator",
            Type.LINE,
            history=_("indicator"),
            null=True,
            example="K-003",
            meaning="ref of what measures it: readings outside P5 … P95 ask for a look",
        ),
        PARTY,
        _SEEN,
        CREATED_AT,
        computed("pool", meaning="what the newest beliefs of all experts come to; null: none yet"),
    ),
)

BELIEF = Table(
    noun="belief",
    no_such_field=_("A belief has no such field to set."),
    fields=(
        public_id("8c2e5f40-1d77-4c7b-8f60-2f8f6b0f9a31"),
        Field(
            "family",
            Type.CHOICE,
            label=_("Given as"),
            history=_("given as"),
            meaning="`pert`: the ends are never passed; `lognormal`: they are P5 and P95",
            choices=Family,
            example="pert",
            **_NEEDED,
        ),
        Field(
            "low", Type.NUMBER, label=_("Low end"), history=_("low end"), meaning="low end",
            example="58400", **_NEEDED,
        ),
        Field(
            "mode", Type.NUMBER, label=_("Most likely"), history=_("most likely"), null=True,
            meaning="of `pert` alone", example="120000", **_EDIT,
        ),
        Field(
            "high", Type.NUMBER, label=_("High end"), history=_("high end"), meaning="high end",
            example="200000", **_NEEDED,
        ),
        Field(
            "rationale", Type.TEXT, label=_("Why these numbers"), history=_("rationale"),
            limit=8000, lines=2, example="Range of analysts (illustrative)", **_NEEDED,
        ),
        Field(
            "as_of", Type.DAY, label=_("As of"), history=_("as of"),
            meaning="the day of what is known", example="2026-01-12", **_NEEDED,
        ),
        Field(
            "review_on", Type.DAY, label=_("Look at it again on"), history=_("review date"),
            null=True, meaning="null: not said", example="2026-07-12", **_EDIT,
        ),
        Field(
            "steps", Type.STEPS, label=_("What is known to come"), history=_("steps"),
            meaning="from that day on it is `factor` times what the range says; 20 at most",
            example=[{"on": "2027-01-01", "factor": "1.1", "why": "Duty (illustrative)"}], **_EDIT,
        ),
        replace(LABEL, example="illustrative", **_EDIT),
        Field(
            "sources", Type.SOURCES, label=_("Sources"), history=_("sources"), example=[], **_EDIT
        ),
        replace(_EXPERT, name="expert", label=_("Expert"), history=_("expert"),
                meaning="whose range it is"),
        PARTY,
        _SEEN,
        Field("at", Type.MOMENT, history=_("given"), example="2026-01-15T08:00:00Z"),
        Field(
            "ended_at", Type.MOMENT, history=_("ended"), null=True,
            meaning="a newer one took its place, or it was withdrawn; null: in force",
        ),
    ),
)  # fmt: skip

LINK = Table(
    noun="driverlink",
    no_such_field=_("A link has no such field to set."),
    fields=(
        public_id("1a9f6c20-5a1e-4f6f-9d0c-3c1b2a0f4d52"),
        Field("risk", Type.RISK, history=_("risk"), meaning="that is moved", example="R-003"),
        computed("driver", meaning="ref of what moves it", example="D-001"),
        Field(
            "on", Type.CHOICE, label=_("What it moves"), history=_("moves"), choices=LinkOn,
            meaning="what of the risk is moved", example="severity", **_NEEDED,
        ),
        Field(
            "form", Type.CHOICE, label=_("In which form"), history=_("form"), choices=Form,
            meaning="`power`: (value / median) ** sensitivity; `linear`: 1 + sensitivity × "
            "(value - median)",
            example="power", **_NEEDED,
        ),
        Field(
            "sensitivity", Type.NUMBER, label=_("How strongly"), history=_("how strongly"),
            meaning="1 in the form `power`: in proportion", example="1", **_NEEDED,
        ),
        Field(
            "rationale", Type.TEXT, label=_("Why"), history=_("rationale"), limit=8000, lines=2,
            example="Cells are bought at an index (illustrative)", **_NEEDED,
        ),
        PARTY,
        _SEEN,
        Field("at", Type.MOMENT, history=_("made"), example="2026-01-15T08:00:00Z"),
        Field("ended_at", Type.MOMENT, history=_("ended"), null=True, meaning="null: in force"),
    ),
)  # fmt: skip

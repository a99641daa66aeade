"""The fields of an objective."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    EXTERNAL_ID,
    LABEL,
    PARTY,
    SOURCE,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)

_EDIT: dict[str, Any] = {"set_by": "objective.edit"}

OBJECTIVE = Table(
    noun="objective",
    no_such_field=_("An objective has no such field to set."),
    other_party=_("Only its own party adds what is its own."),
    fields=(
        public_id("0c7e6a52-9d0c-4b8f-9a55-5a0f8e7d6c21"),
        Field(
            "key",
            Type.LINE,
            # Given when it is made, and never changed.
            label=_("Key"),
            history=_("key"),
            required=True,
            limit=60,
            sort="key",
            example="overseas-units-2030",
        ),
        computed("url"),
        computed("name", example="Vehicles sold overseas"),
        Field(
            "names",
            Type.NAMES,
            label=_("Name"),
            history=_("name"),
            required=True,
            must_send=True,
            limit=120,
            sort="sort_key_{language}",
            example={"en": "Vehicles sold overseas", "zh-hans": "海外销量"},
            **_EDIT,
        ),
        Field(
            "value",
            Type.NUMBER,
            label=_("Value"),
            history=_("value"),
            meaning="a finite number, as a number or as text",
            required=True,
            must_send=True,
            refusal=_("The target must be a finite number."),
            example="300000",
            **_EDIT,
        ),
        Field(
            "baseline",
            Type.NUMBER,
            label=_("Baseline"),
            history=_("baseline"),
            meaning="where it started from; null: not said",
            null=True,
            example="153000",
            **_EDIT,
        ),
        Field(
            "unit",
            Type.LINE,
            label=_("Unit"),
            history=_("unit"),
            required=True,
            must_send=True,
            limit=40,
            example="vehicles",
            **_EDIT,
        ),
        Field(
            "due_on",
            Type.DAY,
            label=_("Due on"),
            history=_("due date"),
            required=True,
            must_send=True,
            sort="due_on",
            meaning="today or later, when it is set",
            example="2030-12-31",
            **_EDIT,
        ),
        computed(
            "actual",
            example={
                "value": "164500",
                "gap": "135500",
                "at": "2025-12-30T16:00:00Z",
                "label": "sourced",
                "indicator": "K-006",
            },
        ),
        replace(LABEL, example="illustrative", must_send=True, **_EDIT),
        replace(SOURCE, **_EDIT),
        replace(EXTERNAL_ID, **_EDIT),
        PARTY,
        VISIBILITY,
        VERSION,
    ),
)

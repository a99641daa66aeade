"""The fields of a party's own appetite."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    LABEL,
    PARTY,
    SET_AT,
    SET_BY,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)

REASON_MAX = 300
_EDIT: dict[str, Any] = {"set_by": "own_appetite.edit"}

OWN_APPETITE = Table(
    noun="ownappetite",
    no_such_field=_("An own appetite has no such field to set."),
    other_party=_("Only its own party sets what is its own."),
    fields=(
        public_id("7b1f3c58-0a4e-4c58-9a0f-2f6d1e9b4a37"),
        computed("url"),
        Field(
            "term",
            Type.TERM,
            label=_("Which risks"),
            history=_("term"),
            meaning="the term whose risks it is about; null: all that no other one is about",
            null=True,
            example="market:eu",
            **_EDIT,
        ),
        Field(
            "rating",
            Type.LINE,
            label=_("Content up to"),
            history=_("content up to"),
            meaning="key of the worst rating with which the party itself is content",
            required=True,
            must_send=True,
            limit=30,
            example="medium",
            **_EDIT,
        ),
        Field(
            "reasons",
            Type.NAMES,
            label=_("Why"),
            history=_("reason"),
            meaning="why, in a sentence, by language",
            required=True,
            must_send=True,
            limit=REASON_MAX,
            example={
                "en": "Few of our vehicles are sold there yet",
                "zh-hans": "我方在当地销量尚少",
            },
            **_EDIT,
        ),
        computed("reason", example="Few of our vehicles are sold there yet"),
        replace(LABEL, example="judgement", **_EDIT),
        replace(PARTY, filter=False),
        replace(VISIBILITY, example="party"),
        computed(
            "outdated",
            meaning="whether nothing goes by it any more: the criteria have no such rating",
            example=False,
        ),
        SET_BY,
        SET_AT,
        VERSION,
    ),
)

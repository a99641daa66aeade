"""The shapes of objectives, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Amount, Money, names, one_of
from riskreg.api.shapes import SourceParts
from riskreg.api.shapes_indicators import Number
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility


class Objective(s.Serializer[Any]):
    id = s.UUIDField()
    key = s.CharField()
    url = s.URLField()
    name = s.CharField()
    names = names()
    value = Money(help_text="a decimal number")
    baseline = Money(allow_null=True, help_text="where it started from; null: not said")
    unit = s.CharField()
    due_on = s.DateField()
    label = one_of(LABELS)
    source = s.DictField()  # type: ignore[assignment]
    party = s.CharField()
    visibility = one_of(Visibility.values)
    version = s.IntegerField()


class ObjectiveChange(s.Serializer[Any]):
    names = names(120, required=False)
    value = Number(required=False, help_text="a finite number, as a number or as text")
    baseline = Amount(required=False, help_text="where it started from; null: not said")
    unit = s.CharField(max_length=40, required=False)
    due_on = s.DateField(required=False, help_text="today or later")
    label = one_of(LABELS, required=False)
    source = SourceParts(required=False)  # type: ignore[assignment]


class ObjectiveNew(ObjectiveChange):
    key = s.RegexField(
        r"^[a-z0-9][a-z0-9-]{0,59}$", max_length=60, required=False,
        help_text="made from the English name where none is given; never changes",
    )  # fmt: skip
    names = names(120)
    value = Number(help_text="a finite number, as a number or as text")
    unit = s.CharField(max_length=40)
    due_on = s.DateField(help_text="today or later")
    label = one_of(LABELS)
    visibility = one_of(Visibility.values, required=False)

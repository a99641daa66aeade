"""The shapes of indicators and readings, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import (
    Amount,
    Money,
    Who,
    by_language,
    confirmed,
    names,
    one_of,
    outdated,
)
from riskreg.api.shapes import Person, SourceParts
from riskreg.indicators.models import Direction, Growth, Kind, Origin, Precision, Status
from riskreg.indicators.services.fields import MAX_DAYS
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility


@extend_schema_field(
    {"oneOf": [{"type": "string", "pattern": r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$"},
               {"type": "number", "exclusiveMinimum": -(10**15), "exclusiveMaximum": 10**15}]}
)  # fmt: skip
class Number(s.CharField):
    """A finite number, as a number or as text."""

    is_number = True


class IndicatorRead(s.Serializer[Any]):
    at = s.DateTimeField()
    value = Money(help_text="a decimal number")


class Indicator(s.Serializer[Any]):
    ref = s.CharField()
    url = s.URLField()
    name = s.CharField()
    names = names()
    descriptions = by_language(2000)
    unit = s.CharField()
    kind = one_of(Kind.values)
    direction = one_of(["", *Direction.values])
    amber = Money()
    red = Money()
    amber_low = Money(allow_null=True)
    red_low = Money(allow_null=True)
    objective = s.CharField(allow_null=True)
    growth = one_of(["", *Growth.values])
    start_on = s.DateField(allow_null=True)
    start_value = Money(allow_null=True)
    hysteresis = Money()
    breach_at = one_of(["amber", "red"])
    frequency_days = s.IntegerField()
    grace_days = s.IntegerField()
    label = one_of(LABELS)
    limit_notes = by_language(2000)
    outdated_translations = outdated()
    source = SourceParts()  # type: ignore[assignment]
    party = s.CharField()
    visibility = one_of(Visibility.values)
    owner = Person()
    risks = s.ListField(child=s.CharField())
    active = s.BooleanField()
    status = one_of([*Status.values], allow_null=True)
    latest = IndicatorRead(allow_null=True)
    next_reading_on = s.DateField(help_text="the last day on which it is in time")
    late = s.BooleanField()
    version = s.IntegerField(help_text="of what is set up; readings do not change it")
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField(help_text="readings count too")


class IndicatorChange(s.Serializer[Any]):
    names = names(required=False)
    descriptions = by_language(2000, least=1, required=False)
    unit = s.CharField(max_length=40, required=False)
    kind = one_of(Kind.values, required=False)
    direction = one_of(["", *Direction.values], required=False)
    amber = Number(required=False)
    red = Number(required=False)
    amber_low = Amount(required=False)
    red_low = Amount(required=False)
    objective = s.CharField(allow_null=True, max_length=60, required=False)
    growth = one_of(["", *Growth.values], required=False)
    start_on = s.DateField(allow_null=True, required=False)
    start_value = Amount(required=False)
    hysteresis = Number(required=False)
    breach_at = one_of(["amber", "red"], required=False)
    frequency_days = s.IntegerField(min_value=1, max_value=MAX_DAYS, required=False)
    grace_days = s.IntegerField(min_value=0, max_value=MAX_DAYS, required=False)
    label = one_of(LABELS, required=False)
    limit_notes = by_language(2000, least=1, required=False)
    confirmed_translations = confirmed()
    source = SourceParts(required=False)  # type: ignore[assignment]
    owner = Who(required=False)
    risks = s.ListField(child=s.CharField(max_length=20), required=False, max_length=100)
    active = s.BooleanField(required=False)


class IndicatorNew(IndicatorChange):
    confirmed_translations = None  # type: ignore[assignment]  # there is nothing to confirm yet
    names = names()
    unit = s.CharField(max_length=40)
    amber = Number()
    red = Number()
    frequency_days = s.IntegerField(min_value=1, max_value=MAX_DAYS)
    visibility = one_of(Visibility.values, required=False)


class Reading(s.Serializer[Any]):
    id = s.UUIDField()
    at = s.DateTimeField()
    value = Money(help_text="a decimal number")
    precision = one_of(Precision.values)
    label = one_of(LABELS)
    source = SourceParts()  # type: ignore[assignment]
    origin = one_of(Origin.values)
    recorded_by = Person()
    recorded_at = s.DateTimeField()
    corrects = s.UUIDField(allow_null=True, help_text="the reading that this one corrects")
    counts = s.BooleanField(help_text="no other reading corrects it")


@extend_schema_field(
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
)
class Moment(s.CharField):
    """A time with its offset, or a day, which counts from its start in the register's zone."""


class ReadingNew(s.Serializer[Any]):
    at = Moment()
    value = Number()
    unit = s.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=40,
        help_text="refused where it is another",
    )
    label = one_of(LABELS, required=False)
    precision = one_of(Precision.values, required=False)
    source = SourceParts(required=False)  # type: ignore[assignment]
    correction = s.BooleanField(required=False, help_text="another value for a time that has one")


class ReadingsNew(s.Serializer[Any]):
    readings = ReadingNew(many=True)


class ReadingsDone(s.Serializer[Any]):
    recorded = s.IntegerField()
    corrected = s.IntegerField(help_text="of those recorded")
    unchanged = s.IntegerField(help_text="known already")
    status = one_of([*Status.values], allow_null=True)
    status_before = one_of([*Status.values], allow_null=True)
    called = s.ListField(child=s.CharField(), help_text="refs of risks whose review it calls for")

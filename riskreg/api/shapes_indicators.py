"""The shapes of indicators and readings, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import (
    Money,
    Number,
    Person,
    SourceParts,
    one_of,
)
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Origin, Precision, Status
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility


class IndicatorRead(s.Serializer[Any]):
    at = s.DateTimeField()
    value = Money(help_text="a decimal number")


class Indicator(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            INDICATOR,
            url=s.URLField(),
            name=s.CharField(),
            # An indicator without a reading stands nowhere: null, and no empty word.
            status=one_of([*Status.values], allow_null=True),
            latest=IndicatorRead(allow_null=True),
            late=s.BooleanField(),
        )


class IndicatorChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(INDICATOR)


class IndicatorNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(INDICATOR, visibility=one_of(Visibility.values, required=False))


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

"""The shapes of estimates, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.fields import ESTIMATE
from riskreg.api.core.table_shapes import answer_fields, new_fields


class Implied(s.Serializer[Any]):
    p5 = s.FloatField(help_text="of one event; in twenty one costs less")
    p50 = s.FloatField(help_text="of one event; half cost less")
    p90 = s.FloatField(help_text="of one event; in ten one costs more")
    p95 = s.FloatField(help_text="of one event; in twenty one costs more")
    mean = s.FloatField(help_text="of one event")
    events = s.FloatField(help_text="expected in a year")
    yearly = s.FloatField(help_text="expected amount in a year: events × mean")


class Estimate(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            ESTIMATE, implied=Implied(help_text="what the ranges come to, to three digits")
        )


class EstimateNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(ESTIMATE)

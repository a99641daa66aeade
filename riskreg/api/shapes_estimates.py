"""The shapes of estimates, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.fields import ESTIMATE
from riskreg.analysis.policy.forecasts import ChanceVerdict, RangeVerdict, Uncounted
from riskreg.api.core.shape_fields import Person, one_of
from riskreg.api.core.table_shapes import answer_fields, new_fields
from riskreg.register.policy import LABELS


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


class ForecastChances(s.Serializer[Any]):
    n = s.IntegerField(help_text="forecasts that count")
    brier = s.FloatField(
        allow_null=True, help_text="mean of (chance - outcome) squared; 0 is perfect; null: none"
    )
    base_rate = s.FloatField(allow_null=True, help_text="share of them that happened")
    verdict = one_of([*ChanceVerdict], help_text="`too_few` below `enough`")


class ForecastRanges(s.Serializer[Any]):
    n = s.IntegerField(help_text="of those that count, the ones of which a cost is known")
    hits = s.IntegerField(help_text="costs that lie from `low` to `high`")
    nominal = s.FloatField(help_text="what the ranges promise")
    verdict = one_of([*RangeVerdict], help_text="`too_few` below `enough`")


class Forecast(s.Serializer[Any]):
    estimate = s.UUIDField(help_text="id of the estimate")
    risk = s.CharField(help_text="its reference")
    label = one_of(LABELS, help_text="of the estimate")
    given_on = s.DateField(help_text="when it was recorded, also of one that was released later")
    ended_on = s.DateField(help_text="when the risk happened or was over")
    chance = s.FloatField(help_text="that it happens in the year from `given_on` on")
    happened = s.BooleanField(help_text="whether it did, in that year")
    low = s.FloatField(help_text="P5 of what one event costs")
    high = s.FloatField(help_text="P95 of it")
    cost = s.CharField(allow_null=True, help_text="what it cost then; null: it did not, or unknown")
    cost_label = one_of(LABELS, allow_null=True, help_text="where the cost is known from")
    inside = s.BooleanField(allow_null=True, help_text="whether `cost` lies from `low` to `high`")
    uncounted = one_of(
        [*Uncounted],
        allow_null=True,
        help_text="why it is not scored: given when the outcome was known, the caller closed the "
        "risk, or in the year of an earlier one that counts",
    )
    who_could = Person(
        many=True, help_text="of `own_word`, who could reopen the risk and close it instead"
    )


class Forecasts(s.Serializer[Any]):
    enough = s.IntegerField(help_text="from so many on a verdict is given")
    chances = ForecastChances(help_text="how good the chances were")
    ranges = ForecastRanges(help_text="how good the ranges were")
    more = s.BooleanField(help_text="there are older ones, which are not scored")
    forecasts = Forecast(many=True, help_text="newest first")

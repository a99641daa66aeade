"""The shapes of options that are weighed, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of
from riskreg.api.shapes_runs import RunSettings
from riskreg.api.shapes_simulations import Band
from riskreg.jobs.models import JobState
from riskreg.register.policy import LABELS


class WeighedCost(s.Serializer[Any]):
    value = s.FloatField(help_text="on average, undiscounted: what the option says, or else what "
                                   "its mitigations are said to cost")  # fmt: skip
    low = s.FloatField(allow_null=True, help_text="one in twenty is below; null: one number")
    high = s.FloatField(allow_null=True, help_text="one in twenty is above; null: one number")


class Regret(s.Serializer[Any]):
    value = s.FloatField(help_text="one span in twenty has more")
    low = s.FloatField(
        allow_null=True, help_text="of the 95 % band of sampling; null: too few spans to tell"
    )
    high = s.FloatField(
        allow_null=True, help_text="of the 95 % band of sampling; null: too few spans to tell"
    )


class Switch(s.Serializer[Any]):
    against = s.CharField(help_text="key of the best option; of the best that which comes next")
    gap = s.FloatField(help_text="how far apart the two are over the horizon")
    cost = s.FloatField(
        allow_null=True,
        help_text="what the option would have to cost for the choice to flip; null: doing nothing, "
        "or it would not be best for nothing",
    )
    saving = s.FloatField(
        allow_null=True,
        help_text="how many times what it saves it would have to save for the choice to flip; "
        "null: it saves nothing, or the choice does not hang on it",
    )


class WeighedObjective(s.Serializer[Any]):
    objective = s.CharField(help_text="key of the objective")
    chance = Band(help_text="of meeting it, with the option done")


class WeighedOption(s.Serializer[Any]):
    key = s.CharField(help_text="the letter of the option")
    is_nothing = s.BooleanField(help_text="whether it is doing nothing")
    cost = WeighedCost(help_text="what it costs in all")
    loss = Band(help_text="the expected loss of a year that it leaves")
    bad_year = Band(help_text="a year that one in twenty is worse than")
    difference = Band(
        help_text="the expected loss of a year less that of doing nothing, on the same draws"
    )
    net = s.FloatField(help_text="its cost and the expected losses over the horizon")
    behind = Band(help_text="`net` less that of the best option, on the same draws")
    chance_of_loss = Band(
        allow_null=True,
        help_text="of coming to more than doing nothing over the horizon, its cost as it is "
        "expected; null: it is doing nothing, or the run is older than this figure",
    )
    regret = Regret(
        allow_null=True,
        help_text="how much more it comes to over the horizon than what would have been best for "
        "the same events; null: the run is older than this figure",
    )
    switch = Switch(allow_null=True, help_text="what would have to change; null: nothing beside it")
    objectives = WeighedObjective(many=True, help_text="those that have a model")


class AskedFirst(s.Serializer[Any]):
    ref = s.CharField(help_text="of the driver, or of the risk")
    on = one_of(("driver", "frequency"), help_text="the driver, or how often the risk happens")
    worth = Band(help_text="what it is worth at most to know it before the choice")


class ChoiceInformation(s.Serializer[Any]):
    all = Band(help_text="what it is worth at most to know everything that is uncertain; 0: no "
                         "answer could change the choice")  # fmt: skip
    each = AskedFirst(many=True, help_text="each known alone, the most first; at most ten")


class LeftOut(s.Serializer[Any]):
    key = s.CharField(help_text="the letter of the option")
    mitigations = s.ListField(
        child=s.CharField(),
        help_text="refs of those of which the run knew no effect; empty: it names none",
    )


class MovedSince(s.Serializer[Any]):
    ref = s.CharField(
        allow_blank=True,
        help_text="of the risk, driver or mitigation, key of the objective or option; empty if not "
        "shown",
    )
    what = one_of(
        ("new", "changed", "gone", "driver", "objective", "mitigation", "engine", "option"),
        help_text="as of a simulation; `option`: of its mitigations or costs",
    )


class Weighing(s.Serializer[Any]):
    simulation = s.UUIDField(help_text="id of the run")
    url = s.URLField(help_text="of the run, with all its figures")
    at = s.DateTimeField(help_text="when it was asked for: the options and estimates are of then")
    years = s.IntegerField(help_text="simulated")
    seed = s.IntegerField(help_text="the same seed and inputs give the same figures to the bit")
    currency = s.CharField(help_text="of every amount")
    base_year = s.IntegerField(help_text="in whose money the losses are")
    state = one_of(JobState.values, help_text="`done` and `failed` are final")
    progress = s.IntegerField(min_value=0, max_value=100, help_text="per cent")
    failure = s.CharField(allow_null=True, help_text="why it failed, if it did")
    stale_because = MovedSince(many=True, help_text="what has moved since; empty: it is fresh")
    left_out = LeftOut(many=True, help_text="options that could not be weighed")
    horizon = s.IntegerField(allow_null=True, help_text="years that mitigations work")
    best = s.CharField(allow_null=True, help_text="key of the option that comes to least")
    label = one_of(
        LABELS, allow_null=True, help_text="of every figure: the weakest of what it was made from"
    )
    options = WeighedOption(many=True, allow_null=True, help_text="null until it is done")
    information = ChoiceInformation(
        allow_null=True,
        help_text="what to ask first; null until it is done, where nothing uncertain bears on it, "
        "or if the run is older than this figure",
    )


class Weighings(s.Serializer[Any]):
    shared = Weighing(allow_null=True, help_text="of what every party sees")
    party = Weighing(allow_null=True, help_text="of the caller's own party, which alone sees it")


class WeighingNew(RunSettings):
    """As of a simulation, without budgets."""

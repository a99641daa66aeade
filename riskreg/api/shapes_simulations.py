"""The shapes of runs, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.models import Direction, EstimateStage, Form, LinkOn, Pace
from riskreg.api.core.shape_fields import Person, one_of
from riskreg.api.shapes_options import InputOption
from riskreg.api.shapes_runs import RunSettings
from riskreg.jobs.models import JobState
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Kind

_SHARES = (5, 25, 50, 75, 95)


class SimulationRow(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    audience = one_of(Visibility.values, help_text="whose estimates it has read")
    party = s.CharField(help_text="of who asked for it")
    years = s.IntegerField(help_text="simulated")
    seed = s.IntegerField(help_text="the same seed and inputs give the same figures to the bit")
    currency = s.CharField(help_text="of every amount")
    base_year = s.IntegerField(help_text="in whose money the amounts are")
    engine = s.CharField(help_text="version of the mathematics")
    digest = s.CharField(help_text="SHA-256 of the frozen inputs")
    about = s.UUIDField(
        allow_null=True, help_text="id of the decision whose options it weighs; null: none"
    )
    state = one_of(JobState.values, help_text="`done`, `cancelled` and `failed` are final")
    progress = s.IntegerField(min_value=0, max_value=100, help_text="per cent")
    failure = s.CharField(allow_null=True, help_text="why it failed, if it did")
    requested_by = Person(help_text="who asked for it")
    at = s.DateTimeField(help_text="when it was asked for")


class Moved(s.Serializer[Any]):
    ref = s.CharField(
        allow_blank=True,
        help_text="of the risk, driver or mitigation, key of the objective; empty if not shown",
    )
    what = one_of(
        ("new", "changed", "gone", "driver", "objective", "mitigation", "engine"),
        help_text="what became of its estimates and links since; `driver`: of what is believed; "
        "`objective`: of its model, target or day; `mitigation`: of what it does and costs",
    )


class Simulation(SimulationRow):
    stale_because = Moved(many=True, help_text="inputs that have moved since; empty: it is fresh")


class BudgetNew(s.Serializer[Any]):
    amount = s.DecimalField(max_digits=18, decimal_places=2, min_value=0, help_text="0 or more")
    party = s.CharField(
        required=False, allow_null=True, help_text="key of the party; null: all together"
    )


class SimulationNew(RunSettings):
    budgets = BudgetNew(
        many=True,
        required=False,
        help_text="what may be spent, by party or by all together; all of them are kept",
    )


class InputEstimate(s.Serializer[Any]):
    id = s.UUIDField()
    expert = s.UUIDField(help_text="id of the person")
    frequency = s.ListField(
        child=s.CharField(),
        allow_null=True,
        help_text="kind, low, likely, high; null: not shown until one's own is given",
    )
    severity = s.ListField(
        child=s.CharField(allow_null=True),
        allow_null=True,
        help_text="family, low, likely, high, cap; null: not shown until one's own is given",
    )
    label = one_of(LABELS, help_text="how far it can be relied on")


class InputLink(s.Serializer[Any]):
    driver = s.UUIDField(help_text="id of the driver")
    on = one_of(LinkOn.values, help_text="what of the risk it moves")
    form = one_of(Form.values, help_text="of the multiplier")
    sensitivity = s.CharField(help_text="how strongly")


class InputExposure(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk")
    kind = one_of(Kind.values, help_text="opportunities take from the loss")
    links = InputLink(many=True, required=False, help_text="what moves it")
    mitigated = s.BooleanField(
        required=False, help_text="after is before with what mitigations leave of it"
    )

    def get_fields(self) -> dict[str, Any]:
        about = "the newest estimate of each expert of this stage"
        stages = {
            stage: InputEstimate(many=True, help_text=about) for stage in EstimateStage.values
        }
        return {**super().get_fields(), **stages}


class InputCost(s.Serializer[Any]):
    id = s.UUIDField()
    expert = s.UUIDField(help_text="id of the person")
    range = s.ListField(
        child=s.CharField(),
        allow_null=True,
        help_text="low, likely, high; null: not shown until one's own is given",
    )
    year = s.IntegerField(allow_null=True, help_text="in which it is paid; null: not said")
    label = one_of(LABELS, help_text="how far it can be relied on")


class InputShares(s.Serializer[Any]):
    id = s.UUIDField()
    expert = s.UUIDField(help_text="id of the person")
    frequency = s.ListField(
        child=s.CharField(), allow_null=True, help_text="low, likely, high share that remains"
    )
    severity = s.ListField(
        child=s.CharField(), allow_null=True, help_text="low, likely, high share that remains"
    )
    label = one_of(LABELS, help_text="how far it can be relied on")


class InputEffect(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk")
    experts = InputShares(many=True, help_text="the newest of each expert")


class InputMitigation(s.Serializer[Any]):
    mitigation = s.UUIDField(help_text="id of the mitigation")
    party = s.CharField(help_text="key of who pays")
    cost = InputCost(many=True, help_text="the newest of each expert")
    effects = InputEffect(many=True, help_text="one for each risk")


class InputBudget(s.Serializer[Any]):
    amount = s.CharField(help_text="what may be spent")
    party = s.CharField(allow_null=True, help_text="key of the party; null: all together")


class InputBelief(s.Serializer[Any]):
    id = s.UUIDField()
    expert = s.UUIDField(help_text="id of the person")
    range = s.ListField(child=s.CharField(allow_null=True), help_text="family, low, likely, high")
    factor = s.CharField(help_text="what the steps up to the day of the run make of the range")
    label = one_of(LABELS, help_text="how far it can be relied on")


class InputDriver(s.Serializer[Any]):
    driver = s.UUIDField(help_text="id of the driver")
    beliefs = InputBelief(many=True, help_text="the newest of each expert")


class InputHit(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk")
    low = s.CharField(allow_null=True, help_text="per cent")
    mode = s.CharField(help_text="per cent")
    high = s.CharField(allow_null=True, help_text="per cent")
    years = s.IntegerField(allow_null=True, help_text="how many it lasts; null: to the end")


class InputLift(s.Serializer[Any]):
    mitigation = s.UUIDField(help_text="id of the mitigation")
    low = s.CharField(allow_null=True, help_text="per cent")
    mode = s.CharField(help_text="per cent")
    high = s.CharField(allow_null=True, help_text="per cent")
    from_year = s.IntegerField(help_text="the first year in which it works")
    done = s.BooleanField(help_text="it works already, on both sides")


class InputElasticity(s.Serializer[Any]):
    driver = s.UUIDField(help_text="id of the driver")
    elasticity = s.CharField(help_text="how strongly it moves the level")


class InputObjective(s.Serializer[Any]):
    objective = s.UUIDField(help_text="id of the objective")
    key = s.CharField(help_text="its key")
    model = s.UUIDField(help_text="id of the version of its model")
    target = s.CharField(help_text="its value, in its unit")
    unit = s.CharField(help_text="its unit")
    due = s.IntegerField(help_text="the year in which it is due")
    direction = one_of(Direction.values, help_text="on which side of its value it is met")
    start = s.CharField(help_text="its level at the end of `start_year`")
    start_year = s.IntegerField(help_text="a calendar year")
    growth = s.ListField(child=s.CharField(), help_text="low, likely, high; per cent a year")
    pace = one_of(Pace.values, help_text="what the range of growth is of")
    hits = InputHit(many=True, help_text="what events do to its level")
    lifts = InputLift(
        many=True, required=False, help_text="what mitigations add to it; left out where none does"
    )
    elasticities = InputElasticity(many=True, help_text="how drivers move its level")
    drivers = InputDriver(many=True, help_text="what is believed of these")
    left_out = s.ListField(
        child=s.UUIDField(), help_text="risks and drivers of its model that the run does not know"
    )
    label = one_of(LABELS, help_text="of its model")


class Inputs(s.Serializer[Any]):
    about = s.UUIDField(required=False, help_text="id of the decision that is weighed, if one is")
    audience = s.CharField(help_text="`shared`, or the key of the party")
    base_year = s.IntegerField(help_text="in whose money the amounts are")
    currency = s.CharField(help_text="of every amount")
    drivers = InputDriver(many=True, required=False, help_text="what risks share, if they do")
    engine = s.CharField(help_text="version of the mathematics")
    exposures = InputExposure(many=True, help_text="one for each risk")
    mitigations = InputMitigation(many=True, required=False, help_text="those with effects, if any")
    horizon = s.IntegerField(required=False, help_text="how many years mitigations work")
    budgets = InputBudget(many=True, required=False, help_text="those that were named, if any")
    objectives = InputObjective(many=True, required=False, help_text="those with a model, if any")
    options = InputOption(many=True, required=False, help_text="of the decision, if one is weighed")
    seed = s.IntegerField(help_text="of the random numbers")
    years = s.IntegerField(help_text="simulated")


class Figure(s.Serializer[Any]):
    key = s.CharField(help_text="stable name, such as loss.p95.before")
    value = s.FloatField(help_text="the figure")
    low = s.FloatField(allow_null=True, help_text="of the 95 % band of sampling; null: none")
    high = s.FloatField(allow_null=True, help_text="of the 95 % band of sampling; null: none")
    unit = s.CharField(help_text="the currency; `chance`, `a year` or the unit of an objective")
    method = s.CharField(help_text="`closed form` or `simulation`")
    label = one_of(LABELS, help_text="the weakest label of all inputs")


class Figures(s.Serializer[Any]):
    figures = Figure(many=True, help_text="in no order that means anything")


class Point(s.Serializer[Any]):
    amount = s.FloatField(help_text="a loss in a year")
    chance = s.FloatField(help_text="of a year that costs more")
    low = s.FloatField(help_text="of the 95 % band of the chance")
    high = s.FloatField(help_text="of the 95 % band of the chance")


class Curves(s.Serializer[Any]):
    before = Point(many=True, help_text="before the mitigations")
    after = Point(many=True, help_text="after them")


class Part(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk")
    tail = s.FloatField(help_text="its part of loss.tvar95")
    mean = s.FloatField(help_text="its part of loss.mean")


class Contributions(s.Serializer[Any]):
    before = Part(many=True, help_text="before the mitigations")
    after = Part(many=True, help_text="after them")


class Bar(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk, or of the driver")
    on = one_of(("frequency", "severity", "driver"), help_text="which of its inputs")
    low = s.FloatField(help_text="the expected year with the input at its P5")
    high = s.FloatField(help_text="the expected year with the input at its P95")


class Tornado(s.Serializer[Any]):
    base = s.FloatField(help_text="the expected year as it is")
    bars = Bar(many=True, help_text="widest first")


class Band(s.Serializer[Any]):
    value = s.FloatField(help_text="the figure")
    low = s.FloatField(help_text="of the 95 % band of sampling")
    high = s.FloatField(help_text="of the 95 % band of sampling")


class BudgetShown(s.Serializer[Any]):
    amount = s.FloatField(help_text="what may be spent")
    party = s.CharField(allow_null=True, help_text="key of the party; null: all together")


class RiskCost(Band):
    risk = s.UUIDField(help_text="id of the risk")


class MitigationSet(s.Serializer[Any]):
    mitigations = s.ListField(child=s.UUIDField(), help_text="ids of the mitigations")
    cost = s.FloatField(help_text="of all of them, on average")
    mean = Band(help_text="expected loss of a year with them")
    difference = Band(help_text="that loss less the chosen set's, on the same draws")
    within_budget = s.FloatField(help_text="chance that they cost no more than every budget")


class Bought(s.Serializer[Any]):
    budgets = BudgetShown(many=True, help_text="what may be spent")
    chosen = MitigationSet(help_text="the best set that was found")
    runner_up = MitigationSet(allow_null=True, help_text="the second best; null: nothing else")
    nothing = MitigationSet(help_text="none of them")
    as_good = MitigationSet(many=True, help_text="no more than one standard error worse; 5 at most")
    as_good_count = s.IntegerField(help_text="how many there are")
    considered = s.IntegerField(help_text="sets that were compared")
    every = s.BooleanField(help_text="whether these are all that are allowed")
    is_exact = s.BooleanField(help_text="no allowed set does better on the years that chose")
    gap = s.FloatField(
        allow_null=True, help_text="share by which a better one could be lower; null: not known"
    )


class FrontierPoint(Bought):
    percent = s.IntegerField(help_text="of what everything costs")


class Worth(Band):
    risk = s.UUIDField(help_text="id of the risk, or of the driver")
    on = one_of(("frequency", "driver"), help_text="which of its numbers would be known")


class Information(s.Serializer[Any]):
    horizon = s.IntegerField(help_text="years that mitigations work")
    values = Worth(many=True, help_text="what knowing each is worth at most; dearest first")
    all = Band(help_text="what knowing all of them together is worth at most")


class Frontier(s.Serializer[Any]):
    points = FrontierPoint(many=True, help_text="by rising budget; empty: no effects are known")
    choice = Bought(allow_null=True, help_text="within the budgets named; null: none were")
    information = Information(allow_null=True, help_text="null: no effects are known")


class YearLevel(s.Serializer[Any]):
    year = s.IntegerField(help_text="its end")

    def get_fields(self) -> dict[str, Any]:
        levels = {f"p{share}": s.FloatField(help_text=f"{share} in 100 below") for share in _SHARES}
        return {**super().get_fields(), **levels}


class ObjectiveSide(s.Serializer[Any]):
    chance = Band(help_text="of meeting it, 0 … 1")
    undisturbed = Band(help_text="the chance if none of the named events happens")
    costs = RiskCost(many=True, help_text="how much higher the chance is without events of a risk")
    sure = s.FloatField(help_text="the level that is reached in four of five cases")
    levels = YearLevel(many=True, help_text="year by year")


class ObjectiveChance(s.Serializer[Any]):
    objective = s.UUIDField(help_text="id of the objective")
    key = s.CharField(help_text="its name in the keys of figures")
    unit = s.CharField(help_text="of its levels")
    target = s.FloatField(help_text="its value")
    due = s.IntegerField(help_text="the year in which it is due")
    direction = one_of(Direction.values, help_text="on which side of its value it is met")
    start = s.FloatField(help_text="its level at the end of `start_year`")
    start_year = s.IntegerField(help_text="a calendar year")
    paths = s.IntegerField(help_text="ways into the future that were followed")
    label = one_of(LABELS, help_text="the weakest label of all that the chance was made from")
    left_out = s.ListField(
        child=s.UUIDField(), help_text="risks and drivers of its model that the run does not know"
    )
    required_growth = s.FloatField(help_text="a year, if nothing else moves it: 0.1277 is 12.77 %")
    before = ObjectiveSide(help_text="before the mitigations")
    after = ObjectiveSide(help_text="after them")


class ObjectiveChances(s.Serializer[Any]):
    objectives = ObjectiveChance(many=True, help_text="those with a model")


class RankedRisk(s.Serializer[Any]):
    risk = s.UUIDField(help_text="id of the risk")
    likelihood = s.IntegerField(help_text="its level today, after controls")
    impact = s.IntegerField(help_text="its level today, after controls")
    score = s.IntegerField(help_text="of that cell of the matrix")
    mean = s.FloatField(help_text="its part of loss.mean.before")


class Contradiction(s.Serializer[Any]):
    under = RankedRisk(help_text="costs more, though the matrix does not put it above the other")
    over = RankedRisk(help_text="costs less")
    times = s.FloatField(help_text="how many times as much")


class Contradictions(s.Serializer[Any]):
    total = s.IntegerField(help_text="how many there are; 20 at most are listed")
    contradictions = Contradiction(many=True, help_text="the most striking first")

"""Where objectives stand: the indicators that measure them, and those that watch their risks."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Q, QuerySet, Subquery, Value, When

from riskreg.indicators.models import Indicator, Status
from riskreg.indicators.queries.access import (
    indicators_for,
    newest_reading_label_of_outer_indicator,
    readings_of_outer_until,
    visible_indicators,
)
from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.risks.queries.objectives import risks_toward


@dataclass(frozen=True)
class Actual:
    """The newest value of what an objective asks for, and what is still missing of it."""

    indicator: Indicator
    value: Decimal
    gap: Decimal
    """Target less value, in the objective's unit; below zero where more was reached than asked."""
    label: str
    """Where the reading comes from."""


def actual_values(viewer: Viewer, objectives: Collection[Objective]) -> dict[int, Actual]:
    """{objective: where it stands} by an indicator in use that measures it; none without one.

    Of several the first by ref. One query.
    """
    by_id = {objective.pk: objective for objective in objectives}
    rows = (
        visible_indicators(viewer)
        .filter(objective__in=by_id, active=True, latest_value__isnull=False)
        .annotate(reading_label=newest_reading_label_of_outer_indicator())
        .order_by("-ref")
    )
    found: dict[int, Actual] = {}
    for row in rows:
        key, value = int(row.objective_id or 0), Decimal(row.latest_value or 0)
        found[key] = Actual(row, value, by_id[key].value - value, str(row.reading_label))
    return found


@dataclass(frozen=True)
class ReadThen:
    """What an objective stood at, and when that was read."""

    value: Decimal
    unit: str
    at: dt.datetime


def last_reading_before_by_objective(
    viewer: Viewer, objectives: Collection[int], end: dt.datetime
) -> dict[int, ReadThen]:
    """{objective (database id): the last reading before ``end``} of the indicator in use that
    measures it; of several, that which was read last."""
    newest = readings_of_outer_until(end - dt.timedelta(microseconds=1))
    rows = (
        visible_indicators(viewer)
        .filter(active=True, objective__in=list(objectives))
        .annotate(
            then_value=Subquery(newest.values("value")[:1]),
            then_at=Subquery(newest.values("at")[:1]),
        )
        .exclude(then_at=None)
        .order_by("then_at", "pk")
    )
    return {
        int(row.objective_id or 0): ReadThen(row.then_value, row.unit, row.then_at) for row in rows
    }


def active_indicators_toward(viewer: Viewer, objective: Objective) -> QuerySet[Indicator]:
    """Indicators in use that measure ``objective`` or watch a risk that bears on it: red before
    amber before all others, in each what measures it first."""
    bearing = risks_toward(viewer, objective).values("pk")
    links = Indicator.risks.through.objects.filter(risk__in=bearing)
    wanted = Q(objective=objective) | Q(pk__in=links.values("indicator_id"))
    bad = Case(
        When(status=Status.RED, then=Value(0)),
        When(status=Status.AMBER, then=Value(1)),
        default=Value(2),
    )
    measures = Case(When(objective=objective, then=Value(0)), default=Value(1))
    return indicators_for(viewer).filter(wanted, active=True).order_by(bad, measures, "ref")

"""How one's own forecasts did. Nobody is told of another's: the viewer is the forecaster.

A forecast is an estimate of a risk as it stands: the chance that it happens in the year from then
on, and the range of what that costs. What happened is said by closing the risk
(``risks.services.endings``), and it counts where somebody else said it.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from riskreg.accounts.models import User
from riskreg.analysis.models import Estimate, EstimateStage
from riskreg.analysis.policy.forecasts import (
    ChanceScore,
    RangeScore,
    Uncounted,
    chance_in_a_year,
    forecasts_a_year_apart,
    happened_within_year_of_forecast,
    p5_and_p95,
    score_chances,
    score_ranges,
)
from riskreg.analysis.queries.estimates import visible_estimates
from riskreg.events import queries as events
from riskreg.events.models import Event
from riskreg.register.access import Viewer
from riskreg.register.permissions import PERMISSIONS, Reach
from riskreg.register.queries import active_members_for
from riskreg.risks.models import Risk, State

MOST = 200
"""So many forecasts, the newest, are listed and scored."""


@dataclass(frozen=True)
class Forecast:
    """One estimate of the viewer's, and what became of it.

    ``given_on``: the day it was recorded, also where it was released later. ``ended_on``: the day
    on which the risk happened or was over. ``happened``: within the year after ``given_on``.
    ``cost``: what it cost then, None where it did not happen in that year or nobody said;
    ``inside``: whether it lies from ``low`` to ``high``. ``uncounted``: why it is not scored.
    """

    estimate: Estimate
    given_on: dt.date
    chance: float
    low: float
    high: float
    ended_on: dt.date
    happened: bool
    cost: Decimal | None
    inside: bool | None
    uncounted: Uncounted | None
    who_could: tuple[User, ...] = ()


@dataclass(frozen=True)
class Record:
    """Somebody's forecasts with an outcome, newest first, and their scores. ``more``: there are
    older ones than are scored here."""

    forecasts: tuple[Forecast, ...]
    chances: ChanceScore
    ranges: RangeScore
    more: bool


def own_forecasts_on_closed_risks(viewer: Viewer) -> Record:
    """How the viewer's own forecasts did. Three queries, however many they are."""
    rows = list(
        visible_estimates(viewer)
        .filter(expert=viewer.user, stage=EstimateStage.RESIDUAL, risk__state=State.CLOSED)
        .select_related("risk", "risk__party", "risk__owner", "party")
        .order_by("-created_at", "-id")[: MOST + 1]
    )
    more, rows = len(rows) > MOST, rows[:MOST]
    closed = _last_closing_by_risk(viewer, {row.risk.uuid for row in rows})
    can_close = _others_who_can_close_by_party(viewer) if closed else {}
    known = [(row, *_end_day_and_closing(viewer, row.risk, closed)) for row in rows]
    before: dict[int, list[tuple[int, dt.date]]] = defaultdict(list)
    for row, ended_on, _closing in known:
        day = viewer.today(row.created_at)
        if day < ended_on:
            before[row.risk_id].append((row.pk, day))
    counted = {pk for each in before.values() for pk in forecasts_a_year_apart(each)}
    found = tuple(
        _forecast(viewer, row, ended_on, closing, counted, can_close)
        for row, ended_on, closing in known
    )
    scored = [one for one in found if one.uncounted is None]
    return Record(
        found,
        score_chances([(one.chance, one.happened) for one in scored]),
        score_ranges(one.inside for one in scored if one.inside is not None),
        more,
    )


def _last_closing_by_risk(viewer: Viewer, risks: Collection[uuid.UUID]) -> dict[uuid.UUID, Event]:
    """The last time that each was closed."""
    if not risks:
        return {}
    found = events.history_of(viewer.audience, risks).filter(verb="risk.closed")
    return {row.subject_uuid: row for row in found.order_by("recorded_at", "id")}


def _end_day_and_closing(
    viewer: Viewer, risk: Risk, closed: dict[uuid.UUID, Event]
) -> tuple[dt.date, Event | None]:
    closing = closed.get(risk.uuid)
    day = viewer.today(closing.at if closing else risk.updated_at)
    return risk.happened_on or day, closing


def _others_who_can_close_by_party(viewer: Viewer) -> dict[int, list[User]]:
    """By party (database id) those of its members who may close what others own."""
    roles = [role for role, reach in PERMISSIONS["risk.close"].items() if reach >= Reach.PARTY]
    found = defaultdict(list)
    for row in active_members_for(viewer).filter(role__in=roles).exclude(user=viewer.user.pk):
        if row.party_id is not None:
            found[row.party_id].append(row.user)
    return found


def _forecast(
    viewer: Viewer,
    row: Estimate,
    ended_on: dt.date,
    closing: Event | None,
    counted: Collection[int],
    can_close: dict[int, list[User]],
) -> Forecast:
    given_on, risk = viewer.today(row.created_at), row.risk
    happened = happened_within_year_of_forecast(given_on, risk.happened_on)
    low, high = p5_and_p95(row.severity)
    comparable = happened and row.currency == viewer.register.currency
    cost = risk.happened_cost if comparable else None
    why: Uncounted | None = None
    could: Sequence[User] = ()
    if given_on >= ended_on:
        why = Uncounted.KNOWN_BEFORE
    elif closing is None or closing.actor == viewer.user.uuid:
        why = Uncounted.OWN_WORD
        owner = [] if risk.owner_id == viewer.user.pk else [risk.owner]
        managers = [one for one in can_close.get(risk.party_id, []) if one not in owner]
        could = [*owner, *managers]
    elif row.pk not in counted:
        why = Uncounted.SAME_YEAR
    return Forecast(
        estimate=row,
        given_on=given_on,
        chance=chance_in_a_year(row.frequency_kind, row.frequency),
        low=low,
        high=high,
        ended_on=ended_on,
        happened=happened,
        cost=cost,
        inside=None if cost is None else low <= float(cost) <= high,
        uncounted=why,
        who_could=tuple(could),
    )

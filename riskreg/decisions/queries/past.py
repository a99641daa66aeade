"""How acceptances and decisions stood at the end of a day, from the moments that each keeps."""

import datetime as dt

from django.db.models import OuterRef, Q, QuerySet

from riskreg.decisions.models import Acceptance, Decision
from riskreg.decisions.queries.acceptances import is_covered_by_acceptance, visible_acceptances
from riskreg.decisions.queries.decisions import visible_decisions
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix
from riskreg.risks.appetite import is_threat_above_appetite
from riskreg.risks.models import Position
from riskreg.risks.queries.priority import priority_of_position


def acceptances_running_on(viewer: Viewer, day: dt.date, end: dt.datetime) -> QuerySet[Acceptance]:
    """Acceptances that ran on ``day``, which ends before ``end``: granted by then, not over and not
    revoked; the soonest to end first."""
    return visible_acceptances(viewer).filter(
        _is_not_closed_by(end), granted_at__lt=end, starts_on__lte=day, expires_on__gte=day
    ).order_by("expires_on", "pk")  # fmt: skip


def unaccepted_threats_among(
    viewer: Viewer,
    positions: QuerySet[Position],
    criteria: Criteria,
    day: dt.date,
    end: dt.datetime,
) -> QuerySet[Position]:
    """Of ``positions``, where risks stood on a past ``day``: the threats above appetite by
    ``criteria`` that no acceptance covered, the worst first. Conditions that were missed are known
    of today alone and are left out."""
    matrix = Matrix(criteria)
    running = acceptances_running_on(viewer, day, end).order_by()
    versions = map(Matrix, viewer.criteria_versions_by_id.values())
    mine = running.filter(risk=OuterRef("risk"), visibility=OuterRef("visibility"))
    rows = positions.filter(is_threat_above_appetite(matrix)).exclude(
        is_covered_by_acceptance(matrix, versions, mine)
    )
    return rows.order_by(priority_of_position().desc(), "ref_order")


def decisions_taken_between(
    viewer: Viewer, begin: dt.datetime, end: dt.datetime
) -> QuerySet[Decision]:
    """Decisions taken from ``begin`` until before ``end``, newest first."""
    rows = visible_decisions(viewer).filter(decided_at__gte=begin, decided_at__lt=end)
    return rows.order_by("-decided_at", "-pk")


def decisions_waiting_at(viewer: Viewer, end: dt.datetime) -> QuerySet[Decision]:
    """Decisions that were put to somebody and not answered before ``end``, the soonest due
    first."""
    open_then = Q(decided_at=None) | Q(decided_at__gte=end)
    rows = visible_decisions(viewer).filter(_is_not_closed_by(end), open_then, proposed_at__lt=end)
    return rows.exclude(state="draft").order_by("due_on", "pk")


def _is_not_closed_by(end: dt.datetime) -> Q:
    return Q(closed_at=None) | Q(closed_at__gte=end)

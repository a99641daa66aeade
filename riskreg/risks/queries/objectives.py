"""What bears on an objective: its risks, and the work that serves those."""

from django.db.models import Case, QuerySet, Value, When

from riskreg.register.access import Viewer
from riskreg.register.models import Objective
from riskreg.risks.models import Mitigation, Position, Risk, State
from riskreg.risks.queries.access import current_positions, visible_risks
from riskreg.risks.queries.lists import mitigations_for, worst_first
from riskreg.risks.queries.priority import priority_of_worst_open_risk
from riskreg.risks.queries.serving import RUNNING


def risks_toward(viewer: Viewer, objective: Objective) -> QuerySet[Risk]:
    """Every risk that bears on ``objective``, of any state, as far as the viewer may know of it."""
    links = Risk.objectives.through.objects.filter(objective=objective)
    return visible_risks(viewer).filter(pk__in=links.values("risk_id"))


def open_positions_toward(viewer: Viewer, objective: Objective) -> QuerySet[Position]:
    """Where the open risks that bear on ``objective`` stand, the worst first."""
    bearing = risks_toward(viewer, objective).values("pk")
    positions = current_positions(viewer).filter(risk__in=bearing, state=State.OPEN)
    return worst_first(positions.select_related("risk"))


def mitigations_toward(viewer: Viewer, objective: Objective) -> QuerySet[Mitigation]:
    """Work of every status that serves one of those risks: what has not ended before what has, in
    each what serves the worst, then the soonest due."""
    bearing = risks_toward(viewer, objective).values("pk")
    links = Mitigation.risks.through.objects.filter(risk__in=bearing)
    rows = mitigations_for(viewer).filter(pk__in=links.values("mitigation_id"))
    ended = Case(When(status__in=RUNNING, then=Value(0)), default=Value(1))
    return rows.order_by(ended, priority_of_worst_open_risk("mitigations").desc(), "due_on", "id")

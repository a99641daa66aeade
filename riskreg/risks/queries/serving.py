"""Whether what hangs on risks still serves an open one, and what would be left without any.

What is linked to risks of which none is open is dormant: it stays, and nothing reminds of it. What
is linked to no risk at all serves for its own sake and is not dormant.
"""

from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from riskreg.register.access import Viewer
from riskreg.risks.models import Mitigation, MitigationStatus, Risk, State

RUNNING = (MitigationStatus.PLANNED, MitigationStatus.IN_PROGRESS)


def with_dormant_mark(rows: QuerySet[Any]) -> QuerySet[Any]:
    """``rows`` of something with ``risks``, with ``dormant``: see the module."""
    model: Any = rows.model
    name = f"{model._meta.model_name}_id"
    links = model.risks.through._default_manager.filter(**{name: OuterRef("pk")})
    dormant = Q(Exists(links)) & ~Q(Exists(links.filter(risk__state=State.OPEN)))
    annotated: QuerySet[Any] = rows.annotate(dormant=ExpressionWrapper(dormant, BooleanField()))
    return annotated


def serving_no_other_open_risk(rows: QuerySet[Any], risk: Risk) -> QuerySet[Any]:
    """Those of ``rows`` that serve ``risk`` and no other risk that is open."""
    model: Any = rows.model
    name = f"{model._meta.model_name}_id"
    others = model.risks.through._default_manager.filter(
        **{name: OuterRef("pk")}, risk__state=State.OPEN
    ).exclude(risk=risk.pk)
    return rows.filter(~Exists(others), risks=risk.pk).order_by("ref")


def running_mitigations_serving_no_other_open_risk(
    viewer: Viewer, risk: Risk
) -> QuerySet[Mitigation]:
    """Work under way that serves no open risk but ``risk``, as far as the viewer may know."""
    rows: QuerySet[Mitigation] = Mitigation.objects.visible_to(viewer)
    return serving_no_other_open_risk(
        rows.filter(status__in=RUNNING).select_related("owner", "party"), risk
    )

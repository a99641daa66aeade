"""What lists of things about risks are narrowed by: where each stands, and of which risk it is."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from riskreg.api.core.query import check_choices, with_errors_in_query
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.risks.queries.access import risks_called


def parse_state_and_risk_filters(
    viewer: Viewer, params: Any, known_states: Collection[str], path_to_risk: str = "risk"
) -> Q:
    """The condition that ``state`` (several, of ``known_states``) and ``risk`` (a ref) of a query
    string ask for; ``path_to_risk`` leads to the risk. Raises ``InvalidQuery`` for a state that
    there is not; a risk that the viewer may not know of has nothing."""
    errors = Errors()
    chosen = check_choices(errors, "state", params.getlist("state"), list(known_states))
    with_errors_in_query(errors.raise_if_any)
    found = Q(state__in=chosen) if chosen else Q()
    if (ref := params.get("risk")) is not None:
        found &= Q(**{f"{path_to_risk}__in": risks_called(viewer, [ref])})
    return found

"""Having the options of a decision weighed against each other by a run."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.analysis.services import RequestedRun, request_simulation
from riskreg.decisions.queries.decisions import decision_for
from riskreg.decisions.queries.weighing import OPEN, decision_to_weigh
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility

FIELDS = ("audience", "years", "seed", "horizon")


@transaction.atomic
def weigh_decision(
    *, actor: Viewer, ref: str, given: Mapping[str, Any], at: dt.datetime
) -> RequestedRun:
    """A run of the options of an open decision as they are now; and whether it is new.

    ``given``: {audience?: shared|party, years?, seed?, horizon?}; of a shared decision what every
    party sees is read unless the audience is the party. It costs the decision nothing: it stays as
    it is. Raises ``Invalid``, ``Forbidden``, ``NotFound``.
    """
    row = decision_for(actor, ref, actor.today(at))
    require(actor, "simulation.run")
    if row.state not in OPEN:
        text = _("%(ref)s is %(state)s; nothing more is weighed.")
        shown = {"ref": row.ref, "state": row.get_state_display()}
        raise Invalid.one("state", "wrong_state", text % shown)
    errors = Errors()
    for name in given:
        if name not in FIELDS:
            errors.add(str(name)[:60], "unknown_field", _("A run has no such setting."))
    audience = given.get("audience", row.visibility)
    if audience == Visibility.SHARED and row.visibility == Visibility.PARTY:
        text = _("This decision is your party's own: weigh it for your own party.")
        errors.add("audience", "narrower", text)
    errors.raise_if_any()
    return request_simulation(
        actor=actor, given={**given, "audience": audience}, at=at, about=decision_to_weigh(row)
    )

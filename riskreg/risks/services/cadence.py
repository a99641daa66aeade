"""Changing how often risks are reviewed: a new version of the criteria, put into force at once."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.register.policy import is_cadence
from riskreg.risks.services.criteria import lock_criteria_in_force, publish_criteria

UNRATED = "unrated"
_KEPT = ("likelihood", "impact", "dimensions", "cells", "appetite", "label")


@transaction.atomic
def set_cadence(
    *, actor: Viewer, cadence: Mapping[str, Any], seen_number: int, at: dt.datetime
) -> Register | ChangeRequest:
    """Review every so many days: ``cadence`` maps rating keys, and "unrated", to days.

    What is not named keeps its cadence. ``seen_number`` is the version of the criteria that the
    actor decided by. A shorter cadence brings review dates in, a longer one moves none (I1), and
    needs a yes of every party (``publish_criteria``). Where nothing differs, no version is made.
    Raises ``Forbidden``; ``Conflict`` where other criteria are in force by now; ``Invalid`` naming
    each rating (``cadence.KEY``) whose days are not 1 to 3650.
    """
    require(actor, "register.configure")
    now = lock_criteria_in_force(actor, seen_number)
    errors = Errors()
    known = {rating["key"] for rating in now.ratings} | {UNRATED}
    for key, days in cadence.items():
        if key not in known:
            errors.add(f"cadence.{key}", "unknown_rating", _("The criteria have no such rating."))
        elif not is_cadence(days):
            errors.add(f"cadence.{key}", "out_of_range", _("A cadence is 1 to 3650 days."))
    errors.raise_if_any()
    ratings = [{**r, "cadence_days": cadence.get(r["key"], r["cadence_days"])} for r in now.ratings]
    unrated = cadence.get(UNRATED, now.unrated_cadence_days)
    if ratings == now.ratings and unrated == now.unrated_cadence_days:
        return now.register
    data = {name: getattr(now, name) for name in _KEPT}
    return publish_criteria(
        actor=actor,
        data={**data, "ratings": ratings, "unrated_cadence_days": unrated},
        seen_number=seen_number,
        at=at,
    )

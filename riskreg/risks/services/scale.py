"""The scale that a register starts with, chosen while nothing is judged yet."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.frame_templates import SCALES, scale_template
from riskreg.register.models import Register
from riskreg.register.permissions import require
from riskreg.risks.queries.access import visible_risks
from riskreg.risks.services.criteria import publish_criteria


@transaction.atomic
def start_with_scale(*, actor: Viewer, template: str, at: dt.datetime) -> Register | ChangeRequest:
    """Put the criteria of a template into force; where they are already, nothing is changed.

    Raises ``Invalid`` for an unknown template, and where the actor knows of risks: what would
    become of those is to be looked at first, on the page of the criteria.
    """
    require(actor, "register.configure")
    if template not in SCALES:
        raise Invalid.one("template", "unknown", _("Scales are: %s.") % ", ".join(SCALES))
    # A scale to start with comes without appetites of terms, whose ratings it may not have.
    data, now = {**scale_template(template), "term_appetites": []}, actor.criteria
    if visible_risks(actor).exists():
        raise Invalid.one(
            "template",
            "not_alone",
            _(
                "There are risks already. Change the scale under Register settings, Criteria, "
                "where you see which of them would move."
            ),
        )
    # What the actor may not know of keeps a place: the highest level that there still is.
    mapping: dict[str, Any] = {}
    for axis in ("likelihood", "impact"):
        size, gone = len(data[axis]), range(len(data[axis]) + 1, len(getattr(now, axis)) + 1)
        if gone:
            mapping[axis] = dict.fromkeys(gone, size)
    return publish_criteria(
        actor=actor, data=data, mapping=mapping or None, seen_number=now.number, at=at
    )

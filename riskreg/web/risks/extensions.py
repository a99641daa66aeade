"""How an extension of a review is said on pages, and to whom granting one is offered."""

import datetime as dt
from typing import Any

from riskreg.kernel.errors import Forbidden
from riskreg.register.access import Viewer
from riskreg.reviews.queries import extension_of_next_review
from riskreg.reviews.services.extensions import require_may_extend
from riskreg.risks.models import Risk
from riskreg.web.presenters import name_of_person


def may_extend(viewer: Viewer, risk: Risk) -> bool:
    """Whether to offer it: the risk is open, and the viewer may and does not answer for it."""
    try:
        require_may_extend(viewer, risk)
    except Forbidden:
        return False
    return risk.state == "open"


def extension_row(viewer: Viewer, risk: Risk, today: dt.date) -> dict[str, Any] | None:
    """The extension of the review that is due now, for reading: until, why, by whom, late."""
    found = extension_of_next_review(viewer, risk) if risk.state == "open" else None
    if found is None:
        return None
    return {
        "until": found.until,
        "reason": found.localized("reason"),
        "by": name_of_person(found.granted_by),
        "at": found.at,
        "late": found.due_on < today,
    }

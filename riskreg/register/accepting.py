"""Who may accept a risk of a rating, and for how long: what criteria say of it, also old ones."""

from collections.abc import Mapping
from typing import Any

# Who may accept a risk, the one with the least authority first.
AUTHORITY = ("owner", "manager", "leader")
# For how many days a risk can be accepted at once, and in all, where the criteria do not say.
ACCEPT_DAYS, ACCEPT_TOTAL_DAYS = 180, 365


def rating_with_caps(rating: Mapping[str, Any]) -> dict[str, Any]:
    """A rating with its caps: criteria older than these have none, and the usual ones hold."""
    days = rating.get("accept_days", ACCEPT_DAYS)
    most = max(days, ACCEPT_TOTAL_DAYS) if isinstance(days, int) else ACCEPT_TOTAL_DAYS
    return {"accept_total_days": most, **rating, "accept_days": days}

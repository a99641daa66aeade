"""Reads of the demonstration register."""

from riskreg.register.models import Membership

DEMO_SLUG = "foton-catl"
DEMO_PASSWORD = "riskreg-demo"  # noqa: S105 - published: the demonstration listens on loopback only


def demo_members() -> list[Membership]:
    """The demo register's members; public knowledge, since their password is published."""
    return list(
        Membership.objects.select_related("user", "party")
        .filter(register__slug=DEMO_SLUG, ended_at=None, user__email__endswith=".example")
        .order_by("id")
    )

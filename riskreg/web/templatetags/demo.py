"""What the sign-in page says of a local demonstration."""

from django import template
from django.conf import settings

from riskreg.demo.queries import DEMO_PASSWORD, demo_members

register = template.Library()


@register.simple_tag
def demo_accounts() -> list[dict[str, str]]:
    """The demo's accounts, while this is a local demonstration with the demo register in it."""
    if not settings.SHOW_DEMO_ACCOUNTS:
        return []
    return [
        {
            "email": member.user.email,
            "name": str(member.user),
            "role": str(member.get_role_display()),
            "party": str(member.party) if member.party else "",
            "password": DEMO_PASSWORD,
        }
        for member in demo_members()
    ]

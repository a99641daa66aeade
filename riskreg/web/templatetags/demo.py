"""What the sign-in page says of a local demonstration."""

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context

from riskreg.demo.queries import DEMO_PASSWORD, demo_members

register = template.Library()


_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@register.simple_tag(takes_context=True)
def demo_accounts(context: Context) -> list[dict[str, str]]:
    """The demo's accounts, while this is a local demonstration with the demo register in it.

    Only on the machine itself: where the server listens on another interface as well (the address
    that was bound is not a loopback one), or a proxy passes on who calls, others might read it.
    """
    request = context.get("request")
    if not settings.SHOW_DEMO_ACCOUNTS or request is None or not _is_on_this_machine(request):
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


def _is_on_this_machine(request: HttpRequest) -> bool:
    """Whether the server listens here alone and the caller is here, with nothing in between."""
    asked = request.META.get("SERVER_NAME", ""), request.META.get("REMOTE_ADDR", "")
    between = any(n in request.headers for n in ("X-Forwarded-For", "Forwarded", "Via"))
    return set(asked) <= _LOOPBACK and not between

"""What the shell around every page needs to know."""

import contextlib
import functools
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.permissions import may_make_registers, permits
from riskreg.web.base import (
    SWITCH_SHOWS,
    memberships_for_register_switch,
    signed_in_user,
    viewer_in_last_visited_register,
)

# key, url name, icon, the permission that shows it
_NAV = (
    ("overview", "web:overview", "home", "risk.view"),
    ("my_work", "web:my_work", "inbox", "risk.view"),
    ("heatmap", "web:heatmap", "squares-2x2", "risk.view"),
    ("risks", "web:risks", "list-bullet", "risk.view"),
    ("mitigations", "web:mitigations", "wrench-screwdriver", "risk.view"),
    ("controls", "web:controls", "shield-check", "risk.view"),
    ("indicators", "web:indicators", "chart-bar", "risk.view"),
    ("objectives", "web:objectives", "flag", "risk.view"),
    ("decisions", "web:decisions", "scale", "risk.view"),
    ("acceptances", "web:acceptances", "document-check", "risk.view"),
    ("simulations", "web:simulations", "calculator", "risk.view"),
    ("meetings", "web:meetings", "user-group", "risk.view"),
    ("coverage", "web:coverage", "check-badge", "coverage.view"),
    ("board_packs", "web:board_packs", "presentation-chart-bar", "pack.make"),
    ("deliveries", "web:deliveries", "envelope", "delivery.view"),
    ("register_settings", "web:register_settings", "cog-6-tooth", "register.view"),
)
_NAV_ACTIONS = tuple(dict.fromkeys(action for *_way, action in _NAV))


def shell_context(request: HttpRequest) -> dict[str, Any]:
    """viewer, register, registers and nav for base.html; empty for who is not signed in. ``person``
    is who is, also where they are in no register yet."""
    nothing: dict[str, Any] = {"viewer": None, "register": None, "registers": [], "nav": []}
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {**nothing, "person": None}
    viewer: Viewer | None = getattr(request, "viewer", None) or viewer_in_last_visited_register(
        request
    )
    if viewer is None:
        person = signed_in_user(request)
        makes = may_make_registers(person)
        return {**nothing, "person": person, "may_make_registers": makes}
    memberships = memberships_for_register_switch(request)
    return {
        "viewer": viewer,
        "person": viewer.user,
        "register": viewer.register,
        "registers": [m.register for m in memberships][:SWITCH_SHOWS],
        "more_registers": len(memberships) > SWITCH_SHOWS,
        "nav": _nav(request, viewer),
        "may_make_registers": may_make_registers(viewer.user),
        "printed_on": viewer.today(getattr(request, "at", None) or clock.now()),
        "unread_messages": memberships[0].unread,  # type: ignore[attr-defined]
    }


class _NavLink(NamedTuple):
    """A way that the navigation shows."""

    key: str
    label: str
    url: str
    icon: str


def _nav(request: HttpRequest, viewer: Viewer) -> list[dict[str, Any]]:
    shown = tuple([action for action in _NAV_ACTIONS if permits(viewer, action)])
    ways = _nav_links(
        viewer.register.slug, shown, get_language(), get_urlconf() or settings.ROOT_URLCONF
    )
    return [{**way._asdict(), "current": request.path.startswith(way.url)} for way in ways]


@functools.lru_cache(maxsize=256)
def _nav_links(
    slug: str, actions: tuple[str, ...], _language: str | None, urlconf: str
) -> tuple[_NavLink, ...]:
    """Where the navigation of a register leads who may do ``actions``, in the active language."""
    labels = {
        "overview": _("Home"),
        "my_work": _("My work"),
        "heatmap": _("Heatmap"),
        "risks": _("Risks"),
        "mitigations": _("Mitigations"),
        "controls": _("Controls"),
        "indicators": _("Indicators"),
        "objectives": _("Objectives"),
        "decisions": _("Decisions"),
        "acceptances": _("Acceptances"),
        "simulations": _("Simulations"),
        "meetings": _("Meetings"),
        "coverage": _("Coverage"),
        "board_packs": _("Board packs"),
        "deliveries": _("Deliveries"),
        "register_settings": _("Register settings"),
    }
    ways = []
    for key, name, icon, action in _NAV:
        if action in actions:
            with contextlib.suppress(NoReverseMatch):
                url = reverse(name, urlconf, kwargs={"slug": slug})
                ways.append(_NavLink(key, labels[key], url, icon))
    return tuple(ways)

"""The way back to the list that one came from, filtered, sorted and at its page.

Where one came from is what the address says (``?back=``) or, on the first step from a list, what
the browser says. It is handed on by the head of a page to its acts, by every form, and by where a
form leads to; pages and views do nothing for it.
"""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

BACK = "back"
_LONGEST = 1500
# The pages that one comes from and goes back to, by the name of their address.
LISTS: dict[str, str | Promise] = {
    "my_work": gettext_lazy("My work"),
    "heatmap": gettext_lazy("Heatmap"),
    "risks": gettext_lazy("Risks"),
    "mitigations": gettext_lazy("Mitigations"),
    "controls": gettext_lazy("Controls"),
    "indicators": gettext_lazy("Indicators"),
    "objectives": gettext_lazy("Objectives"),
    "meetings": gettext_lazy("Meetings"),
    "coverage": gettext_lazy("Coverage"),
    "coverage_reviews": gettext_lazy("Reviews"),
    "deliveries": gettext_lazy("Deliveries"),
    "inbox": gettext_lazy("Inbox"),
    "search": gettext_lazy("Search"),
}


# Pages of things that lists lead to; the navigation leads to others from anywhere.
_THINGS = re.compile(
    r"/r/[^/]+/(?:risks|mitigations|controls|indicators|objectives|meetings|deliveries|handover)/.|/inbox/."
)


def pop_back_param(request: HttpRequest) -> None:
    """Take ``?back=`` out of the request, so that no view sees a parameter that is not its own."""
    if BACK in request.GET:
        query = request.GET.copy()
        request.came_with = query.pop(BACK)[-1]  # type: ignore[attr-defined]
        request.GET = query  # type: ignore[assignment]
        request.META["QUERY_STRING"] = query.urlencode()


def note_way_back_of_form_page(request: HttpRequest, page: str) -> None:
    """A form was sent from ``page``: who came there from a list goes back to it."""
    if not hasattr(request, "came_with"):
        request.came_with = _back_param_or_empty(page)  # type: ignore[attr-defined]


def list_address_to_return_to_or_empty(request: HttpRequest) -> str:
    """The list to go back to, a local address; empty where nobody came from one."""
    address: str | None = getattr(request, "_return_address", None)
    if address is None:
        address = (
            _list_address_from_back_param_or_empty(request)
            or _list_address_from_referer_or_empty(request)
            if _THINGS.match(request.path)
            else ""
        )
        # The bare list of the same things is where the page leads back to anyhow.
        address = "" if request.path.startswith(address) else address
        request._return_address = address  # type: ignore[attr-defined]
    return address


def list_name_or_empty(address: str) -> str:
    """The name of the list at a local address; empty if it is none."""
    # As a browser writes it: nothing but printable ASCII, everything else percent-encoded.
    if len(address) > _LONGEST or not re.fullmatch(r"/[!-~]*", address):
        return ""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return ""
    try:
        match = resolve(urlsplit(address).path)
    except (Resolver404, ValueError):
        return ""
    return match.url_name if match.app_name == "web" and match.url_name in LISTS else ""


def list_title_or_empty(address: str) -> str:
    """What the list is called."""
    return str(LISTS.get(list_name_or_empty(address), ""))


def with_way_back(address: str, back: str) -> str:
    """``address`` of a page of this system, with the way back to ``back``."""
    parts = urlsplit(address)
    if not back or parts.netloc or BACK in parse_qs(parts.query):
        return address
    more = urlencode({BACK: back})
    return parts._replace(query=f"{parts.query}&{more}" if parts.query else more).geturl()


def with_way_back_in_links(html: SafeString, back: str) -> SafeString:
    """``html`` with the way back in each of its links to a page of a register."""
    if not back:
        return html

    def link(match: re.Match[str]) -> str:
        return format_html('href="{}"', with_way_back(unescape(match[1]), back))

    # As safe as it was: what is put into it has been escaped.
    return mark_safe(re.sub(r'href="(/r/[^"]*)"', link, html))


def next_address_on_way_back(address: str, page: str) -> str:
    """Where a form of ``page`` leads to instead of ``address``: to the very list if it is a list,
    and otherwise on with the way back to it."""
    back = _list_address_or_empty(page, _back_param_or_empty(page)) or _list_address_or_empty(
        address, page
    )
    if not back or urlsplit(address).netloc:
        return address
    if name := list_name_or_empty(address):
        same = name == list_name_or_empty(back) and not urlsplit(address).query
        return back if same else address
    return with_way_back(address, back) if _THINGS.match(address) else address


def _list_address_from_back_param_or_empty(request: HttpRequest) -> str:
    return _list_address_or_empty(request.path, getattr(request, "came_with", ""))


def _list_address_from_referer_or_empty(request: HttpRequest) -> str:
    """By the page whose link was followed: it is a list, or it came from one itself."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    if parts.netloc != request.get_host():
        return ""
    page = parts.path + (f"?{parts.query}" if parts.query else "")
    return _list_address_or_empty(request.path, page) or _list_address_or_empty(
        request.path, _back_param_or_empty(page)
    )


def _back_param_or_empty(page: str) -> str:
    return parse_qs(urlsplit(page).query).get(BACK, [""])[-1]


def _list_address_or_empty(page: str, address: str) -> str:
    """``address`` if it is a list, and not one of another register than ``page`` is in."""
    if not list_name_or_empty(address):
        return ""
    here, there = _register_slug_or_empty_in(page), _register_slug_or_empty_in(address)
    return address if not here or not there or here == there else ""


def _register_slug_or_empty_in(address: str) -> str:
    parts = address.split("/")
    return parts[2] if len(parts) > 2 and parts[1] == "r" else ""

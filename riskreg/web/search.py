"""Search within a register: a ref goes straight to its page, words to all that hold them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.kernel.replica import from_replica
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.visibility import Visibility
from riskreg.search.queries import Found, find_by_ref, find_grouped_by_noun
from riskreg.web.base import request_id, signed_in_user, viewer_in_last_visited_register
from riskreg.web.presenters import Scale, name_of_person

EXCERPT = 160


@dataclass(frozen=True)
class Row:
    """One line of a result. ``mark`` is a component that stands at its end."""

    url: str
    title: str
    ref: str = ""
    note: str = ""
    private: str = ""
    state: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Group:
    """The results of one noun; ``more`` leads to all of them where there is such a list."""

    noun: str
    title: str
    rows: list[Row]
    total: int
    more: str = ""


@login_required
@from_replica
def search(request: HttpRequest) -> HttpResponse:
    """Find anything by ref or by words, in the register named or last visited."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    slug = request.GET.get("register", "")
    viewer = (
        viewer_for(signed_in_user(request), slug, request_id(request))
        if slug
        else viewer_in_last_visited_register(request)
    )
    if viewer is None:
        return HttpResponseRedirect(reverse("web:home"))
    request.viewer = viewer  # type: ignore[attr-defined]
    if target := find_by_ref(viewer, text):
        noun, ref = target
        address = {"slug": viewer.register.slug, "ref": ref}
        return HttpResponseRedirect(reverse(f"web:{noun}", kwargs=address))
    found = find_grouped_by_noun(viewer, text) if text else []
    now = clock.now()
    context = {
        "q": text,
        "groups": [_group(viewer, group, text) for group in found],
        "title": _("Search"),
        "now": now,
        "today": viewer.today(now),
    }
    return render(request, "search/index.html", context)


def _group(viewer: Viewer, found: Found, text: str) -> Group:
    title, row_of = _NOUNS[found.noun]
    pages = _Pages(viewer)
    more = ""
    if found.noun == "risk" and found.total > len(found.rows):
        more = f"{pages.page_url('risks')}?{urlencode({'q': text, 'state': 'all'})}"
    return Group(
        noun=found.noun,
        title=title(),
        rows=[row_of(pages, row) for row in found.rows],
        total=found.total,
        more=more,
    )


class _Pages:
    """Addresses in the viewer's register, and its rating chips."""

    def __init__(self, viewer: Viewer) -> None:
        self.slug = viewer.register.slug
        self.scale = Scale(viewer.register.criteria)

    def page_url(self, name: str, **parts: Any) -> str:
        return reverse(f"web:{name}", kwargs={"slug": self.slug, **parts})


def _risk_row(pages: _Pages, position: Any) -> Row:
    return Row(
        url=pages.page_url("risk", ref=position.ref),
        ref=position.ref,
        title=position.risk.localized("title"),
        note=name_of_person(position.owner),
        private=_party_if_private(position),
        state=position.state if position.state != "open" else "",
        mark=pages.scale.cell_chip(position.cell("residual"), position.kind),
    )


def _mitigation_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("mitigation", ref=row.ref),
        ref=row.ref,
        title=row.localized("title"),
        note=f"{name_of_person(row.owner)} · {row.get_status_display()}",
        private=_party_if_private(row),
    )


def _indicator_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("indicator", ref=row.ref),
        ref=row.ref,
        title=row.name,
        note=name_of_person(row.owner),
        private=_party_if_private(row),
    )


def _control_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("control", control=row.uuid),
        title=row.localized("name"),
        note=f"{row.risk.ref} {row.risk.localized('title')}",
        private=_party_if_private(row),
    )


def _objective_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("objective", key=row.key), title=row.name, private=_party_if_private(row)
    )


def _review_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("risk", ref=row.risk.ref),
        title=_excerpt(row.localized("comment")),
        note=f"{row.risk.ref} {row.risk.localized('title')} · {name_of_person(row.reviewer)}",
        private=_party_if_private(row),
    )


def _assessment_row(pages: _Pages, row: Any) -> Row:
    return Row(
        url=pages.page_url("risk", ref=row.risk.ref),
        title=_excerpt(row.localized("rationale")),
        note=f"{row.risk.ref} {row.risk.localized('title')} · {name_of_person(row.assessor)}",
        private=_party_if_private(row),
    )


def _meeting_row(pages: _Pages, row: Any) -> Row:
    url = pages.page_url("meeting", meeting=row.uuid)
    return Row(
        url=url, title=row.title, note=name_of_person(row.chair), private=_party_if_private(row)
    )


def _person_row(pages: _Pages, row: Any) -> Row:
    query = urlencode({"owner": str(row.user.uuid)})
    party = row.party.name if row.party else ""
    note = " · ".join(part for part in (party, str(row.get_role_display())) if part)
    return Row(url=f"{pages.page_url('risks')}?{query}", title=name_of_person(row.user), note=note)


def _party_if_private(row: Any) -> str:
    return str(row.party) if row.visibility == Visibility.PARTY else ""


def _excerpt(text: str) -> str:
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT].rstrip()}…"


_NOUNS: dict[str, tuple[Callable[[], str], Callable[[_Pages, Any], Row]]] = {
    "risk": (lambda: _("Risks"), _risk_row),
    "mitigation": (lambda: _("Mitigations"), _mitigation_row),
    "indicator": (lambda: _("Indicators"), _indicator_row),
    "control": (lambda: _("Controls"), _control_row),
    "objective": (lambda: _("Objectives"), _objective_row),
    "review": (lambda: _("Reviews"), _review_row),
    "assessment": (lambda: _("Reasons of scores"), _assessment_row),
    "meeting": (lambda: _("Meetings"), _meeting_row),
    "person": (lambda: _("People and what they own"), _person_row),
}

urlpatterns = [path("search/", search, name="search")]

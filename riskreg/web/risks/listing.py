"""The risk list: filtered, sorted, a page at a time."""

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.register.queries import choices_for
from riskreg.risks import filters
from riskreg.risks.fields import RISK
from riskreg.risks.models import Position, State
from riskreg.risks.queries.lists import risk_list
from riskreg.web.base import RegisterView
from riskreg.web.filter_form import active, canonical_url, filter_fields, filter_label
from riskreg.web.presenters import (
    LIST_COLUMNS,
    Scale,
    error_list,
    list_rows,
    query,
    stage_name,
)

PER_PAGE = 50
# Counting a whole register to say how many pages there are would cost more than the page.
DEFAULT_ORDER = "-score"
# Behind "More filters": words of a few, other than those that stand in front or are known better.
_FOLDED = ("party", "owner", *(f.name for f in RISK.filters if f.choices and f.name != "state"))
_SWITCHES = ("overdue", "above_appetite", "unrated")


# Paginator takes the type of its rows for the type checker alone.
if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class RowsPaginator(_Paginator):
    """Pages of rows as plain values, with the true total."""

    object_list: QuerySet[Any]
    more: bool = False

    @cached_property
    def count(self) -> int:
        """How many rows there are; their order is nothing to a count."""
        return self.object_list.order_by().count()

    def validate_number(self, number: Any) -> int:
        try:
            page = int(number)
        except (TypeError, ValueError):
            raise PageNotAnInteger(_("This must be a whole number.")) from None
        if page < 1 or page > self.num_pages:
            raise EmptyPage(_("There is no such page."))
        return page

    def page(self, number: Any) -> "Page[Any]":
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        # One row more than a page, to know whether another follows.
        rows = list(self.object_list[start : start + self.per_page + 1].values(*LIST_COLUMNS))
        self.more = len(rows) > self.per_page
        return Page(rows[: self.per_page], number, self)


class RiskList(RegisterView):
    """Visible risks, drafts and open ones unless asked otherwise, highest score first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        tidy = canonical_url(request, [("page", "1")])
        if tidy and not request.htmx:  # type: ignore[attr-defined]
            return HttpResponseRedirect(tidy)
        viewer, today = self.viewer, self.viewer.today(self.at)
        problems: list[dict[str, str]] = []
        scale = Scale(viewer.register.criteria)
        rows: QuerySet[Position] = risk_list(viewer, filters.RiskFilter()).none()
        try:
            chosen, rows = matching(viewer, request.GET, self.at)
        except Invalid as invalid:
            problems = error_list(invalid, {})
            chosen = filters.RiskFilter()
        paginator = RowsPaginator(rows, PER_PAGE)
        page = _page(paginator, request.GET.get("page", "1"))
        choices = choices_for(viewer)
        slug = viewer.register.slug
        pattern = reverse("web:risk", kwargs={"slug": slug, "ref": "REF"})
        address: dict[str, Any] = {**chosen.given}
        if ordering := request.GET.get("ordering"):
            address["ordering"] = ordering
        named = (*_FOLDED, "term")
        shown = ("q", "state", "rating", *named, *_SWITCHES)
        context = {
            "title": _("Risks"),
            "problems": problems,
            "rows": list_rows(
                page.object_list, scale, today, lambda ref: pattern.replace("REF", ref)
            ),
            "page": page,
            "next": query(address, page=page.number + 1) if paginator.more else "",
            "previous": query(address, page=page.number - 1) if page.number > 1 else "",
            "first": (page.number - 1) * PER_PAGE + 1,
            "last": (page.number - 1) * PER_PAGE + len(page.object_list),
            "q": (chosen.given.get("q") or [""])[-1],
            "main_fields": filter_fields(choices, chosen.given, ("state", "rating"), scale),
            "more_fields": filter_fields(choices, chosen.given, named, scale),
            "switches": [
                {"name": name, "label": label, "on": name in chosen.given}
                for name in _SWITCHES
                for label in (filter_label(name),)
            ],
            "kept": [(k, v) for k, vs in address.items() if k not in shown for v in _many(vs)],
            "more_open": any(k in chosen.given for k in (*named, *_SWITCHES)),
            "active": active(choices, chosen.given, address, scale=scale, skip=("stage",)),
            "stage_label": stage_name(chosen.stage),
            "may_create": permits(viewer, "risk.create"),
            "may_transfer": permits(viewer, "risk.transfer"),
            "all_of_them": query(address),
        }
        response = self.render("risks/list.html", context, status=400 if problems else 200)
        if tidy:
            response["HX-Push-Url"] = tidy
        return response


def matching(
    viewer: Viewer, given: QueryDict, at: dt.datetime
) -> tuple[filters.RiskFilter, QuerySet[Position]]:
    """What the query string of the list asks for: the filters, and every row in their order.

    Raises ``Invalid`` for a list that cannot be shown as asked.
    """
    chosen = filters.parse(viewer, given, at, also=("ordering", "page"))
    errors = Errors()
    column, descending = filters.order(errors, given.get("ordering"), chosen.stage, DEFAULT_ORDER)
    errors.raise_if_any()
    rows = risk_list(viewer, chosen).select_related(None)
    rows = rows if chosen.state_given else rows.filter(~Q(state=State.CLOSED))
    return chosen, _sorted(rows, column, descending)


def _sorted(rows: QuerySet[Position], column: str, descending: bool) -> QuerySet[Position]:
    """Unrated and undated risks come last either way; the place of the ref breaks ties."""
    if column == "ref_order":
        return rows.order_by("-ref_order" if descending else "ref_order")
    by = F(column).desc(nulls_last=True) if descending else F(column).asc(nulls_last=True)
    return rows.order_by(by, "ref_order")


def _page(paginator: RowsPaginator, number: str) -> "Page[Any]":
    """The page asked for; the first one where there is no such page."""
    try:
        return paginator.page(number)
    except (PageNotAnInteger, EmptyPage):
        return paginator.page(1)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]

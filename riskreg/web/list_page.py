"""Pages that list one noun: narrowed and ordered by the filters of its API, 50 rows a page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from riskreg.exchange.writing.files import FORMATS
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Text
from riskreg.kernel.replica import from_replica
from riskreg.register.filtering import NounFilters, RowFilter, nonblank_values_by_name, sort_rows
from riskreg.register.queries import choices_for
from riskreg.web.base import RegisterView
from riskreg.web.file_links import file_links
from riskreg.web.filter_form import (
    ALL,
    RISK_WORDS,
    FilterWords,
    active_filters,
    filter_fields,
    filter_label,
    filter_problems,
    url_without_empty_params_or_none,
)
from riskreg.web.presenters import Scale, query_string

PER_PAGE = 50
# Parameters of a list page that are no filters.
OWN = ("ordering", "page")
# By which its tabs were named before they were filters; addresses that somebody kept still work.
_FORMER = ("show", "which")

# Paginator takes the type of its rows for the type checker alone.
if TYPE_CHECKING:
    _Paginator = Paginator[Any]
else:
    _Paginator = Paginator


class ListPaginator(_Paginator):
    """Pages of a list, with the true total."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """How many rows there are; their order is nothing to a count."""
        return self.object_list.order_by().count()

    def get_page(self, number: Any) -> "Page[Any]":
        """The page asked for; the first one where there is no such page."""
        try:
            return self.page(number or 1)
        except (PageNotAnInteger, EmptyPage):
            return Page([], 1, self) if not self.count else self.page(1)


@dataclass(frozen=True)
class Preset:
    """Filters that are one click away, as a tab. ``name`` is what its address was called by."""

    name: str
    label: Text
    filters: Mapping[str, Sequence[str]]


class ListPage(RegisterView):
    """A list of one noun that the viewer may know of.

    ``front``, ``folded`` and ``switches`` are the filters that its form offers: beside the words,
    behind “More filters”, and to tick. All others work as well, as they do for the API. ``unasked``
    is what it is narrowed by as long as nobody names these filters; to ask for ``all`` of them is
    to do without, as the API does.
    """

    template: ClassVar[str]
    # What is read of each row that is shown, where not the whole row is; a count joins no more.
    columns: ClassVar[Sequence[str]] = ()
    route: ClassVar[str]
    filters: NounFilters
    words: ClassVar[FilterWords] = RISK_WORDS
    default_order: ClassVar[str]
    front: ClassVar[Sequence[str]] = ()
    folded: ClassVar[Sequence[str]] = ()
    switches: ClassVar[Sequence[str]] = ()
    presets: ClassVar[Sequence[Preset]] = ()
    unasked: ClassVar[Mapping[str, Sequence[str]]] = {}
    # The route of its files.
    files: ClassVar[str]
    formats: ClassVar[Iterable[str]] = FORMATS

    def all_rows(self) -> QuerySet[Any]:
        """Every row that the viewer may know of, with what the list shows of it."""
        raise NotImplementedError

    def shown_rows(self, rows: Sequence[Any]) -> list[Any]:
        """The rows of a page, as its template shows them."""
        raise NotImplementedError

    def extra_context(self) -> dict[str, Any]:
        """What else the template needs."""
        return {}

    def offered_switches(self) -> Sequence[str]:
        """Which of ``switches`` mean anything to the viewer."""
        return self.switches

    def scale(self) -> Scale | None:
        """The scale by which filters name ratings and levels, if there are such filters."""
        return None

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        """The list that the address asks for, or what is wrong with it."""
        if (kept := self._url_of_former_tab(request)) is not None:
            return HttpResponseRedirect(kept)
        tidy = url_without_empty_params_or_none(request, [("page", "1")])
        if tidy and not request.htmx:  # type: ignore[attr-defined]
            return HttpResponseRedirect(tidy)
        problems: list[dict[str, str]] = []
        given: Mapping[str, list[str]] = {}
        try:
            given, rows = self.filters_and_rows(request.GET)
        except Invalid as invalid:
            rows = self.all_rows().none()
            choices = choices_for(self.viewer)
            problems = filter_problems(invalid, choices, self.scale(), self.words)
        page = ListPaginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        page.object_list = self._rows_of_page(page)
        context = {
            "problems": problems,
            "rows": self.shown_rows(page.object_list),
            "page": page,
            "tabs": self._tabs(given, problems),
            "exports": file_links(self.viewer, self.files, request.GET, self.formats),
            **self._form_context(request, given, page),
            **self.extra_context(),
        }
        response = self.render(self.template, context, status=400 if problems else 200)
        if tidy:
            response["HX-Push-Url"] = tidy
        return response

    def filters_and_rows(self, params: Any) -> tuple[Mapping[str, list[str]], QuerySet[Any]]:
        """The filters that ``params`` name, and every row that fits them, in the order asked for.

        Raises ``Invalid`` for a list that cannot be shown as asked.
        """
        lists = {name: params.getlist(name) for name in params}
        chosen = self._parse_filter(lists, other_params=OWN)
        errors, order = Errors(), params.get("ordering") or self.default_order
        rows = self.all_rows().filter(chosen.condition)
        rows = sort_rows(rows, errors, self.filters.ORDERINGS, order)
        errors.raise_if_any()
        return nonblank_values_by_name(params, self.filters.NAMES), rows

    def _parse_filter(
        self, lists: Mapping[str, Sequence[str]], other_params: Iterable[str] = ()
    ) -> RowFilter:
        """``lists`` as a filter, with what is left out unless they ask for it."""
        asked = {name for name, values in lists.items() if any(values)}
        every = {name for name in self.unasked if list(lists.get(name, ())) == [ALL]}
        whole = {name: list(values) for name, values in lists.items() if name not in every}
        whole |= {n: list(values) for n, values in self.unasked.items() if n not in asked}
        return self.filters.parse(self.viewer, whole, self.at, other_params=tuple(other_params))

    def _rows_of_page(self, page: "Page[Any]") -> list[Any]:
        rows = cast(QuerySet[Any], page.object_list)
        return list(rows.values(*self.columns) if self.columns else rows)

    @cached_property
    def _url(self) -> str:
        return reverse(f"web:{self.route}", kwargs={"slug": self.viewer.register.slug})

    def _url_of_former_tab(self, request: HttpRequest) -> str | None:
        """Where the tab is that ``?show=`` or ``?which=`` named before tabs were filters."""
        named = next((request.GET[name] for name in _FORMER if name in request.GET), None)
        if named is None or not self.presets:
            return None
        found = next((p.filters for p in self.presets if p.name == named), {})
        return self._url + query_string(found).rstrip("?")

    def _tabs(
        self, given: Mapping[str, list[str]], problems: Sequence[Any]
    ) -> list[dict[str, Any]]:
        """The presets, each with how many rows it opens: one query for all of them."""
        if not self.presets:
            return []
        found = {p.name: self._parse_filter(p.filters).condition for p in self.presets}
        counts = (
            self.all_rows()
            .order_by()
            .aggregate(
                **{f"n_{name}": Count("pk", filter=c or Q(pk__gt=0)) for name, c in found.items()}
            )
        )
        chosen = {name: sorted(values) for name, values in given.items()}
        return [
            {
                "label": preset.label,
                "url": self._url + query_string(preset.filters).rstrip("?"),
                "current": not problems
                and chosen == {name: sorted(values) for name, values in preset.filters.items()},
                "count": counts[f"n_{preset.name}"],
            }
            for preset in self.presets
        ]

    def _form_context(
        self, request: HttpRequest, given: Mapping[str, list[str]], page: "Page[Any]"
    ) -> dict[str, Any]:
        """What ``components/list_filters.html`` and ``list_pages.html`` show."""
        choices, scale, words = choices_for(self.viewer), self.scale(), self.words
        address: dict[str, Any] = dict(given)
        if ordering := request.GET.get("ordering"):
            address["ordering"] = ordering
        offered = ("q", *self.front, *self.folded, *self.switches)
        first = (page.number - 1) * PER_PAGE
        return {
            "list_url": self._url,
            "next": query_string(address, page=page.number + 1) if page.has_next() else "",
            "previous": query_string(address, page=page.number - 1) if page.number > 1 else "",
            "first": first + 1,
            "last": first + len(page.object_list),
            "q": (given.get("q") or [""])[-1],
            "main_fields": filter_fields(choices, given, self.front, scale, words),
            "more_fields": filter_fields(choices, given, self.folded, scale, words),
            "switches": [
                {"name": name, "label": filter_label(name, words), "on": name in given}
                for name in self.offered_switches()
            ],
            "kept": [(k, v) for k, vs in address.items() if k not in offered for v in _as_list(vs)],
            "more_open": any(name in given for name in (*self.folded, *self.switches)),
            "active": active_filters(
                choices, given, address, scale=scale, skip=("stage",), words=words
            ),
            "all_of_them": query_string(address),
        }


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]

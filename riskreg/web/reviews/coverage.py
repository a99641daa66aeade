"""Review coverage for leadership: what share of the reviews that fell due was held on time."""

import csv
import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_key
from riskreg.kernel.errors import Errors, Invalid, NotFound
from riskreg.kernel.localised import day_text, number
from riskreg.kernel.replica import from_replica
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.reviews.policy.coverage import WHAT, CoverageCounts, days_late, due_outcome
from riskreg.reviews.queries.coverage import BY, Item, Report, Row, coverage, default_first_day
from riskreg.web.base import RegisterView
from riskreg.web.file_links import file_links
from riskreg.web.filter_form import url_without_empty_params_or_none
from riskreg.web.presenters import error_list, name_of_person, query_string
from riskreg.web.ui.paging import page_of

OWN = ("as_of", "from", "by")
PER_PAGE = 50


@dataclass(frozen=True)
class Asked:
    """The question in the address, or the usual one where it cannot be answered."""

    report: Report
    given: dict[str, Any]
    problems: list[dict[str, str]]


def report_asked(viewer: Viewer, given: QueryDict, at: dt.datetime) -> Report:
    """The coverage that an address asks for. Raises ``Invalid`` for what cannot be answered, and
    ``Forbidden`` for who may not see it."""
    require(viewer, "coverage.view")
    errors = Errors()
    as_of = _clean_day(errors, "as_of", given.get("as_of")) or viewer.today(at)
    first = _clean_day(errors, "from", given.get("from")) or default_first_day(as_of)
    errors.raise_if_any()
    return coverage(viewer, by=given.get("by") or "party", first=first, as_of=as_of, at=at)


class CoverageView(RegisterView):
    """Reads ``as_of``, ``from`` and ``by``; the address says all of what is shown."""

    def report_asked_or_usual(self, request: HttpRequest) -> Asked:
        require(self.viewer, "coverage.view")
        today = self.viewer.today(self.at)
        problems: list[dict[str, str]] = []
        try:
            report = report_asked(self.viewer, request.GET, self.at)
        except Invalid as invalid:
            problems = error_list(invalid, _form_labels(), {"by": map(grouping_label, BY)})
            first = default_first_day(today)
            report = coverage(self.viewer, by="party", first=first, as_of=today, at=self.at)
        by, first, as_of = report.by, report.first, report.as_of
        given = {
            "by": by if by != "party" else None,
            "from": first.isoformat() if first != default_first_day(as_of) else None,
            "as_of": as_of.isoformat() if as_of != today else None,
        }
        return Asked(report, {k: v for k, v in given.items() if v}, problems)

    def bare_page_url(self, name: str) -> str:
        """The address of a page of this register."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug})


class CoveragePage(CoverageView):
    """A table per dimension; each number opens what it counts."""

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.viewer.today(self.at)
        if tidy := url_without_empty_params_or_none(
            request, [("as_of", today.isoformat()), ("by", "party")]
        ):
            return HttpResponseRedirect(tidy)
        asked = self.report_asked_or_usual(request)
        report = asked.report
        listing = self.bare_page_url("coverage_reviews")
        context = {
            "title": _("Review coverage"),
            "problems": asked.problems,
            "report": report,
            "past": report.as_of < today,
            "tabs": [
                {
                    "label": grouping_label(by),
                    "url": self.bare_page_url("coverage")
                    + query_string(asked.given, by=by if by != "party" else None),
                    "current": by == report.by,
                }
                for by in BY
            ],
            "dimension": grouping_label(report.by),
            "total": _cells_with_links(report.total, listing, asked.given, None),
            "rows": [
                {
                    "name": row_name(report.by, row),
                    **_cells_with_links(row.tally, listing, asked.given, row.key),
                }
                for row in report.rows
            ],
            "several": report.by == "workstream"
            and sum(row.tally.due for row in report.rows) > report.total.due,
            "given": asked.given,
            "today": today,
            "csv": self.bare_page_url("coverage_csv") + query_string(asked.given),
            "exports": file_links(self.viewer, "coverage_export", asked.given),
        }
        return self.render("coverage/index.html", context, 400 if asked.problems else 200)


class CoverageReviews(CoverageView):
    """The due dates behind one number: ``what`` it counts, and ``key`` of the row."""

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.report_asked_or_usual(request)
        what, key = request.GET.get("what", "due"), request.GET.get("key")
        report = asked.report
        row = next((row for row in report.rows if row.key == key), None)
        if what not in WHAT or (key is not None and row is None and not asked.problems):
            raise NotFound(_("There is no such number."))
        page = page_of(request, report.listed(what, key if row else None), PER_PAGE)
        items = page.object_list
        people = users_by_key({p for i in items for p in (i.owner, i.reviewer) if p})
        context = {
            "title": counted_label(what),
            "problems": asked.problems,
            "group": row_name(report.by, row) if row else "",
            "report": report,
            "page_obj": page,
            "rows": [_due_date_row(i, report.as_of, people) for i in items],
            "back": self.bare_page_url("coverage") + query_string(asked.given),
        }
        return self.render("coverage/reviews.html", context, 400 if asked.problems else 200)


class CoverageCsv(CoverageView):
    """The same table for a spreadsheet: one line per row, and one for all."""

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = self.report_asked_or_usual(request)
        if asked.problems:
            url = self.bare_page_url("coverage") + query_string(
                {k: v for k, v in request.GET.items() if k in OWN}
            )
            return HttpResponseRedirect(url)
        report = asked.report
        out = io.StringIO()
        writer = csv.writer(out)
        names = ["from", "as_of", report.by, "key", *WHAT, "share_on_time", "median_days_late"]
        writer.writerow(names)
        for name, key, counted in [
            *((row_name(report.by, row), row.key, row.tally) for row in report.rows),
            (_("All"), "all", report.total),
        ]:
            writer.writerow(
                [
                    report.first.isoformat(),
                    report.as_of.isoformat(),
                    _escape_formula(name),
                    key,
                    *(getattr(counted, what) for what in WHAT),
                    "" if counted.share_on_time is None else f"{counted.share_on_time:.4f}",
                    "" if counted.median_late is None else f"{counted.median_late:g}",
                ]
            )
        # The mark of order tells spreadsheets that it is UTF-8.
        response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
        filename = f"coverage-{report.as_of.isoformat()}-{report.by}.csv"
        response["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response


def grouping_label(by: str) -> str:
    """What a table is by, as its heading says it."""
    return {
        "party": _("Party"),
        "workstream": _("Workstream"),
        "owner": _("Owner"),
        "month": _("Month"),
    }[by]


def counted_label(what: str) -> str:
    """What a number counts, as a heading says it."""
    return {
        "due": _("Reviews that fell due"),
        "on_time": _("Held on time"),
        "late": _("Late"),
        "open": _("Open and overdue"),
        "extended": _("Extensions granted"),
        "brought_in": _("Recorded later than held"),
    }[what]


def row_name(by: str, row: Row) -> str:
    """The name of a row in the reader's language."""
    if by == "month":
        return day_text(row.key)
    if not row.key:
        return _("no workstream") if by == "workstream" else _("nobody")
    return name_of_person(row.name) if by == "owner" else str(row.name)


def _escape_formula(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _cells_with_links(
    counted: CoverageCounts, listing: str, given: dict[str, Any], key: str | None
) -> dict[str, Any]:
    # An empty key names the row of what has none, so it is said even though it is empty.
    tail = "" if key is None else ("&" if given else "") + f"key={key}"

    def link(what: str) -> str:
        return f"{listing}{query_string(given)}{tail}&what={what}".replace("?&", "?")

    share = counted.share_on_time
    return {
        "counts": [
            {
                "what": what,
                "label": counted_label(what),
                "n": getattr(counted, what),
                "url": link(what) if getattr(counted, what) else "",
            }
            for what in ("due", "on_time", "late", "open", "extended")
        ],
        "brought_in": counted.brought_in,
        "brought_in_url": link("brought_in"),
        "percent": None if share is None else round(100 * share),
        "bar": 0 if share is None else f"{100 * share:.1f}",
        "median": None if counted.median_late is None else number(counted.median_late),
    }


def _due_date_row(item: Item, as_of: dt.date, people: dict[int, User]) -> dict[str, Any]:
    risk = item.risk
    became = due_outcome(item.due, as_of)
    words = {
        "on_time": (pgettext("review", "on time"), "ok"),
        "late": (pgettext("review", "late"), "bad"),
        "open": (pgettext("review", "open, late"), "bad"),
        "ended": (pgettext("review", "closed without review"), "warn"),
        "none": (pgettext("review", "due today"), ""),
    }[became]
    return {
        "risk": risk,
        "title": risk.localized("title"),
        "private": risk.visibility == "party",
        "due": item.due,
        "owner": name_of_person(people.get(item.owner or 0)),
        "who": name_of_person(people.get(item.reviewer or 0)),
        "fate": words[0],
        "tone": words[1],
        "days": days_late(item.due, as_of),
    }


def _clean_day(errors: Errors, name: str, text: str | None) -> dt.date | None:
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        errors.add(name, "not_a_date", _("This must be a date, as in 2027-03-31."))
        return None


def _form_labels() -> dict[str, str]:
    return {"as_of": _("As of"), "from": _("Due since"), "by": _("By")}


urlpatterns = [
    path("coverage/", CoveragePage.as_view(), name="coverage"),
    path("coverage/reviews/", CoverageReviews.as_view(), name="coverage_reviews"),
    path("coverage/csv/", CoverageCsv.as_view(), name="coverage_csv"),
]

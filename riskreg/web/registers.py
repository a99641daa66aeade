"""Pages over all registers of a person: the list of them with a search, and their work in all."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views import View

from riskreg.duties.queries import agenda
from riskreg.duties.queries.everywhere import DutyAsSeen, most_urgent_work_everywhere
from riskreg.duties.sources import REVIEW
from riskreg.kernel import clock
from riskreg.register.access import as_viewer, present_memberships_in_registers_called
from riskreg.register.policy import Matrix
from riskreg.web.base import request_id, signed_in_user
from riskreg.web.duties import rows as agenda_page

PER_PAGE = 20
DUE_DAYS = 14
# Of each kind; and registers whose work is put together on one page.
MOST_DUTIES, MOST_REGISTERS = 100, 50


class MyRegisters(LoginRequiredMixin, View):
    """Every register that somebody is in, by page; ``?q=`` are words of its name."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        words = " ".join(request.GET.get("q", "")[:100].split())
        rows = present_memberships_in_registers_called(signed_in_user(request), words)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "page": page,
            "rows": [{"m": row, "role": capfirst(row.get_role_display())} for row in page],
            "words": words,
        }
        return render(request, "registers/index.html", context)


class WorkEverywhere(LoginRequiredMixin, View):
    """My work over all registers that are not archived."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is late and what falls due within two weeks, the most urgent first."""
        at, user = clock.now(), signed_in_user(request)
        rows = present_memberships_in_registers_called(user, "").filter(register__archived_at=None)
        members = list(rows[: MOST_REGISTERS + 1])
        viewers = [as_viewer(user, row, request_id(request)) for row in members[:MOST_REGISTERS]]
        due, total = most_urgent_work_everywhere(viewers, at, DUE_DAYS, MOST_DUTIES)
        context: dict[str, Any] = {
            "duties": _rows(due),
            "total": total,
            "cut": total > len(due),
            "registers_more": len(members) > MOST_REGISTERS,
            "most_registers": MOST_REGISTERS,
            "now": at,
            "today": clock.local_date(at, user.time_zone),
            "title": _("My work in all registers"),
        }
        return render(request, "registers/work.html", context)


def _rows(due: list[DutyAsSeen]) -> list[dict[str, Any]]:
    """The duties as My work shows them, each with its register, in the order given."""
    by_register: dict[int, list[Any]] = {}
    viewers = {viewer.register.pk: viewer for viewer, _duty in due}
    for viewer, duty in due:
        by_register.setdefault(viewer.register.pk, []).append(duty)
    made: dict[Any, dict[str, Any]] = {}
    for key, duties in by_register.items():
        viewer = viewers[key]
        matrix = Matrix(viewer.criteria)
        ratings = {
            d.subject: agenda_page.residual_rating_of_review(d, matrix)
            for d in duties
            if d.kind == REVIEW.kind
        }
        facts = agenda.status_texts(d for d in duties if d.subject not in ratings)
        rows = agenda_page.duty_rows(viewer, duties, facts, ratings, {})
        for duty, row in zip(duties, rows, strict=True):
            made[duty.key] = {**row, "register": viewer.register.name}
    return [made[duty.key] for _viewer, duty in due]


urlpatterns = [
    path("registers/", MyRegisters.as_view(), name="registers"),
    path("work/", WorkEverywhere.as_view(), name="work_everywhere"),
]

"""Acceptances for reading: what stands without one, what waits, what is in force, one of them."""

import datetime as dt
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy

from riskreg.decisions.models import Acceptance, AcceptanceState, Obligation
from riskreg.decisions.policy.acceptances import Act
from riskreg.decisions.queries.acceptances import (
    acceptance_for,
    acceptances_of,
    acceptances_with_shown_fields_for,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
    unaccepted_threats_above_appetite,
)
from riskreg.kernel.replica import from_replica
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.risks.models import Position
from riskreg.risks.queries.access import risk_for
from riskreg.web.acceptances.rows import acceptance_row
from riskreg.web.base import RegisterView, require_tab
from riskreg.web.comments.panel import comments_panel
from riskreg.web.file_links import file_links
from riskreg.web.forms.keeping import posted_texts
from riskreg.web.presenters import Scale, name_of_person, query_string

PER_PAGE = 25
SHOWS = {
    "needed": gettext_lazy("Above appetite without one"),
    "waiting": gettext_lazy("Waiting for an answer"),
    "granted": gettext_lazy("Granted"),
    "over": gettext_lazy("Over"),
}


class WordsForm(forms.Form):
    """The version that the person saw, and their words."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    words = forms.CharField(
        label=gettext_lazy("Why?"), required=False, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, data: Any = None, *, needed: bool = True, **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["words"]
        field.needed = needed


def rows_of_tab_or_all_of_risk(
    viewer: Viewer, tab: str, today: dt.date, risk_ref: str = ""
) -> QuerySet[Acceptance] | QuerySet[Position]:
    """The rows of one of the lists (``SHOWS``) in their order: positions of what needs one, or
    acceptances; where ``risk_ref`` is given, all of that one, the newest first. Raises
    ``Invalid`` for no such list, ``NotFound`` for no such risk."""
    if risk_ref:
        return acceptances_of(viewer, risk_for(viewer, risk_ref), today)
    require_tab(tab, SHOWS)
    if tab == "needed":
        return unaccepted_threats_above_appetite(viewer, today)
    rows = acceptances_with_shown_fields_for(viewer, today)
    if tab == "waiting":
        return rows.filter(state=AcceptanceState.REQUESTED).order_by("answer_by", "pk")
    if tab == "granted":
        return rows.filter(state=AcceptanceState.GRANTED).order_by("expires_on", "pk")
    open_states = (AcceptanceState.REQUESTED, AcceptanceState.GRANTED)
    return rows.exclude(state__in=open_states).order_by("-closed_at", "-pk")


class AcceptanceList(RegisterView):
    """What stands above appetite without one comes first; ``?show=`` chooses the others, and
    ``?risk=`` all of one risk."""

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        """One of the lists, in pages."""
        risk = request.GET.get("risk", "")
        show = "risk" if risk else request.GET.get("show", "") or next(iter(SHOWS))
        today = self.viewer.today(self.at)
        rows: Any = rows_of_tab_or_all_of_risk(self.viewer, show, today, risk)
        if show == "needed":
            rows = rows.select_related("risk", "owner", "party")
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        build = self._unaccepted_risk_row if show == "needed" else self._row
        context = {
            "show": show,
            "tabs": self._tabs(show, risk),
            "page_obj": page,
            "rows": [build(row, today) for row in page],
            "exports": file_links(
                self.viewer, "acceptance_export", {"risk": [risk]} if risk else {"show": [show]}
            ),
        }
        return self.render("acceptances/index.html", context)

    def _row(self, row: Any, today: dt.date) -> dict[str, Any]:
        return acceptance_row(self.viewer, row, today)

    def _unaccepted_risk_row(self, position: Any, today: dt.date) -> dict[str, Any]:
        scale = Scale(self.viewer.criteria)
        return {
            "ref": position.ref,
            "title": position.risk.localized("title"),
            "owner": name_of_person(position.owner),
            "chip": scale.cell_chip(position.cell("residual"), position.kind),
            "response": position.risk.get_response_display() if position.risk.response else "",
            "wish": position.risk.response == "accept",
            "private": position.visibility == "party",
            "request": position.request,
            "may_ask": position.request is None
            and permits(self.viewer, "acceptance.request", position.risk),
        }

    @staticmethod
    def _tabs(show: str, risk: str) -> list[dict[str, Any]]:
        return [
            {"label": label, "url": query_string({}, show=key), "current": key == show}
            for key, label in SHOWS.items()
        ] + ([{"label": risk, "url": query_string({}, risk=risk), "current": True}] if risk else [])


class AcceptancePage(RegisterView):
    """One acceptance. What one cannot do is said with the reason and who could."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        return self.page(ref)

    def page(
        self,
        ref: str,
        *,
        status: int = 200,
        conflict: str = "",
        refused: "tuple[str, forms.Form] | None" = None,
        condition: Any = None,
    ) -> HttpResponse:
        """The page, with a form that could not be sent (``refused``: of which act) in place of a
        fresh one; ``condition``: the one that it is about."""
        today = self.viewer.today(self.at)
        row = acceptance_for(self.viewer, ref, today)
        context = acceptance_row(self.viewer, row, today)
        for entry in context["conditions"]:
            entry["may"] = entry["open"] and permits(
                self.viewer, "acceptance.close_condition", entry["row"]
            )
            entry["may_waive"] = entry["open"] and self._may_waive(row, entry["row"])
            mine = refused is not None and entry["id"] == condition
            entry["form"] = (
                refused[1]
                if mine and refused is not None
                else WordsForm(initial={"version": entry["row"].version}, prefix=str(entry["id"]))
            )
        acts = {act.value: self._act_context(row, act, refused) for act in _OFFERED}
        context["comments"] = comments_panel(self.viewer, row)
        context |= {"acts": acts, "conflict": conflict, "asks_again": self._may_ask_again(row)}
        context["texts"] = posted_texts(self.request)
        return self.render("acceptances/detail.html", context, status)

    def _act_context(
        self, row: Any, act: Act, refused: "tuple[str, forms.Form] | None"
    ) -> dict[str, Any]:
        """Whether the viewer can do it, and if not, why and who could."""
        blocked = reason_blocked_for(self.viewer, act, row)
        form = refused[1] if refused and refused[0] == act.value else None
        fresh = WordsForm(initial={"version": row.version}, needed=act in (Act.REFUSE, Act.REVOKE))
        return {
            "may": blocked is None,
            "why_not": reason_blocked_and_who_can_text(self.viewer, act, row, blocked)
            if blocked
            else "",
            "fits": blocked is None or blocked.value != "state",
            "form": form or fresh,
            "open": form is not None,
            "url": reverse(
                f"web:acceptance_{act.value}",
                kwargs={"slug": self.viewer.register.slug, "ref": row.ref},
            ),
        }

    def _may_waive(self, row: Any, condition: Obligation) -> bool:
        me = self.viewer.user.pk
        own = me in (condition.owner_id, row.risk.owner_id)
        return not own and reason_blocked_for(self.viewer, Act.REVOKE, row) is None

    def _may_ask_again(self, row: Any) -> bool:
        """Whether to offer asking for an extension, or anew."""
        over = row.state != AcceptanceState.REQUESTED
        return over and permits(self.viewer, "acceptance.request", row.risk)


_OFFERED = (Act.GRANT, Act.REFUSE, Act.WITHDRAW, Act.REVOKE)

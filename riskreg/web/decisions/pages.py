"""Decisions for reading: the list, one of them, and its record."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_lazy

from riskreg.decisions.models import Decision, DecisionState, Stance
from riskreg.decisions.policy.decisions import STANDS, Act, Block
from riskreg.decisions.queries.decisions import (
    decision_for,
    decision_taken_for,
    decisions_with_shown_fields_for,
    may_argue,
    may_be_edited,
    reason_blocked_and_who_can_text,
    reason_blocked_for,
)
from riskreg.decisions.queries.records import record_of_taken_decision_in_words
from riskreg.decisions.services.outcomes import may_waive
from riskreg.exchange.queries.decision_records import decision_record_for_pdf
from riskreg.exchange.writing.record_pdf import record_pdf
from riskreg.kernel.downloads import download_bytes
from riskreg.kernel.replica import from_replica
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.web.acceptances.pages import WordsForm
from riskreg.web.base import RegisterView, require_tab
from riskreg.web.comments.panel import comments_panel
from riskreg.web.decisions.rows import decision_detail, decision_row
from riskreg.web.decisions.weighing import weighing_panel
from riskreg.web.evidence.panel import evidence_panel
from riskreg.web.file_links import file_links
from riskreg.web.forms.keeping import posted_texts
from riskreg.web.presenters import query_string

PER_PAGE = 25
SHOWS: dict[str, tuple[str, ...]] = {
    "waiting": (DecisionState.PROPOSED,),
    "drafts": (DecisionState.DRAFT,),
    "standing": STANDS,
    "over": (
        DecisionState.CLOSED,
        DecisionState.REJECTED,
        DecisionState.SUPERSEDED,
        DecisionState.LAPSED,
    ),
}
_TABS = {
    "waiting": gettext_lazy("To be decided"),
    "drafts": gettext_lazy("Drafts"),
    "standing": gettext_lazy("Decided"),
    "over": gettext_lazy("Over"),
}
# Why something cannot be done that is nobody's right or wrong: the button is left out.
_NOT_NOW = (Block.STATE, Block.NO_RULING, Block.RULED, Block.NOT_DUE)
# What is shown, and why not and who could, to those who may not do it.
_ALWAYS = (Act.PROPOSE, Act.DECIDE, Act.AGREE, Act.REVISIT, Act.CLOSE)
# What can be done by a form on the page itself, in the order of the page.
ACTS = (
    Act.PROPOSE, Act.DECIDE, Act.AGREE, Act.REJECT, Act.REVISIT, Act.CLOSE, Act.RETRACT, Act.LAPSE,
)  # fmt: skip


class VersionForm(forms.Form):
    """The version that the person saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RevisitForm(VersionForm):
    """What became of it."""

    happened = forms.CharField(
        label=gettext_lazy("What has happened since?"), required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    lessons = forms.CharField(
        label=gettext_lazy("What was learnt?"), required=False, widget=forms.Textarea({"rows": 3})
    )
    review_on = forms.DateField(
        label=gettext_lazy("To be looked at again on"), required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip


class ArgumentForm(forms.Form):
    """What is said for or against an option."""

    option = forms.ChoiceField(label=gettext_lazy("Option"), required=False)
    stance = forms.ChoiceField(
        label=gettext_lazy("Which way"), required=False, choices=Stance.choices
    )
    text = forms.CharField(
        label=gettext_lazy("What speaks for it, or against?"), required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip


def decisions_of_tab(viewer: Viewer, show: str, today: dt.date) -> QuerySet[Decision]:
    """What one of the four lists shows, in its order. Raises ``Invalid`` for another."""
    require_tab(show, _TABS)
    soonest = ("due_on", "pk") if show in ("waiting", "drafts") else ("-updated_at", "-pk")
    return (
        decisions_with_shown_fields_for(viewer, today)
        .filter(state__in=SHOWS[show])
        .order_by(*soonest)
    )


class DecisionList(RegisterView):
    """What waits to be decided comes first; ``?show=`` chooses the others."""

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        """One of the four lists, in pages."""
        show = request.GET.get("show", "") or next(iter(SHOWS))
        today = self.viewer.today(self.at)
        rows = decisions_of_tab(self.viewer, show, today)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "show": show,
            "tabs": self._tabs(show),
            "page_obj": page,
            "rows": [decision_row(self.viewer, row, today) for row in page],
            "exports": file_links(self.viewer, "decision_export", {"show": [show]}),
            "may_ask": permits(self.viewer, "decision.ask") and self.viewer.party is not None,
        }
        return self.render("decisions/index.html", context)

    @staticmethod
    def _tabs(show: str) -> list[dict[str, Any]]:
        return [
            {"label": label, "url": query_string({}, show=key), "current": key == show}
            for key, label in _TABS.items()
        ]


class DecisionPage(RegisterView):
    """One decision. What one cannot do is said with the reason and who could."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        return self.page(ref)

    def page_url(self, name: str, **keys: Any) -> str:
        """The address of a page of decisions."""
        return reverse(f"web:{name}", kwargs={"slug": self.viewer.register.slug, **keys})

    def page(
        self,
        ref: str,
        *,
        status: int = 200,
        conflict: str = "",
        problems: "list[str] | None" = None,
        refused: "tuple[str, forms.Form] | None" = None,
        condition: Any = None,
    ) -> HttpResponse:
        """The page, with a form that could not be sent (``refused``: of which act) in place of a
        fresh one; ``problems``: what a draft lacks; ``condition``: the one that it is about."""
        today = self.viewer.today(self.at)
        row = decision_for(self.viewer, ref, today)
        context = decision_detail(self.viewer, row, today)
        for entry in context["conditions"]:
            entry["may"] = entry["open"] and permits(
                self.viewer, "decision.close_condition", entry["row"]
            )
            entry["may_waive"] = entry["open"] and may_waive(self.viewer, row, entry["row"])
            mine = refused is not None and entry["id"] == condition
            entry["form"] = refused[1] if mine and refused else WordsForm(prefix=str(entry["id"]))
        for entry in context["arguments"]:
            entry["may_release"] = (
                entry["own"]
                and row.visibility == "shared"
                and permits(self.viewer, "decision.release", entry["row"])
            )
        context |= {
            "acts": {act.value: self._act_context(row, act, refused) for act in ACTS},
            "editable": may_be_edited(self.viewer, row),
            "argue": self._argument_context(row, refused) if may_argue(self.viewer, row) else None,
            "weighing": weighing_panel(self.viewer, row, today, refused),
            "conflict": conflict,
            "texts": posted_texts(self.request),
            "problems": problems or [],
        }
        context["evidence"] = evidence_panel(self.viewer, "decision", row)
        context["comments"] = comments_panel(self.viewer, row)
        context["any_act"] = any(a["may"] or a["shown"] for a in context["acts"].values())
        return self.render("decisions/detail.html", context, status)

    def _act_context(
        self, row: Decision, act: Act, refused: "tuple[str, forms.Form] | None"
    ) -> dict[str, Any]:
        """Whether the viewer can do it, and if not, why and who could."""
        blocked = reason_blocked_for(self.viewer, act, row, self.viewer.today(self.at))
        form = refused[1] if refused and refused[0] == act.value else None
        return {
            "may": blocked is None,
            "why_not": reason_blocked_and_who_can_text(self.viewer, act, row, blocked)
            if blocked
            else "",
            "shown": act in _ALWAYS and blocked not in _NOT_NOW,
            "form": form or act_form(act, row.version),
            "open": form is not None,
            "url": self.page_url(_ROUTES.get(act, f"decision_{act.value}"), ref=row.ref),
        }

    def _argument_context(
        self, row: Decision, refused: "tuple[str, forms.Form] | None"
    ) -> dict[str, Any]:
        sent = refused[1] if refused and refused[0] == "argue" else None
        form = sent or argument_form(row)
        return {"form": form, "open": sent is not None}


_ROUTES = {Act.AGREE: "decision_vote"}


def argument_form(row: Decision, data: Mapping[str, Any] | None = None) -> ArgumentForm:
    """The form of an argument on a decision, read by ``decision_for``."""
    form = ArgumentForm(data)
    options: list[Any] = row.choices  # type: ignore[attr-defined]
    field: Any = form.fields["option"]
    field.choices = [(one.key, f"{one.key} {one.localized('title')}") for one in options]
    return form


def put_newest_version_into(form: forms.Form, version: int) -> forms.Form:
    """``form`` with what was typed, as of the version that is shown beside it now."""
    form.data = form.data.copy()  # type: ignore[attr-defined]
    form.data["version"] = str(version)  # type: ignore[index]
    return form


def act_form(act: Act, version: int, data: Mapping[str, Any] | None = None) -> forms.Form:
    """The form of an act, as it is before anything is typed, or with what was sent."""
    initial = {"version": version}
    if act == Act.PROPOSE:
        return VersionForm(data, initial=initial)
    if act == Act.REVISIT:
        return RevisitForm(data, initial=initial)
    needed = act in (Act.REJECT, Act.LAPSE, Act.CLOSE)
    return WordsForm(data, needed=needed, initial=initial)


class DecisionRecord(RegisterView):
    """What was known when it was decided, for print."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The record, as it was frozen."""
        row = decision_taken_for(self.viewer, ref)
        context = {"row": row, "record": record_of_taken_decision_in_words(self.viewer, row)}
        return self.render("decisions/record.html", context)


class DecisionRecordFile(RegisterView):
    """The record as a PDF."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, ref: str) -> HttpResponseBase:
        """In the reader's language; where this machine cannot draw one, that in words."""
        row = decision_taken_for(self.viewer, ref)
        try:
            data = record_pdf(decision_record_for_pdf(self.viewer, row))
        except ValueError as lacking:
            messages.error(request, str(lacking))
            named = {"slug": self.viewer.register.slug, "ref": ref}
            return HttpResponseRedirect(reverse("web:decision_record", kwargs=named))
        name = f"{self.viewer.register.slug}-{row.ref}.pdf"
        return download_bytes(data, name=name, media_type="application/pdf")

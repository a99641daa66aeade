"""The form that asks, the panel on the risk's page, and what is sent from it."""

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.decisions.models import Obligation, ObligationKind
from riskreg.decisions.queries.questions import closed_at, is_open, question_for, questions_of
from riskreg.decisions.services import answer_question, ask_about_risk, withdraw_question
from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits, require
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds_same_contents_once, mark_not_done
from riskreg.web.presenters import name_of_person

SHOWN = 10


class AskForm(forms.Form):
    """What is asked, for what, and by when."""

    wants = forms.ChoiceField(
        label=gettext_lazy("Ask for"),
        choices=[("answer", gettext_lazy("an answer")), ("review", gettext_lazy("a review"))],
        widget=forms.RadioSelect,
        required=False,
    )
    text = forms.CharField(
        label=gettext_lazy("Question"), widget=forms.Textarea({"rows": 4}), required=False
    )
    due_on = forms.CharField(
        label=gettext_lazy("Answer by"),
        widget=forms.DateInput({"type": "date"}),
        required=False,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("text", "due_on"):
            field: Any = self.fields[name]
            field.needed = True


@adds_same_contents_once
class AskAbout(RegisterView):
    """Ask whoever answers for the risk."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The form."""
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.ask", risk)
        return self._page(risk, AskForm(initial={"wants": "answer"}))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Ask."""
        risk, form = risk_for(self.viewer, ref), AskForm(request.POST)
        require(self.viewer, "risk.ask", risk)
        if not form.is_valid():
            return self._page(risk, form, 400)
        given = {**form.cleaned_data, "wants": form.cleaned_data["wants"] or "answer"}
        try:
            ask_about_risk(actor=self.viewer, ref=ref, at=self.at, **given)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(risk, form, 400)
        messages.success(
            request,
            _("%(name)s is asked, and reminded until it is answered.")
            % {"name": name_of_person(risk.owner)},
        )
        return redirect_to_questions(self.viewer, risk)

    def _page(self, risk: Risk, form: AskForm, status: int = 200) -> HttpResponse:
        context = {
            "risk": risk,
            "title": risk.localized("title"),
            "owner": name_of_person(risk.owner),
            "form": form,
        }
        return self.render("questions/new.html", context, status)


class _Close(RegisterView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, ref: str, question: uuid.UUID) -> HttpResponse:
        """Do it, and back to the risk; what was refused is said above it, with the words kept."""
        risk = risk_for(self.viewer, ref)
        question_for(self.viewer, risk, question)
        words = request.POST.get("words", "")
        try:
            self.act(ref, question, words)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
            return mark_not_done(redirect_to_questions(self.viewer, risk))
        return redirect_to_questions(self.viewer, risk)

    def act(self, ref: str, question: uuid.UUID, words: str) -> None:
        """Call the service."""
        raise NotImplementedError


class Answer(_Close):
    """Answer in words."""

    def act(self, ref: str, question: uuid.UUID, words: str) -> None:
        answer_question(actor=self.viewer, ref=ref, question=question, words=words, at=self.at)
        messages.success(self.request, _("Your answer is recorded."))


class TakeBack(_Close):
    """Take a question back."""

    def act(self, ref: str, question: uuid.UUID, words: str) -> None:
        withdraw_question(actor=self.viewer, ref=ref, question=question, at=self.at)
        messages.success(self.request, _("It is taken back."))


def redirect_to_questions(viewer: Viewer, risk: Risk) -> HttpResponseRedirect:
    """To what was asked, on the risk's page."""
    url = reverse("web:risk", kwargs={"slug": viewer.register.slug, "ref": risk.ref})
    return HttpResponseRedirect(f"{url}#questions")


def question_rows(viewer: Viewer, risk: Risk, today: dt.date) -> list[dict[str, Any]]:
    """What was asked about a risk, the newest first, as its page shows it."""
    rows = list(questions_of(viewer, risk)[:SHOWN])
    may_answer = permits(viewer, "risk.review", risk)
    return [_row(viewer, row, today, may_answer) for row in rows]


def _row(viewer: Viewer, row: Obligation, today: dt.date, may_answer: bool) -> dict[str, Any]:
    waits = is_open(row)
    review = row.kind == ObligationKind.REVIEW
    return {
        "id": row.uuid,
        "text": row.localized("text"),
        "who": name_of_person(row.asked_by),
        "at": row.created_at,
        "due_on": row.due_on,
        "waits": waits,
        "review": review,
        "label": _("waits for a review") if review else _("waits for an answer"),
        "taken_back": row.state == "cancelled",
        "words": row.words,
        "answered_by": name_of_person(row.closed_by),
        "answered_at": closed_at(row),
        "may_answer": waits and may_answer,
        "may_withdraw": waits and row.asked_by_id == viewer.user.pk,
    }

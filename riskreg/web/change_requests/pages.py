"""Change requests for reading: what would change, who must answer, and how it ended."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.change_models import AnswerState, ChangeRequest, ChangeState
from riskreg.register.change_policy import Effect
from riskreg.register.change_queries import (
    change_request_for,
    closed_change_requests,
    may_answer,
    may_withdraw,
    open_change_requests,
    who_can_answer_by_party,
)
from riskreg.web.base import RegisterView

SHOWN = 50
TONES = {
    ChangeState.OPEN: "warn",
    ChangeState.APPLIED: "ok",
    ChangeState.REFUSED: "bad",
    ChangeState.WITHDRAWN: "",
    ChangeState.EXPIRED: "",
    ChangeState.OUTDATED: "bad",
}
ANSWER_TONES = {
    AnswerState.WAITING: "warn",
    AnswerState.YES: "ok",
    AnswerState.NO: "bad",
    AnswerState.NOBODY: "",
}
EFFECT_TONES = {Effect.STRENGTHENS: "ok", Effect.MOVES: "", Effect.WEAKENS: "bad"}


class VersionForm(forms.Form):
    """The version that the person saw."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class RefuseForm(VersionForm):
    """No, and why."""

    words = forms.CharField(
        label=gettext_lazy("Why not?"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Whoever asked reads it, and so does everybody in the register."),
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        field: Any = self.fields["words"]
        field.needed = True


class ChangeRequestList(RegisterView):
    """Those that wait for an answer, then those that are over, the newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?before=``: those that are over and older than that one."""
        before = request.GET.get("before", "")
        closed = list(closed_change_requests(self.viewer, before)[: SHOWN + 1])
        context = {
            "open": [] if before else [_row(row) for row in open_change_requests(self.viewer)],
            "closed": [_row(row) for row in closed[:SHOWN]],
            "older": closed[SHOWN - 1].ref if len(closed) > SHOWN else "",
            "before": before,
        }
        return self.render("change_requests/index.html", context)


class ChangeRequestPage(RegisterView):
    """One request. The buttons are there for whoever can use them; the others read who could."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        return self.page(change_request_for(self.viewer, ref))

    def page(
        self,
        row: ChangeRequest,
        *,
        refuse_form: RefuseForm | None = None,
        status: int = 200,
        conflict: str = "",
    ) -> HttpResponse:
        """The page, with a form that could not be sent in place of a fresh one."""
        today = self.viewer.today(self.at)
        late = row.is_open and row.answer_by < today
        context = {
            **_row(row),
            "lines": [{"line": n, "tone": EFFECT_TONES[n.effect]} for n in row.lines],
            "difference_title": _difference_title(row),
            "answers": self._answers(row),
            "late": late,
            "may_answer": may_answer(self.viewer, row, today),
            "may_withdraw": may_withdraw(self.viewer, row),
            "refuse_form": refuse_form or RefuseForm(initial={"version": row.version}),
            "version_form": VersionForm(initial={"version": row.version}),
            "conflict": conflict,
        }
        return self.render("change_requests/detail.html", context, status)

    def _answers(self, row: ChangeRequest) -> list[dict[str, Any]]:
        """What each party has answered, and who could where none has."""
        waiting = [a.party_id for a in row.answers.all() if a.answer == AnswerState.WAITING]
        who = (
            who_can_answer_by_party(self.viewer.register.pk, waiting)
            if row.is_open and waiting
            else {}
        )
        return [
            {
                "answer": answer,
                "label": answer.get_answer_display(),
                "tone": ANSWER_TONES[AnswerState(answer.answer)],
                "people": enumerate_texts(who.get(answer.party_id, ())),
            }
            for answer in row.answers.all()
        ]


def _difference_title(row: ChangeRequest) -> str:
    if row.is_open:
        return _("What would change")
    if row.state == ChangeState.APPLIED:
        return _("What changed")
    return _("What would have changed")


def _row(row: ChangeRequest) -> dict[str, Any]:
    return {
        "row": row,
        "state": row.get_state_display(),
        "tone": TONES[ChangeState(row.state)],
        "title": row.title,
        "waiting": enumerate_texts(
            a.party.name for a in row.answers.all() if a.answer == AnswerState.WAITING
        ),
    }

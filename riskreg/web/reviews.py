"""The review screen: look at a risk in under a minute, and say what came of it."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from riskreg.events import queries as events
from riskreg.indicators.queries.breaches import breaches_of
from riskreg.kernel.errors import Conflict, FieldError, Invalid
from riskreg.register.permissions import require
from riskreg.reviews.models import Outcome, Review
from riskreg.reviews.queries import last_review
from riskreg.reviews.services import record_review
from riskreg.risks import policy
from riskreg.risks.models import Position, Risk, State
from riskreg.risks.queries.access import position_of, risk_for
from riskreg.risks.queries.lists import mitigations_of
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.cells import cell_of, cell_text, chosen_cell
from riskreg.web.history import event_rows
from riskreg.web.indicators.beside import called_rows, moved_rows
from riskreg.web.presenters import Scale, person, sentence
from riskreg.web.risks.forms import offer

HAPPENED = 6


class ReviewForm(forms.Form):
    """What the reviewer says; the cell is the radio grid's, the verdict the button's."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    comment = forms.CharField(
        label=gettext_lazy("Why?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What you looked at, in a sentence. Others will read it."),
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("Does something else follow?"), required=False, choices=[]
    )
    next_review_on = forms.CharField(
        label=gettext_lazy("Look at it sooner"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcomes = [
            ("", _("No")),
            (Outcome.MITIGATION_CHANGED.value, _("The mitigations change")),
            (Outcome.ESCALATED.value, _("It goes to the leaders")),
            (Outcome.PROPOSE_CLOSING.value, _("It could be closed")),
        ]
        offer(self, "outcome", outcomes)


class ReviewPage(RegisterView):
    """One screen: the sentence, what happened, where it stands, why; then the next date and why."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        return self._page(request, risk, ReviewForm(initial={"version": risk.version}))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, risk, form, status=400)
        data = form.cleaned_data
        if data["version"] is None:
            form.add_error(None, _("Open the page again: this one does not say what it was."))
            return self._page(request, risk, form, status=400)
        cell_error = ""
        try:
            assessment = self._judged(request, risk)
            review = record_review(
                actor=self.viewer,
                ref=ref,
                version=data["version"],
                outcome=data["outcome"] or None,
                comment=data["comment"],
                assessment=assessment and {**assessment, "rationale": data["comment"]},
                next_review_on=data["next_review_on"],
                at=self.at,
            )
        except Conflict:
            return self._conflict(request, ref, form)
        except Invalid as invalid:
            cell_error = _take_cell_error(invalid)
            if cell_error:
                form.add_error(None, cell_error)
            add_errors(form, invalid)
            return self._page(request, risk, form, status=400, cell_error=cell_error)
        messages.success(request, self._said(review, bool(data["next_review_on"])))
        return HttpResponseRedirect(self._after(request, review.risk))

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.review", risk)
        if risk.state != State.OPEN:
            raise Invalid.one("state", "not_open", _("Only open risks are reviewed."))
        return risk

    def _judged(self, request: HttpRequest, risk: Risk) -> dict[str, int] | None:
        """The new cell, if there is one. Raises ``Invalid`` where button and cell disagree."""
        chosen = chosen_cell(request.POST.get("cell", ""))
        now = cell_text(position_of(risk), "residual")
        same = chosen is None or f"{chosen['likelihood']},{chosen['impact']}" == now
        if request.POST.get("verdict") == "unchanged":
            if not same:
                raise Invalid.one(
                    "cell",
                    "contradiction",
                    _(
                        "You chose another cell and said that nothing has changed. Save the new "
                        "score, or choose today's cell again."
                    ),
                )
            return None
        if chosen is None:
            raise Invalid.one("cell", "required", _("Choose the cell where it stands today."))
        return None if same else {"stage": "residual", **chosen}  # type: ignore[dict-item]

    def _page(
        self,
        request: HttpRequest,
        risk: Risk,
        form: ReviewForm,
        *,
        status: int = 200,
        cell_error: str = "",
    ) -> HttpResponse:
        position = position_of(risk)
        today = self.viewer.today(self.at)
        scale = Scale(self.viewer.register.criteria)
        last = last_review(self.viewer, risk)
        now = cell_text(position, "residual")
        form.fields["next_review_on"].widget.attrs |= {
            "min": (today + dt.timedelta(days=1)).isoformat()
        }
        cadences = scale.cadences()
        for entry in cadences:
            entry["on"] = policy.after_review(today, entry["days"])
            entry["now"] = entry["key"] == position.residual_rating
        days = scale.matrix.cadence_days(position.residual_rating)
        mitigations = [
            {
                "ref": m.ref,
                "title": m.said("title"),
                "progress": m.progress,
                "due": m.due_on,
                "late": m.due_on < today,
            }
            for m in mitigations_of(self.viewer, risk).prefetch_related(None)
            if m.status in ("planned", "in_progress")
        ]
        happened = self._happened(risk, last)
        context = {
            "title": risk.said("title"),
            "risk": risk,
            "sentence": sentence(risk),
            "last": last
            and {
                "at": last.at,
                "who": person(last.reviewer),
                "comment": last.said("comment"),
                "outcome": last.get_outcome_display(),
            },
            "since": last.at if last else None,
            "happened": happened[:HAPPENED],
            "happened_more": len(happened) > HAPPENED,
            "mitigations": mitigations,
            "called": called_rows(self.viewer, breaches_of(self.viewer, risk)),
            "moved": moved_rows(self.viewer, risk, last.at if last else None),
            "grid": scale.grid(),
            "now": now,
            "checked": cell_of(request, now),
            "cell_error": cell_error,
            "form": form,
            "rating": scale.name(position.residual_rating),
            "days": days,
            "next_on": policy.after_review(today, days),
            "cadences": cadences,
            "next": _next(request),
        }
        return self.render("reviews/review.html", context, status=status)

    def _happened(self, risk: Risk, last: Review | None) -> list[dict[str, Any]]:
        """What was done since the last review to the risk or to the work that serves it."""
        work = mitigations_of(self.viewer, risk).prefetch_related(None).order_by()
        subjects = [risk.uuid, *work.values_list("uuid", flat=True)]
        # What people did; reminders that went out say nothing about how the risk stands.
        found = events.history_of(self.viewer.audience, subjects).filter(actor__isnull=False)
        if last is not None:
            found = found.filter(Q(at__gt=last.at) | Q(recorded_at__gt=last.created_at))
        return event_rows(self.viewer, found[: HAPPENED + 1])

    def _conflict(self, request: HttpRequest, ref: str, form: ReviewForm) -> HttpResponse:
        """The screen again, on the risk as it is now, with what was written; nothing was saved."""
        risk = self._risk(ref)
        data = request.POST.copy()
        data["version"] = str(risk.version)
        again = ReviewForm(data)
        again.is_valid()
        again.add_error(
            None,
            _(
                "Somebody changed this risk since you opened the review. Below is how it is now, "
                "with what you wrote; look again and save."
            ),
        )
        return self._page(request, risk, again, status=409)

    def _said(self, review: Review, sooner: bool) -> str:
        """The message afterwards: the next date, and why that one."""
        position: Position = position_of(review.risk)
        scale = Scale(self.viewer.register.criteria)
        days = scale.matrix.cadence_days(position.residual_rating)
        rating = scale.name(position.residual_rating)
        day = date_format(review.next_review_on, "DATE_FORMAT")
        latest = policy.after_review(self.viewer.today(self.at), days)
        if sooner and review.next_review_on < latest:
            return _(
                "The review of %(ref)s is saved. The next one is due on %(day)s, as you asked."
            ) % {"ref": review.risk.ref, "day": day}
        return ngettext(
            "The review of %(ref)s is saved. The next one is due on %(day)s: "
            "rating %(rating)s, so every day.",
            "The review of %(ref)s is saved. The next one is due on %(day)s: "
            "rating %(rating)s, so every %(n)d days.",
            days,
        ) % {"ref": review.risk.ref, "day": day, "rating": rating, "n": days}

    def _after(self, request: HttpRequest, risk: Risk) -> str:
        """Back to the work list if one came from there, else to the risk."""
        keys = {"slug": self.viewer.register.slug}
        if _next(request) == "work":
            try:
                return reverse("web:my_work", kwargs=keys)
            except NoReverseMatch:
                pass
        return reverse("web:risk", kwargs={**keys, "ref": risk.ref})


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return "work" if wanted == "work" else ""


def _take_cell_error(invalid: Invalid) -> str:
    """Take what is wrong with the cell out of ``invalid`` and return it for the grid."""
    said = ""
    for name in list(invalid.fields):
        if name.split(".")[-1] in ("cell", "likelihood", "impact"):
            errors: list[FieldError] = invalid.fields.pop(name)
            said = said or errors[0].detail
    return said


urlpatterns = [path("risks/<str:ref>/review/", ReviewPage.as_view(), name="review")]

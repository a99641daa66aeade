"""What a review asks, wherever it is held: on a page of its own or in a meeting."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from riskreg.events import queries as events
from riskreg.indicators.queries.breaches import unreviewed_breaches_of_risk
from riskreg.kernel.errors import FieldError, Invalid
from riskreg.register.access import Viewer
from riskreg.register.axes import axes_of
from riskreg.register.written import written_once
from riskreg.reviews.models import Outcome, Review
from riskreg.reviews.queries import current_review_extended_until_subquery, last_review
from riskreg.risks import policy
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.access import current_position_of, current_positions
from riskreg.web.base import RegisterView
from riskreg.web.due_dates import next_review_rows_after_review
from riskreg.web.history.page import event_rows
from riskreg.web.indicators.panels import breach_rows, watching_indicator_rows_then_and_now
from riskreg.web.levels import DimensionField, offer_dimensions_or_drop_field
from riskreg.web.localized import PARTS, outdated_text_rows, risk_statement_html
from riskreg.web.presenters import Scale, name_of_person
from riskreg.web.risks.extensions import extension_row
from riskreg.web.risks.reads import mitigations_serving
from riskreg.web.table_form import set_choices
from riskreg.web.ui.cells import cell_choice_or_none, parse_cell_choice, posted_or_current_cell
from riskreg.web.ui.labels import figure_label

HAPPENED = 6


class ReviewForm(forms.Form):
    """What the reviewer says; the cell is the radio grid's, the verdict the button's."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    comment = forms.CharField(
        label=gettext_lazy("Why?"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "What you looked at, in a sentence; of a new score, which band or words of the level "
            "fit. Others will read it; a new score is not saved without."
        ),
    )
    dimension = DimensionField()
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
        self.fields["comment"].when_needed = _("needed for a new score")  # type: ignore[attr-defined]
        outcomes = [
            ("", _("No")),
            (Outcome.MITIGATION_CHANGED.value, _("The mitigations change")),
            (Outcome.ESCALATED.value, _("It goes to the leaders")),
            (Outcome.PROPOSE_CLOSING.value, _("It could be closed")),
        ]
        set_choices(self, "outcome", outcomes)


class ReviewScreen(RegisterView):
    """Reads and shows one review; what is done with the answer is for the page."""

    def parse_judgement(
        self, request: HttpRequest, risk: Risk, data: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The new cell with what was said about it (``data`` of the form), if there is one. Raises
        ``Invalid`` where the button does not fit."""
        judged = self._new_cell_or_none(request, risk)
        dimension = data.get("dimension")
        if judged is None and dimension:
            text = _(
                "No score is saved with this, so that nothing drove it. Leave it empty, or choose "
                "another cell and save the new score."
            )
            raise Invalid.one("dimension", "without_score", text)
        why = {"dimension": dimension or None, "rationale": data["comment"]}
        return judged and {**judged, **why}

    def _new_cell_or_none(self, request: HttpRequest, risk: Risk) -> dict[str, Any] | None:
        chosen = parse_cell_choice(request.POST.get("cell", ""))
        now = cell_choice_or_none(current_position_of(risk), "residual")
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
        if same and request.POST.get("verdict") == "rescore":
            raise Invalid.one(
                "cell",
                "nothing_changed",
                _(
                    "Nothing has changed: this is the cell where it stands. Choose another cell, "
                    "or press “Nothing has changed”."
                ),
            )
        return None if same else {"stage": "residual", **chosen}

    def review_context(
        self, request: HttpRequest, risk: Risk, form: ReviewForm, cell_error: str = ""
    ) -> dict[str, Any]:
        """The sentence, what happened, where it stands, and the dates that would follow."""
        # Extensions are rare: one is read only where this query says there is any.
        [position] = _current_position_rows(self.viewer, risk.pk)
        today = self.viewer.today(self.at)
        scale = Scale(self.viewer.register.criteria)
        last = last_review(self.viewer, risk)
        now = cell_choice_or_none(position, "residual")
        offer_dimensions_or_drop_field(form, scale.criteria)
        form.fields["next_review_on"].widget.attrs |= {
            "min": (today + dt.timedelta(days=1)).isoformat()
        }
        work = mitigations_serving(self.viewer, risk.pk)
        mitigations = [
            {
                "ref": m.ref,
                "title": m.localized("title"),
                "progress": m.progress,
                "label": figure_label(m.labels, "progress"),
                "due": m.due_on,
                "late": m.due_on < today,
            }
            for m in work
            if m.status in ("planned", "in_progress")
        ]
        happened = self._events_by_people_since_review([risk.uuid, *(m.uuid for m in work)], last)
        return {
            "title": risk.localized("title"),
            "risk": risk,
            "sentence": risk_statement_html(risk),
            "outdated": [
                *outdated_text_rows(risk, "title"),
                *outdated_text_rows(risk, *PARTS, together=True),
            ],
            "last": last
            and {
                "at": last.at,
                "who": name_of_person(last.reviewer),
                "comment": last.localized("comment"),
                "outcome": last.get_outcome_display(),
            },
            "extension": extension_row(self.viewer, risk, today)
            if position.extended_until
            else None,
            "since": last.at if last else None,
            "happened": happened[:HAPPENED],
            "happened_more": len(happened) > HAPPENED,
            "mitigations": mitigations,
            "called": breach_rows(self.viewer, unreviewed_breaches_of_risk(self.viewer, risk.pk)),
            "moved": watching_indicator_rows_then_and_now(
                self.viewer, risk, last.at if last else None
            ),
            "grid": scale.grid(axes_of(self.viewer.register), kind=risk.kind),
            "now": now,
            "checked": posted_or_current_cell(request, now),
            "cell_error": cell_error,
            "form": form,
            "then": next_review_rows_after_review(scale, position, today),
        }

    def _events_by_people_since_review(
        self, subjects: list[uuid.UUID], last: Review | None
    ) -> list[dict[str, Any]]:
        """What was done since the last review to the risk or to the work that serves it."""
        # What people did; reminders that went out say nothing about how the risk stands.
        found = events.history_of(self.viewer.audience, subjects).filter(actor__isnull=False)
        if last is not None:
            found = found.filter(Q(at__gt=last.at) | Q(recorded_at__gt=last.created_at))
        return event_rows(self.viewer, found[: HAPPENED + 1])

    def saved_message(self, review: Review, sooner: bool) -> str:
        """The message afterwards: the next date, and why that one."""
        position: Position = current_position_of(review.risk)
        scale = Scale(self.viewer.register.criteria)
        days = scale.matrix.cadence_days(position.residual_rating)
        rating = scale.name(position.residual_rating)
        day = date_format(review.next_review_on, "DATE_FORMAT")
        latest = policy.next_review_after(self.viewer.today(self.at), days)
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


@written_once()
def _current_position_rows(viewer: Viewer, risk: int) -> QuerySet[Any]:
    extended = current_review_extended_until_subquery("risk__", viewer)
    return current_positions(viewer).annotate(extended_until=extended).filter(risk=risk)


def pop_cell_error(invalid: Invalid) -> str:
    """Take what is wrong with the cell out of ``invalid`` and return it for the grid; what is
    wrong with the reason goes to the comment."""
    message = ""
    for name in list(invalid.fields):
        if name.split(".")[-1] == "rationale":
            # On these pages the comment is the reason.
            invalid.fields.setdefault("comment", []).extend(invalid.fields.pop(name))
            continue
        if name.split(".")[-1] in ("cell", "likelihood", "impact"):
            errors: list[FieldError] = invalid.fields.pop(name)
            message = message or errors[0].detail
    return message

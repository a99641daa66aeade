"""More time for a review: who grants it, until when and why."""

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from riskreg.register.policy import Matrix
from riskreg.reviews import policy
from riskreg.reviews.queries import extension_of_next_review
from riskreg.reviews.services import grant_extension
from riskreg.reviews.services.extensions import require_may_extend
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import current_position_of, risk_for
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.risks.actions import NeededField, ReasonForm, RiskAction


class ExtendForm(ReasonForm):
    """Until when, and why."""

    until = NeededField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ["until", "reason"]


@adds_same_contents_once
class ExtendReview(RiskAction):
    """The review may wait; its date stays, and so does its being late."""

    action = "extend"
    form_class = ExtendForm

    def page_texts(self, risk: Risk) -> dict[str, str]:
        return {
            "title": _("Give the review more time"),
            "text": _(
                "Reminders wait until that day. The due date stays as it is: the review shows as "
                "late, extended, and counts as late."
            ),
            "button": _("Give more time"),
        }

    def prepare_form(self, form: Any, risk: Risk) -> None:
        if risk.next_review_on is None:
            return
        today = self.viewer.today(self.at)
        first = policy.earliest_extension_day(today, risk.next_review_on)
        days = Matrix(self.viewer.criteria).cadence_days(current_position_of(risk).residual_rating)
        last = policy.latest_extension_day(today, days)
        field = form.fields["until"]
        field.widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}
        field.help_text = ngettext(
            "Due on %(due)s; at the latest until %(last)s: at this rating a day from today.",
            "Due on %(due)s; at the latest until %(last)s: at this rating %(n)d days from today.",
            days,
        ) % {
            "due": date_format(risk.next_review_on, "DATE_FORMAT"),
            "last": date_format(last, "DATE_FORMAT"),
            "n": days,
        }

    def act(self, risk: Risk, data: dict[str, Any]) -> Risk:
        granted = grant_extension(
            actor=self.viewer,
            ref=risk.ref,
            version=data["version"],
            until=data["until"],
            reason=data["reason"],
            at=self.at,
        )
        return granted.risk

    def success_message(self, risk: Risk) -> str:
        extension = extension_of_next_review(self.viewer, risk)
        day = date_format(extension.until, "DATE_FORMAT") if extension else ""
        return _(
            "The review of %(ref)s may wait until %(day)s. It counts as late all the same."
        ) % {
            "ref": risk.ref,
            "day": day,
        }

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        require_may_extend(self.viewer, risk)
        return risk

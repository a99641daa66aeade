"""One item of a running meeting on the screen."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.permissions import permits, require
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import ItemOutcome, Meeting, MeetingItem
from riskreg.reviews.queries.meetings import (
    agenda,
    item_for,
    meeting_for,
    numbers_of_pending_items,
)
from riskreg.reviews.services import (
    record_item,
)
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import add_errors
from riskreg.web.meetings.base import MeetingView
from riskreg.web.meetings.minutes import agenda_rows
from riskreg.web.presenters import name_of_person
from riskreg.web.reviews.page import ReviewForm, ReviewScreen, pop_cell_error
from riskreg.web.risks.mismatches import warn_of_mismatches


class MeetingItemPage(MeetingView, ReviewScreen):
    """One item on the screen: look, say what came of it, go on to the next."""

    def get(self, request: HttpRequest, meeting: uuid.UUID, number: int) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        if not row.running:
            return self.redirect_to_meeting(row)
        item = item_for(row, number)
        return self._page(request, row, item, None)

    def post(self, request: HttpRequest, meeting: uuid.UUID, number: int) -> HttpResponse:
        row = meeting_for(self.viewer, meeting)
        item = item_for(row, number)
        if not row.running:
            messages.warning(request, _("This meeting is over; its minutes stand."))
            return self.redirect_to_meeting(row)
        risk = risk_for(self.viewer, item.risk.ref)
        require(self.viewer, "meeting.record", risk)
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, row, item, form, status=400)
        data = form.cleaned_data
        if data["version"] is None:
            form.add_error(None, _("Open the page again: this one does not say what it was."))
            return self._page(request, row, item, form, status=400)
        deferred = request.POST.get("verdict") == "defer"
        cell_error = ""
        try:
            review = None
            if not deferred:
                assessment = self.parse_judgement(request, risk, data)
                review = {
                    "outcome": data["outcome"] or None,
                    "comment": data["comment"],
                    "assessment": assessment,
                    "next_review_on": data["next_review_on"],
                }
            done = record_item(
                actor=self.viewer,
                meeting=row.uuid,
                number=number,
                version=data["version"],
                outcome=ItemOutcome.DEFERRED if deferred else ItemOutcome.REVIEWED,
                note=data["comment"] if deferred else "",
                review=review,
                at=self.at,
            )
        except Conflict as conflict:
            return self._conflict_page(request, row, item, conflict)
        except Invalid as invalid:
            cell_error = pop_cell_error(invalid)
            if cell_error:
                form.add_error(None, cell_error)
            add_errors(form, invalid)
            return self._page(request, row, item, form, status=400, cell_error=cell_error)
        if done.review is not None:
            done.review.risk = done.risk
            messages.success(request, self.saved_message(done.review, bool(data["next_review_on"])))
            if done.review.assessment is not None:
                warn_of_mismatches(request, done.risk)
        else:
            messages.success(request, _("%(ref)s is deferred.") % {"ref": done.risk.ref})
        return HttpResponseRedirect(self._address_of_next_pending_item(row, number))

    def _address_of_next_pending_item(self, row: Meeting, number: int) -> str:
        """The next item that waits, from here on and then from the top; else the meeting."""
        waiting = numbers_of_pending_items(row)
        following = next((n for n in waiting if n > number), waiting[0] if waiting else None)
        if following is None:
            return self.page_url("meeting", meeting=row.uuid)
        return self.page_url("meeting_item", meeting=row.uuid, number=following)

    def _conflict_page(
        self, request: HttpRequest, row: Meeting, item: MeetingItem, conflict: Conflict
    ) -> HttpResponse:
        """The screen as things are now, with what was written; nothing was saved."""
        now = item_for(row, item.number)
        data = request.POST.copy()
        data["version"] = str(risk_for(self.viewer, item.risk.ref).version)
        again = ReviewForm(data)
        again.is_valid()
        again.add_error(
            None,
            conflict.detail
            if now.outcome == ItemOutcome.REVIEWED
            else _(
                "Somebody changed this risk since you opened the review. Below is how it is now, "
                "with what you wrote; look again and save."
            ),
        )
        return self._page(request, row, now, again, status=409)

    def _page(
        self,
        request: HttpRequest,
        row: Meeting,
        item: MeetingItem,
        form: ReviewForm | None,
        *,
        status: int = 200,
        cell_error: str = "",
    ) -> HttpResponse:
        risk = risk_for(self.viewer, item.risk.ref)
        form = form or ReviewForm(initial={"version": risk.version})
        items = agenda(row)
        numbers = [i.number for i in items]
        at = numbers.index(item.number)

        def step(to: int) -> str:
            found = 0 <= to < len(numbers)
            return (
                self.page_url("meeting_item", meeting=row.uuid, number=numbers[to]) if found else ""
            )

        context = {
            **self.review_context(request, risk, form, cell_error),
            "meeting": row,
            "private": row.visibility == Visibility.PARTY,
            "item": item,
            "owner": name_of_person(risk.owner),
            "deputy": name_of_person(risk.deputy),
            "party": risk.party.name,
            "reviewed": item.review
            and {
                "who": name_of_person(item.review.reviewer),
                "outcome": item.review.get_outcome_display(),
                "comment": item.review.localized("comment"),
                "next": item.review.next_review_on,
            },
            "may_record": risk.state == "open" and permits(self.viewer, "meeting.record", risk),
            "defer": True,
            "rows": agenda_rows(self.viewer, row, items, current=item.number),
            "number": at + 1,
            "count": len(items),
            "done": sum(i.outcome != ItemOutcome.PENDING for i in items),
            "previous": step(at - 1),
            "following": step(at + 1),
        }
        return self.render("meetings/item.html", context, status=status)

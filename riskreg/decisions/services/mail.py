"""What whoever asked about a risk is written when an answer came: through the outbox, as it reads
when it is sent."""

import datetime as dt
import uuid
from typing import Any

from django.utils.text import Truncator

from riskreg.accounts.mails import page_address
from riskreg.accounts.messages import build_draft_to
from riskreg.accounts.models import User
from riskreg.decisions.models import Obligation, ObligationState
from riskreg.decisions.queries.questions import (
    open_review_questions_first_met_by,
    review_that_answers,
)
from riskreg.events.policy import Audience
from riskreg.notify.letters import render_letter
from riskreg.notify.models import Message
from riskreg.notify.refresh import Content
from riskreg.notify.services import post
from riskreg.register.models import Membership
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Outcome, Review

KIND = "answer"
# A mail quotes no more than this; the whole is behind its button.
QUOTED = 1500


def write_to_asker(row: Obligation, at: dt.datetime) -> None:
    """Post a message about the answer to whoever asked, unless they gave it or left."""
    if row.closed_by_id != row.asked_by_id:
        _post_to_asker(row, None, at)


def write_to_askers_of_review(review: Review) -> None:
    """Post a message to each who asked for this review of a risk, unless they held it themselves or
    left: once for what they asked, by the first review after it."""
    for row in open_review_questions_first_met_by(review):
        if row.asked_by_id != review.reviewer_id:
            _post_to_asker(row, review, review.created_at)


def _post_to_asker(row: Obligation, review: Review | None, at: dt.datetime) -> None:
    user = row.asked_by
    if user is None:
        return
    home = _membership_to_read_by(row, user)
    if home is None:
        return
    post(
        build_draft_to(
            user,
            at,
            key=f"{KIND}:{row.uuid}",
            kind=KIND,
            content=_content(row, review, user),
            audiences=[Audience(row.register.uuid, home.party.uuid if home.party else None)],
        ),
        at,
    )


def current_content_of_message(message: uuid.UUID, at: dt.datetime) -> Content | None:
    """What it should say now; None once its reader may not read the answer any more."""
    _kind, question = Message.objects.get(uuid=message).key.split(":")
    rows = Obligation.objects.select_related("register", "risk", "asked_by", "closed_by", "party")
    row = rows.get(uuid=question)
    user = row.asked_by
    review = review_that_answers(row)
    answered = row.state == ObligationState.MET or review is not None
    if user is None or not answered or _membership_to_read_by(row, user) is None:
        return None
    return _content(row, review, user)


def _membership_to_read_by(row: Obligation, user: User) -> Membership | None:
    """The membership by which ``user`` may read the answer now."""
    rows = Membership.objects.select_related("party").filter(
        register=row.register_id, user=user, ended_at=None, user__is_active=True
    )
    if row.visibility == Visibility.PARTY:
        rows = rows.filter(party=row.party_id)
    return rows.first()


def _content(row: Obligation, review: Review | None, user: User) -> Content:
    """``review``: what answers it, where it asked for one; else it was answered in words."""
    author = row.closed_by if review is None else review.reviewer

    def values() -> dict[str, Any]:
        register, risk = row.register, row.risk
        return {
            "name": user.display_name,
            "author": author.display_name if author else "",
            "outcome": "" if review is None else Outcome(review.outcome).label,
            "about": f"{risk.ref} {risk.localized('title')}",
            "question": Truncator(row.text).chars(QUOTED),
            "quoted": Truncator(review.localized("comment") if review else row.words).chars(QUOTED),
            "registers_said": register.name,
            "registers": [{"name": register.name, "notice": register.notice}],
            "url": page_address("web:risk", slug=register.slug, ref=risk.ref) + "#questions",
            "preferences_url": page_address("web:preferences"),
        }

    return render_letter(user, KIND, values)

"""Answers to change requests: yes, no, taken back, too late; and the change itself, made by the
last yes."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.services import append
from riskreg.kernel import clock
from riskreg.kernel.errors import Conflict, Errors, Forbidden, Invalid, RiskregError
from riskreg.kernel.punctuation import colon, join_sentences
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer, as_viewer
from riskreg.register.change_kinds import kind_keys_answered_in_archived, kind_of
from riskreg.register.change_models import AnswerState, ChangeRequest, ChangeState, PartyAnswer
from riskreg.register.change_queries import (
    ANSWER,
    change_request_for,
    takes_answers,
    who_can_answer_by_party,
)
from riskreg.register.models import Membership, Party
from riskreg.register.permissions import archived_refusal_text, require
from riskreg.register.services.change_mail import ASKED, CLOSED, HOLDS, JOINED, post_message_to_each
from riskreg.register.services.change_requests import answers_by_party, closing_for_event

WORDS_MAX = 2000
AT_ONCE = 200
# Of several things that are in the way, so many are named.
NAMED = 3


class _GroundMoved(Exception):
    """What the request was based on is not so any more."""

    def __init__(self, words: dict[str, str]) -> None:
        super().__init__()
        self.words = words


@transaction.atomic
def approve_change(
    *, actor: Viewer, name: str, version: int | None, at: dt.datetime
) -> ChangeRequest:
    """Say yes for the actor's party. With the last yes the change is made, in this transaction.

    If it cannot be made any more, because what it was based on has moved, the request becomes
    outdated and nothing else is changed. Raises ``Forbidden``, ``Invalid`` where it is closed, too
    late or answered already, ``Conflict`` for another version than was seen, ``NotFound``.
    """
    row, answer = _locked_with_own_answer(actor, name, version, at)
    before = answers_by_party(row)
    _save_answer(row, answer, AnswerState.YES, actor, at)
    changes: dict[str, Any] = {"answers": [before, answers_by_party(row)]}
    if row.answers.filter(answer=AnswerState.WAITING).exists():
        row.save(update_fields=["version"])
        append(actor.entry("change_request.approved", row, at=at, changes=changes))
        return row
    try:
        with transaction.atomic():
            _save_closed(row, ChangeState.APPLIED, actor.user, at)
            append(
                actor.entry(
                    "change_request.applied",
                    row,
                    at=at,
                    changes={**changes, **_changes_on_closing(row)},
                )
            )
            _make_change(row, actor.request_id, at)
    except _GroundMoved as moved:
        row.closing_words = moved.words
        _save_closed(row, ChangeState.OUTDATED, actor.user, at)
        _log_request(actor, "change_request.outdated", row, at, **changes)
        post_message_to_each(row, [row.requested_by], CLOSED, at)
        return row
    post_message_to_each(row, [row.requested_by], CLOSED, at)
    known = {actor.user.pk, row.requested_by_id}
    everybody = [
        user for some in who_can_answer_by_party(row.register_id).values() for user in some
    ]
    post_message_to_each(row, [user for user in everybody if user.pk not in known], HOLDS, at)
    return row


@transaction.atomic
def refuse_change(
    *, actor: Viewer, name: str, version: int | None, words: Any, at: dt.datetime
) -> ChangeRequest:
    """Say no for the actor's party, and why. Nothing is changed. Raises as ``approve_change``, and
    ``Invalid`` without words."""
    row, answer = _locked_with_own_answer(actor, name, version, at)
    errors = Errors()
    words = clean_text(errors, "words", words, required=True, limit=WORDS_MAX)
    errors.raise_if_any()
    before = answers_by_party(row)
    _save_answer(row, answer, AnswerState.NO, actor, at)
    row.closing_words = {translation.get_language() or settings.LANGUAGE_CODE: words}
    _save_closed(row, ChangeState.REFUSED, actor.user, at)
    answers = [before, answers_by_party(row)]
    _log_request(actor, "change_request.refused", row, at, answers=answers)
    post_message_to_each(row, [row.requested_by], CLOSED, at)
    return row


@transaction.atomic
def withdraw_change(
    *, actor: Viewer, name: str, version: int | None, at: dt.datetime
) -> ChangeRequest:
    """Take a request back, as whoever asked for it. Raises ``Forbidden``, ``Invalid``,
    ``Conflict``, ``NotFound``."""
    row = change_request_for(actor, name, lock=True)
    _require_not_archived_or_restoring(actor, row)
    if row.requested_by_id != actor.user.pk:
        raise Forbidden(
            _("Only %(name)s, who asked for it, takes it back.") % {"name": row.requested_by}
        )
    _require_open_and_unchanged(row, version)
    row.version += 1
    _save_closed(row, ChangeState.WITHDRAWN, actor.user, at)
    _log_request(actor, "change_request.withdrawn", row, at)
    return row


def expire_and_reassign_requests(at: dt.datetime) -> int:
    """Close what was not answered in time, and ask somebody else where who was asked cannot answer
    any more. Returns how many were changed; running it twice, or late, makes no difference."""
    tended = 0
    lives = Q(register__archived_at=None) | Q(kind__in=kind_keys_answered_in_archived())
    rows = ChangeRequest.objects.filter(lives, state=ChangeState.OPEN)
    for row in rows.order_by("answer_by", "pk")[:AT_ONCE]:
        with transaction.atomic():
            tended += _expire_or_reassign(row.pk, at)
    return tended


def post_missed_change_if_first_to_answer(membership: Membership, at: dt.datetime) -> None:
    """Write to the first who can speak for a party what was changed while nobody could."""
    party = membership.party
    if party is None:
        return
    here = who_can_answer_by_party(membership.register_id, [party.pk]).get(party.pk, [])
    if [user.pk for user in here] != [membership.user_id]:
        return
    unheard = ChangeRequest.objects.filter(
        answers__party=party, answers__answer=AnswerState.NOBODY, state=ChangeState.APPLIED
    )
    newest = unheard.select_related("register", "requested_by", "party").order_by("-pk").first()
    if newest is not None:
        post_message_to_each(newest, [membership.user], JOINED, at)


def _expire_or_reassign(key: int, at: dt.datetime) -> int:
    row = (
        ChangeRequest.objects.select_for_update(of=("self",), no_key=True)
        .select_related("register", "requested_by", "party")
        .filter(pk=key, state=ChangeState.OPEN)
        .first()
    )
    if row is None:
        return 0
    by = Viewer(user=row.requested_by, register=row.register, role="manager", party=row.party)
    if row.answer_by < clock.local_date(at, row.register.time_zone):
        row.version += 1
        _save_closed(row, ChangeState.EXPIRED, None, at)
        _log_request(by, "change_request.expired", row, at)
        post_message_to_each(row, [row.requested_by], CLOSED, at)
        return 1
    who, changed = who_can_answer_by_party(row.register_id), 0
    for answer in row.answers.filter(answer=AnswerState.WAITING).select_related("party"):
        people = who.get(answer.party_id, [])
        if people and answer.asked_id not in [user.pk for user in people]:
            answer.asked = people[0]
            answer.save(update_fields=["asked"])
            post_message_to_each(row, people, ASKED, at)
            changed = 1
    return changed


def _locked_with_own_answer(
    actor: Viewer, name: str, version: int | None, at: dt.datetime
) -> tuple[ChangeRequest, PartyAnswer]:
    """The request, locked, and the answer that the actor is about to give to it."""
    row = change_request_for(actor, name, lock=True)
    _require_not_archived_or_restoring(actor, row)
    answers = {answer.party_id: answer for answer in row.answers.all()}
    answer = None if actor.party_id is None else answers.get(actor.party_id)
    require(actor, ANSWER, answer if answer is not None else row)
    if answer is None:
        raise Forbidden(_("This change does not bind your party, so it needs no answer of yours."))
    # What the actor was when the request began may be over by now: a vote is a right like others.
    present = Membership.objects.filter(
        register=actor.register, user=actor.user, party=actor.party, role=actor.role, ended_at=None
    )
    if not present.exists():
        raise Forbidden(_("You do not speak for this party any more."))
    if answer.answer == AnswerState.YES and row.is_open:
        raise _wrong_state_error(
            _("%(party)s has said yes already, by %(name)s. One yes of each party is enough.")
            % {"party": answer.party.name, "name": answer.answered_by}
        )
    _require_open_and_unchanged(row, version)
    if row.requested_by_id == actor.user.pk:
        raise Forbidden(
            _("You asked for this yourself, for another party. Somebody else answers for this one.")
        )
    if row.answer_by < actor.today(at):
        raise _wrong_state_error(
            _("The time to answer ended on %(day)s. It can be asked again.")
            % {"day": date_format(row.answer_by, "DATE_FORMAT")}
        )
    return row, answer


def _save_answer(
    row: ChangeRequest, answer: PartyAnswer, given: AnswerState, actor: Viewer, at: dt.datetime
) -> None:
    answer.answer, answer.answered_by, answer.answered_at = given, actor.user, at
    answer.due_on = None
    answer.save(update_fields=["answer", "answered_by", "answered_at", "due_on"])
    row.version += 1


def _require_not_archived_or_restoring(actor: Viewer, row: ChangeRequest) -> None:
    """Raise ``Forbidden`` in an archived register, but for what would restore it."""
    if not takes_answers(actor.register, row):
        raise Forbidden(archived_refusal_text())


def _require_open_and_unchanged(row: ChangeRequest, version: int | None) -> None:
    if not row.is_open:
        raise _wrong_state_error(
            _("This request is closed: it is %(state)s.") % {"state": row.get_state_display()}
        )
    if version is not None and version != row.version:
        raise Conflict(_("Somebody answered since you looked. Look at it again."), row)


def _wrong_state_error(why: str) -> Invalid:
    """It cannot be done to a request that stands as this one does, whoever looks again."""
    return Invalid.one("state", "wrong_state", why)


def _save_closed(row: ChangeRequest, state: str, by: User | None, at: dt.datetime) -> None:
    row.state, row.closed_by, row.closed_at = state, by, at
    row.save(update_fields=["state", "closed_by", "closed_at", "closing_words", "version"])
    row.answers.exclude(due_on=None).update(due_on=None)


def _log_request(
    actor: Viewer, verb: str, row: ChangeRequest, at: dt.datetime, **more: Any
) -> None:
    append(actor.entry(verb, row, at=at, changes={**more, **_changes_on_closing(row)}))


def _changes_on_closing(row: ChangeRequest) -> dict[str, Any]:
    closed = {name: [None, value] for name, value in closing_for_event(row).items()}
    return {"state": [ChangeState.OPEN.value, row.state], **closed}


def _make_change(row: ChangeRequest, request_id: str, at: dt.datetime) -> None:
    """Make the change, as whoever asked for it. Raises ``_GroundMoved``."""
    words: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            try:
                # Under a savepoint: what is refused in one language is refused in every other.
                with transaction.atomic():
                    _make_as_requester_or_raise(row, request_id, at)
                    return
            except RiskregError as error:
                text = _("%(why)s So this change was not made; ask again by what holds now.")
                words[language] = text % {"why": _why_not_made(error)}
    raise _GroundMoved(words)


def _why_not_made(error: RiskregError) -> str:
    """Why it could not be made; where that is said of each of several things, the first of them."""
    fields = error.fields if isinstance(error, Invalid) else {}
    each = [f"{name}{colon()}{errors[0].detail}" for name, errors in fields.items()]
    named = error.detail in [one.detail for errors in fields.values() for one in errors]
    return error.detail if named else join_sentences([error.detail, *each[:NAMED]])


def _make_as_requester_or_raise(row: ChangeRequest, request_id: str, at: dt.datetime) -> None:
    membership = (
        Membership.objects.select_related("register__criteria", "party", "user")
        .filter(register=row.register_id, user=row.requested_by_id, ended_at=None)
        .first()
    )
    if membership is None or membership.party_id != row.party_id:
        raise Conflict(
            _("%(name)s, who asked for it, does not act for %(party)s any more.")
            % {"name": row.requested_by, "party": row.party.name if row.party else ""}
        )
    answered = set(row.answers.values_list("party", flat=True))
    others = Party.objects.filter(register=row.register_id).exclude(pk__in=answered)
    if row.binds_all and others.exists():
        raise Conflict(_("Another party has joined since, and was not asked."))
    requester = as_viewer(membership.user, membership, request_id)
    kind_of(row.kind).apply(actor=requester, content=row.content, at=at, agreed=row)

"""What binds all parties needs all of them (I12): asking for a change of it, before it is made.

Each service that changes what is common calls ``ask_others_or_note_agreed`` once it knows what
would change. A change that only strengthens, or that nobody else can speak about, is noted and goes
on at once. For any other a request is left behind, and the service stops there; when the last yes
comes, the very same service is called again with the content that was frozen."""

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.change_models import AnswerState, ChangeRequest, ChangeState, PartyAnswer
from riskreg.register.change_queries import who_can_answer_by_party
from riskreg.register.changes import time_text
from riskreg.register.models import Party
from riskreg.register.services.change_mail import ASKED, HOLDS, post_message_to_each
from riskreg.register.services.frame import take_next_ref
from riskreg.register.visibility import Visibility

ANSWER_DAYS = 30


@dataclass(frozen=True)
class Proposal:
    """A change of what is common: ``content`` as its service takes it, ``before`` and ``after`` as
    they are shown. ``asks``: whether it needs a yes (``change_policy``); ``parties``: of whom
    (database ids; None: of every party of the register)."""

    kind: str
    content: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    asks: bool
    parties: Collection[int] | None = None


@transaction.atomic
def ask_others_or_note_agreed(
    actor: Viewer,
    proposal: Proposal,
    at: dt.datetime,
    *,
    agreed: ChangeRequest | None = None,
) -> ChangeRequest:
    """Ask the other parties, or note that the change goes on: the caller makes it unless the
    request that comes back ``is_open``.

    ``agreed``: the request whose last yes has just come; it is checked that this is what was agreed
    on. Who can speak for no party is not waited for: a party without managers and leaders is noted
    as such. Raises ``Invalid`` where the same change waits for its answer already.
    """
    content = _value_to_json(proposal.content)
    if agreed is not None:
        _require_agreed(agreed, proposal.kind, content)
        return agreed
    _require_not_asked_already(actor, proposal.kind, content, at)
    binds = Party.objects.filter(register=actor.register).order_by("pk")
    if proposal.parties is not None:
        own = [] if actor.party_id is None else [actor.party_id]
        binds = binds.filter(pk__in=[*proposal.parties, *own])
    who = who_can_answer_by_party(actor.register.pk)
    others = [party for party in binds if party.pk != actor.party_id]
    must_wait = proposal.asks and any(party.pk in who for party in others)
    row = ChangeRequest.objects.create(
        register=actor.register,
        ref=take_next_ref(actor.register, "change_request", None),
        kind=proposal.kind,
        content=content,
        before=_value_to_json(proposal.before),
        after=_value_to_json(proposal.after),
        requested_by=actor.user,
        party=actor.party,
        binds_all=proposal.parties is None,
        state=ChangeState.OPEN if must_wait else ChangeState.APPLIED,
        answer_by=actor.today(at) + dt.timedelta(days=ANSWER_DAYS),
        closed_at=None if must_wait else at,
        closed_by=None if must_wait else actor.user,
        created_at=at,
    )
    for party in binds if proposal.asks else ():
        _create_first_answer(row, party, actor, who, at)
    changes = {
        name: [None, value]
        for name, value in {
            "kind": row.kind,
            "requested_by": str(actor.user.uuid),
            "party": row.party.key if row.party else None,
            "state": row.state,
            "content": content,
            "answer_by": str(row.answer_by),
            "answers": answers_by_party(row),
            **closing_for_event(row),
        }.items()
        if value
    }
    append(actor.entry("change_request.made", row, at=at, changes=changes))
    readers = [user for party in others for user in who.get(party.pk, ())]
    post_message_to_each(row, readers, ASKED if must_wait else HOLDS, at)
    return row


def would_wait_for_others(actor: Viewer, proposal: Proposal) -> bool:
    """Whether ``ask_others_or_note_agreed`` would leave it with a request, as things stand now."""
    who = who_can_answer_by_party(actor.register.pk, proposal.parties)
    return proposal.asks and any(party != actor.party_id for party in who)


def _create_first_answer(
    row: ChangeRequest,
    party: Party,
    actor: Viewer,
    who: Mapping[int, list[Any]],
    at: dt.datetime,
) -> None:
    """What ``party`` answers to begin with: yes for who asks, otherwise nothing yet."""
    people = who.get(party.pk, [])
    own = party.pk == actor.party_id
    answer = AnswerState.YES if own else AnswerState.WAITING if people else AnswerState.NOBODY
    PartyAnswer.objects.create(
        register=actor.register,
        request=row,
        party=party,
        visibility=Visibility.SHARED,
        answer=answer,
        asked=people[0] if people and not own else None,
        answered_by=actor.user if own else None,
        answered_at=at if own else None,
        due_on=row.answer_by if answer == AnswerState.WAITING else None,
        created_at=at,
    )


def answers_by_party(row: ChangeRequest) -> dict[str, str]:
    """{key of a party: its answer}, as the events of a request tell it: always all of them."""
    return {a.party.key: a.answer for a in row.answers.select_related("party").order_by("party")}


def closing_for_event(row: ChangeRequest) -> dict[str, Any]:
    """What the event that closes a request tells of that: when, by whom, and in which words."""
    if row.closed_at is None:
        return {}
    values = {
        "closed_at": time_text(row.closed_at),
        "closed_by": str(row.closed_by.uuid) if row.closed_by else None,
        "words": row.closing_words,
    }
    return {name: value for name, value in values.items() if value}


def _require_agreed(agreed: ChangeRequest, kind: str, content: Any) -> None:
    """A service that is called with a request does what that says, and nothing else."""
    owed = agreed.answers.filter(answer__in=[AnswerState.WAITING, AnswerState.NO]).exists()
    same = agreed.kind == kind and _value_to_json(agreed.content) == content
    if agreed.state != ChangeState.APPLIED or owed or not same:
        raise Conflict(_("This is not what the parties have agreed on. Ask again."))


def _require_not_asked_already(actor: Viewer, kind: str, content: Any, at: dt.datetime) -> None:
    waiting = ChangeRequest.objects.filter(
        register=actor.register, kind=kind, state=ChangeState.OPEN
    )
    for row in waiting.order_by("pk"):
        if _value_to_json(row.content) == content and row.answer_by >= actor.today(at):
            raise Invalid.one(
                "change_request",
                "waiting",
                _("This very change waits for an answer already, as %(ref)s.") % {"ref": row.ref},
            )


def _value_to_json(value: Any) -> Any:
    """``value`` as JSON keeps it, to be stored and compared."""
    return json.loads(json.dumps(value, sort_keys=True))

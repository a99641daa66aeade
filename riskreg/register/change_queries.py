"""Reads of change requests. They are about what is common, so every member may see them."""

import contextlib
import datetime as dt
import uuid
from collections.abc import Collection

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.errors import NotFound
from riskreg.kernel.text import is_storable
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import kind_of
from riskreg.register.change_models import AnswerState, ChangeRequest, ChangeState, PartyAnswer
from riskreg.register.models import Membership, Party, Register
from riskreg.register.permissions import permits, roles_with

ANSWER = "change.answer"


def change_requests_for(viewer: Viewer) -> QuerySet[ChangeRequest]:
    """Those of the register, with what a reader is shown of each."""
    answers = PartyAnswer.objects.select_related("party", "asked", "answered_by").order_by("party")
    return (
        ChangeRequest.objects.filter(register=viewer.register)
        .select_related("requested_by", "party", "closed_by")
        .prefetch_related(Prefetch("answers", queryset=answers))
    )


def change_request_for(viewer: Viewer, name: str, *, lock: bool = False) -> ChangeRequest:
    """The one of that ref or public id. Raises ``NotFound``."""
    rows = change_requests_for(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    which = Q(ref=name.upper()) if is_storable(name) else Q(pk=None)
    with contextlib.suppress(ValueError):
        which |= Q(uuid=uuid.UUID(name))
    row = rows.filter(which).first()
    if row is None:
        raise NotFound(_("There is no such change request."))
    row.register = viewer.register
    return row


def open_change_requests(viewer: Viewer) -> list[ChangeRequest]:
    """Those that wait for an answer, the first to end first."""
    return list(
        change_requests_for(viewer).filter(state=ChangeState.OPEN).order_by("answer_by", "pk")
    )


def first_open_change_request(viewer: Viewer, kinds: Collection[str]) -> ChangeRequest | None:
    """The first to end of those of one of ``kinds`` that wait for an answer."""
    rows = change_requests_for(viewer).filter(state=ChangeState.OPEN, kind__in=kinds)
    return rows.order_by("answer_by", "pk").first()


def closed_change_requests(viewer: Viewer, before_ref: str = "") -> QuerySet[ChangeRequest]:
    """Those that are over, the newest first; only those older than ``before_ref``."""
    rows = change_requests_for(viewer).exclude(state=ChangeState.OPEN).order_by("-pk")
    return rows.filter(pk__lt=change_request_for(viewer, before_ref).pk) if before_ref else rows


def newest_change_request_by(viewer: Viewer) -> ChangeRequest | None:
    """What the viewer asked for last."""
    rows = change_requests_for(viewer).filter(requested_by=viewer.user)
    return rows.order_by("-pk").first()


def who_can_answer_by_party(
    register_id: int, parties: Collection[int] | None = None
) -> dict[int, list[User]]:
    """Who can speak for each party of a register: its managers, then its leaders, who are there."""
    rows = Membership.objects.filter(
        register=register_id,
        ended_at=None,
        user__is_active=True,
        role__in=roles_with(ANSWER),
        party__isnull=False,
    )
    if parties is not None:
        rows = rows.filter(party__in=parties)
    found: dict[int, list[User]] = {}
    for row in rows.select_related("user").order_by("-role", "pk"):
        assert row.party_id is not None  # noqa: S101 - filtered above
        found.setdefault(row.party_id, []).append(row.user)
    return found


def other_parties_to_ask(viewer: Viewer) -> list[Party]:
    """The parties, besides the viewer's own, whose yes a change of what is common needs."""
    rows = Party.objects.filter(
        _somebody_can_answer_for_outer(), register=viewer.register
    ).order_by("pk")
    return [party for party in rows if party.pk != viewer.party_id]


def answer_owed_by_own_party(viewer: Viewer, row: ChangeRequest) -> PartyAnswer | None:
    """The answer that the viewer's party still owes."""
    return next(
        (
            answer
            for answer in row.answers.all()
            if answer.party_id == viewer.party_id and answer.answer == AnswerState.WAITING
        ),
        None,
    )


def takes_answers(register: Register, row: ChangeRequest) -> bool:
    """Whether ``row`` is answered or taken back as the register stands: in an archived one only
    what would restore it is."""
    return register.archived_at is None or kind_of(row.kind).in_archived


def may_answer(viewer: Viewer, row: ChangeRequest, today: dt.date) -> bool:
    """Whether the viewer can say yes or no to it today."""
    answer = answer_owed_by_own_party(viewer, row)
    return (
        row.state == ChangeState.OPEN
        and takes_answers(viewer.register, row)
        and row.answer_by >= today
        and answer is not None
        and row.requested_by_id != viewer.user.pk
        and permits(viewer, ANSWER, answer)
    )


def may_withdraw(viewer: Viewer, row: ChangeRequest) -> bool:
    """Whether the viewer can take it back: they asked for it, and nobody has closed it."""
    open_here = row.state == ChangeState.OPEN and takes_answers(viewer.register, row)
    return open_here and row.requested_by_id == viewer.user.pk


def is_owed_by(users: Collection[int]) -> Q:
    """Answers that one of these users (database ids) can give: they speak for the party."""
    theirs = Membership.objects.filter(
        party=OuterRef("party_id"),
        user__in=users,
        role__in=roles_with(ANSWER),
        ended_at=None,
    )
    return Q(Exists(theirs))


def _somebody_can_answer_for_outer() -> Exists:
    return Exists(
        Membership.objects.filter(
            party=OuterRef("pk"),
            role__in=roles_with(ANSWER),
            ended_at=None,
            user__is_active=True,
        )
    )

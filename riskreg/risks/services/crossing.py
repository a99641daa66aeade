"""A shared risk that goes to somebody of another party: theirs is asked first (I12)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.accounts.models import User
from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import Line
from riskreg.register.change_models import ChangeRequest, ChangeState
from riskreg.register.change_policy import Effect, parties_to_ask_about_transfer
from riskreg.register.models import Membership
from riskreg.register.services import Proposal, ask_others_or_note_agreed
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk

OWNER, DEPUTY = "owner", "deputy"
Snapshot = Mapping[str, Any]


@dataclass(frozen=True)
class Move:
    """``taker`` becomes ``part`` (owner or deputy) of a risk in place of ``holder``."""

    risk: Risk
    part: str
    holder: User | None
    taker: User | None


def moves_of(risk: Risk, people: Mapping[str, User | None]) -> list[Move]:
    """What another owner and deputy make of those that the risk has."""
    return [
        Move(risk, part, getattr(risk, part), taker)
        for part, taker in people.items()
        if part in (OWNER, DEPUTY) and getattr(risk, part) != taker
    ]


def moves_that_need_yes(actor: Viewer, moves: Iterable[Move]) -> list[tuple[Move, frozenset[int]]]:
    """Those of ``moves`` that other parties must agree to, each with their database ids."""
    shared = [move for move in moves if move.risk.visibility == Visibility.SHARED and move.taker]
    if not shared:
        return []
    parties = _party_of_each_user(actor, shared)
    found = []
    for move in shared:
        taker, holder = (
            parties[user.pk][0] if user is not None and user.pk in parties else None
            for user in (move.taker, move.holder)
        )
        asked = parties_to_ask_about_transfer(taker, holder, move.risk.party_id, actor.party_id)
        if asked:
            found.append((move, asked))
    return found


def propose_moves(
    actor: Viewer,
    moves: Iterable[Move],
    kind: str,
    content: Mapping[str, Any],
    at: dt.datetime,
    agreed: ChangeRequest | None,
) -> ChangeRequest | None:
    """Ask for those that cross to another party; None where none does.

    ``agreed``: the request that these are the last step of, or one that covers them: what a
    hand-over was agreed on holds for each of its risks.
    """
    moves = list(moves)
    if (
        agreed is not None
        and agreed.kind != kind
        and all(_is_agreed_in_batch(agreed, m) for m in moves)
    ):
        return agreed
    crossed = moves_that_need_yes(actor, moves)
    if not crossed and agreed is None:
        return None
    return ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=kind,
            content=content,
            before={"moves": _moves_as_snapshots(actor, [move for move, _asked in crossed])},
            after={},
            asks=True,
            parties=frozenset().union(*(asked for _move, asked in crossed)),
        ),
        at,
        agreed=agreed,
    )


def check_no_move_needs_yes(errors: Errors, actor: Viewer, moves: Iterable[Move]) -> None:
    """Note people of another party where a risk is written: it is handed over to them by itself."""
    for move, _asked in moves_that_need_yes(actor, moves):
        errors.add(
            move.part,
            "other_party_asked",
            _(
                "%(name)s acts for another party, which has to agree first. Name somebody of the "
                "party that has the risk, and hand it over by itself."
            )
            % {"name": move.taker},
        )


def transfer_title(before: Snapshot, _after: Snapshot) -> str:
    """What it is about: which risk, or how many."""
    moves = before["moves"]
    refs = list(dict.fromkeys(move["ref"] for move in moves))
    if len(refs) == 1:
        return _("%(ref)s to %(name)s") % {
            "ref": refs[0],
            "name": _person_and_party_text(moves[0]["taker"]),
        }
    text = ngettext("%(n)d risk to %(name)s", "%(n)d risks to %(name)s", len(refs))
    return text % {"n": len(refs), "name": _person_and_party_text(moves[0]["taker"])}


def transfer_lines(before: Snapshot, _after: Snapshot) -> list[Line]:
    """Each risk, with whom it is and to whom it would go."""
    parts = {OWNER: _("owner"), DEPUTY: _("deputy")}
    return [
        Line(
            f"{move['ref']} {move['title']} · {parts[move['part']]}",
            _person_and_party_text(move["holder"]) or _("nobody"),
            _person_and_party_text(move["taker"]),
            Effect.MOVES,
        )
        for move in before["moves"]
    ]


def _is_agreed_in_batch(agreed: ChangeRequest, move: Move) -> bool:
    """Whether a hand-over of several that all parties agreed on is about this move."""
    return (
        agreed.state == ChangeState.APPLIED
        and move.risk.ref in agreed.content.get("risks", {})
        and (move.taker is None or str(move.taker.uuid) == agreed.content.get("to"))
    )


def _party_of_each_user(
    actor: Viewer, moves: Iterable[Move]
) -> dict[int, tuple[int, Mapping[str, str]]]:
    """The party of everybody who gives or takes, by user: its database id and names."""
    users = {u.pk for move in moves for u in (move.holder, move.taker) if u is not None}
    rows = Membership.objects.filter(
        register=actor.register, user__in=users, ended_at=None, party__isnull=False
    )
    found = rows.values_list("user_id", "party_id", "party__names")
    return {user: (party, names) for user, party, names in found if party is not None}


def _moves_as_snapshots(actor: Viewer, moves: list[Move]) -> list[dict[str, Any]]:
    parties = _party_of_each_user(actor, moves)

    def person(user: User | None) -> dict[str, Any] | None:
        if user is None:
            return None
        names = user.names or {"en": user.name}
        return {"names": names, "party": parties[user.pk][1] if user.pk in parties else {}}

    return [
        {
            "ref": move.risk.ref,
            "title": move.risk.title,
            "part": move.part,
            "holder": person(move.holder),
            "taker": person(move.taker),
        }
        for move in moves
    ]


def _person_and_party_text(person: Mapping[str, Any] | None) -> str:
    if person is None:
        return ""
    name, party = localised(person["names"]), localised(person["party"])
    return _("%(name)s, %(party)s") % {"name": name, "party": party} if party else name

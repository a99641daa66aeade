"""A shared risk that goes to somebody of another party: theirs is asked first (I12)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

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
class Transfer:
    """``taker`` becomes ``part`` (owner or deputy) of a risk in place of ``holder``."""

    risk: Risk
    part: str
    holder: User | None
    taker: User | None


def transfers_of(risk: Risk, people_by_part: Mapping[str, User | None]) -> list[Transfer]:
    """What another owner and deputy make of those that the risk has."""
    return [
        Transfer(risk, part, getattr(risk, part), taker)
        for part, taker in people_by_part.items()
        if part in (OWNER, DEPUTY) and getattr(risk, part) != taker
    ]


class TransferToAgree(NamedTuple):
    """A transfer, and the parties (database ids) that must agree to it."""

    transfer: Transfer
    party_ids: frozenset[int]


def transfers_that_need_yes(actor: Viewer, transfers: Iterable[Transfer]) -> list[TransferToAgree]:
    """Those of ``transfers`` that other parties must agree to."""
    shared = [
        transfer
        for transfer in transfers
        if transfer.risk.visibility == Visibility.SHARED and transfer.taker
    ]
    if not shared:
        return []
    parties = _party_of_each_user(actor, shared)
    found = []
    for transfer in shared:
        taker, holder = (
            parties[user.pk].party_id if user is not None and user.pk in parties else None
            for user in (transfer.taker, transfer.holder)
        )
        asked = parties_to_ask_about_transfer(taker, holder, transfer.risk.party_id, actor.party_id)
        if asked:
            found.append(TransferToAgree(transfer, asked))
    return found


def propose_transfers(
    actor: Viewer,
    transfers: Iterable[Transfer],
    kind: str,
    content: Mapping[str, Any],
    at: dt.datetime,
    agreed: ChangeRequest | None,
) -> ChangeRequest | None:
    """Ask for those that cross to another party; None where none does.

    ``agreed``: the request that these are the last step of, or one that covers them: what a
    hand-over was agreed on holds for each of its risks.
    """
    transfers = list(transfers)
    if (
        agreed is not None
        and agreed.kind != kind
        and all(_is_agreed_in_batch(agreed, m) for m in transfers)
    ):
        return agreed
    crossed = transfers_that_need_yes(actor, transfers)
    if not crossed and agreed is None:
        return None
    return ask_others_or_note_agreed(
        actor,
        Proposal(
            kind=kind,
            content=content,
            before={
                "moves": _transfers_as_snapshots(actor, [transfer for transfer, _asked in crossed])
            },
            after={},
            asks=True,
            parties=frozenset().union(*(asked for _move, asked in crossed)),
        ),
        at,
        agreed=agreed,
    )


def check_no_transfer_needs_yes(
    errors: Errors, actor: Viewer, transfers: Iterable[Transfer]
) -> None:
    """Note people of another party where a risk is written: it is handed over to them by itself."""
    for transfer, _asked in transfers_that_need_yes(actor, transfers):
        errors.add(
            transfer.part,
            "other_party_asked",
            _(
                "%(name)s acts for another party, which has to agree first. Name somebody of the "
                "party that has the risk, and hand it over by itself."
            )
            % {"name": transfer.taker},
        )


def transfer_title(before: Snapshot, _after: Snapshot) -> str:
    """What it is about: which risk, or how many."""
    transfers = before["moves"]
    refs = list(dict.fromkeys(transfer["ref"] for transfer in transfers))
    if len(refs) == 1:
        return _("%(ref)s to %(name)s") % {
            "ref": refs[0],
            "name": _person_and_party_text(transfers[0]["taker"]),
        }
    text = ngettext("%(n)d risk to %(name)s", "%(n)d risks to %(name)s", len(refs))
    return text % {"n": len(refs), "name": _person_and_party_text(transfers[0]["taker"])}


def transfer_lines(before: Snapshot, _after: Snapshot) -> list[Line]:
    """Each risk, with whom it is and to whom it would go."""
    parts = {OWNER: _("owner"), DEPUTY: _("deputy")}
    return [
        Line(
            f"{transfer['ref']} {transfer['title']} · {parts[transfer['part']]}",
            _person_and_party_text(transfer["holder"]) or _("nobody"),
            _person_and_party_text(transfer["taker"]),
            Effect.MOVES,
        )
        for transfer in before["moves"]
    ]


def _is_agreed_in_batch(agreed: ChangeRequest, transfer: Transfer) -> bool:
    """Whether a hand-over of several that all parties agreed on is about this transfer."""
    return (
        agreed.state == ChangeState.APPLIED
        and transfer.risk.ref in agreed.content.get("risks", {})
        and (transfer.taker is None or str(transfer.taker.uuid) == agreed.content.get("to"))
    )


class PartyOfUser(NamedTuple):
    """The party that somebody acts for: its database id and names."""

    party_id: int
    names: Mapping[str, str]


def _party_of_each_user(actor: Viewer, transfers: Iterable[Transfer]) -> dict[int, PartyOfUser]:
    """The party of everybody who gives or takes, by user."""
    users = {
        u.pk for transfer in transfers for u in (transfer.holder, transfer.taker) if u is not None
    }
    rows = Membership.objects.filter(
        register=actor.register, user__in=users, ended_at=None, party__isnull=False
    )
    found = rows.values_list("user_id", "party_id", "party__names")
    return {user: PartyOfUser(party, names) for user, party, names in found if party is not None}


def _transfers_as_snapshots(actor: Viewer, transfers: list[Transfer]) -> list[dict[str, Any]]:
    parties = _party_of_each_user(actor, transfers)

    def person(user: User | None) -> dict[str, Any] | None:
        if user is None:
            return None
        names = user.names or {"en": user.name}
        return {"names": names, "party": parties[user.pk].names if user.pk in parties else {}}

    return [
        {
            "ref": transfer.risk.ref,
            "title": transfer.risk.title,
            "part": transfer.part,
            "holder": person(transfer.holder),
            "taker": person(transfer.taker),
        }
        for transfer in transfers
    ]


def _person_and_party_text(person: Mapping[str, Any] | None) -> str:
    if person is None:
        return ""
    name, party = localised(person["names"]), localised(person["party"])
    return _("%(name)s, %(party)s") % {"name": name, "party": party} if party else name

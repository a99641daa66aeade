"""Handing over what people answer for. Each function is one transaction, all or nothing."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.accounts.models import User
from riskreg.decisions.services import reopen_lost_votes_of_user
from riskreg.events.services import append
from riskreg.handover.models import HandOver, ItemKind
from riskreg.handover.queries import (
    Responsibilities,
    present_or_past_member,
    ref_or_name,
    responsibilities,
)
from riskreg.handover.unowned_mail import tell_managers_of_unowned
from riskreg.indicators.services import edit_indicator
from riskreg.kernel.errors import Conflict, Errors, FieldError, Invalid
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.change_kinds import ChangeKind, register_change_kind
from riskreg.register.change_models import ChangeRequest
from riskreg.register.cleaning import already_owner_text
from riskreg.register.models import Membership
from riskreg.register.people import manages_members_of
from riskreg.register.permissions import permits, require, require_for_person
from riskreg.register.queries import ANSWERABLE, find_answerable_member, party_id_of
from riskreg.register.services import change_role, remove_member
from riskreg.register.services.people import (
    lock_member_to_remove,
    lock_member_without_permission_check,
)
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risks_called
from riskreg.risks.services import edit_control, edit_risk, transfer_mitigation, transfer_risk
from riskreg.risks.services.crossing import (
    DEPUTY,
    OWNER,
    Transfer,
    propose_transfers,
    transfer_lines,
    transfer_title,
)

REASON_MAX = 2000
MAX_AT_ONCE = 200
_NAMED = 10
# What nobody has taken over.
ThingsWithNobody = list[Any]
HAND_OVER, REASSIGN = "handover", "risk.reassign"


@transaction.atomic
def hand_over(
    *,
    actor: Viewer,
    from_user: Any,
    to_user: Any,
    reason: str,
    at: dt.datetime,
    part: str = ItemKind.ALL,
    seen: str | None = None,
    agreed: ChangeRequest | None = None,
) -> HandOver | ChangeRequest:
    """Hand everything that ``from_user`` answers for, or a ``part`` of it, over to ``to_user``.

    People are named by public id or e-mail address; ``from_user`` may have left. What the actor may
    not hand on stays. ``seen`` is the ``fingerprint_of_moving`` of what the actor was shown.
    Where shared risks go to somebody of another party, all of it waits for that party's yes, and
    the request for it is returned (``propose``).
    Raises ``Conflict`` when that is not what it is any more, ``Invalid`` naming each wrong field,
    also when there is nothing to hand over or the receiver may not know of some of it,
    ``NotFound``, ``Forbidden``.
    """
    giver, party_id = present_or_past_member(actor, from_user)
    require_for_person(actor, "handover.make", giver.pk, party_id)
    errors = Errors()
    reason = clean_text(errors, "reason", reason, required=True, limit=REASON_MAX)
    if part not in ItemKind.values:
        errors.add(
            "part",
            "unknown",
            _("This must be one of: %(all)s.") % {"all": ", ".join(ItemKind.values)},
        )
    taker = find_answerable_member(actor, errors, "to", to_user)
    if taker is not None and taker == giver:
        errors.add("to", "same_person", _("Somebody else must take over."))
    errors.raise_if_any()
    assert taker is not None  # noqa: S101 - its absence has been noted as an error
    # Two at once for one person wait in turn; the second finds what the first has left.
    list(
        Membership.objects.select_for_update(no_key=True)
        .filter(register=actor.register, user__in=[giver, taker])
        .order_by("pk")
    )
    found = responsibilities(actor, giver, part, lock=True)
    if seen is not None and seen != found.fingerprint_of_moving:
        raise Conflict(
            _("What %(name)s answers for has changed since you looked. Nothing was handed over.")
            % {"name": giver},
            current=found,
        )
    if not found.moving_total or party_id is None:
        raise Invalid.one(
            "from",
            "nothing",
            _("%(name)s answers for nothing here that you could hand over.") % {"name": giver},
        )
    _require_private_things_of_party(found, party_id_of(actor, taker))
    owned, deputised = (found.moving.get(kind, []) for kind in ("owned", "deputised"))
    content = {
        "from": str(giver.uuid),
        "to": str(taker.uuid),
        "reason": reason,
        "part": str(part),
        "seen": found.fingerprint_of_moving,
        "risks": {risk.ref: risk.version for risk in (*owned, *deputised)},
    }
    transfers = [
        *(Transfer(risk, OWNER, giver, taker) for risk in owned),
        *(Transfer(risk, DEPUTY, giver, taker) for risk in deputised),
    ]
    asked = propose_transfers(actor, transfers, HAND_OVER, content, at, agreed)
    if asked is not None and asked.is_open:
        return asked
    _transfer_all(actor, found, giver, taker, at, asked)
    row = HandOver.objects.create(
        register=actor.register,
        party_id=party_id,
        visibility=Visibility.PARTY,
        from_user=giver,
        to_user=taker,
        by=actor.user,
        part=part,
        reason=reason,
        at=at,
        counts=found.moving_counts,
        created_at=at,
    )
    changes = {
        "from": [str(giver.uuid), None],
        "to": [None, str(taker.uuid)],
        "part": [None, part],
        "reason": [None, reason],
        "counts": [None, found.moving_counts],
    }
    append(actor.entry("handover.made", row, at=at, changes=changes))
    return row


@transaction.atomic
def end_member(
    *,
    actor: Viewer,
    user: uuid.UUID,
    version: int | None,
    at: dt.datetime,
    to_user: Any = None,
    nobody_yet: bool = False,
) -> Membership:
    """End a membership, with a word on who answers from now on for what was theirs.

    ``to_user`` takes it over; with ``nobody_yet`` it stays without anybody, which the managers of
    its party are told at once, and alarmed of when it falls due. Raises ``Invalid`` where neither
    is said and something is theirs, and what ``remove_member`` and ``hand_over`` raise.
    """
    row = lock_member_to_remove(actor, user, version)
    left = _hand_over_what_is_taken(actor, row, to_user, nobody_yet, _("Left the register."), at)
    ended = remove_member(actor=actor, user=user, version=version, at=at)
    reopen_lost_votes_of_user(actor=actor, user=row.user, at=at)
    tell_managers_of_unowned(actor.register, row.user, left, at)
    return ended


@transaction.atomic
def change_member_role(
    *,
    actor: Viewer,
    user: uuid.UUID,
    role: Any,
    version: int | None,
    at: dt.datetime,
    to_user: Any = None,
    nobody_yet: bool = False,
) -> Membership:
    """Give a member another role; into one that answers for nothing as ``end_member`` does."""
    row = lock_member_without_permission_check(actor, user, version)
    left: ThingsWithNobody = []
    if (
        role not in ANSWERABLE
        and row.role in ANSWERABLE
        and manages_members_of(actor, row.party_id)
    ):
        left = _hand_over_what_is_taken(
            actor, row, to_user, nobody_yet, _("Has another role now."), at
        )
    changed = change_role(actor=actor, user=user, role=role, version=version, at=at)
    reopen_lost_votes_of_user(actor=actor, user=row.user, at=at)
    tell_managers_of_unowned(actor.register, row.user, left, at)
    return changed


def _hand_over_what_is_taken(
    actor: Viewer, row: Membership, to_user: Any, nobody_yet: bool, reason: str, at: dt.datetime
) -> ThingsWithNobody:
    """Hand over what is theirs, if somebody takes it; what stays without anybody."""
    found = responsibilities(actor, row.user)
    if to_user is not None and to_user != "" and found.moving_total:
        made = hand_over(actor=actor, from_user=row.user, to_user=to_user, reason=reason, at=at)
        if isinstance(made, ChangeRequest):
            raise Invalid.one(
                "to",
                "other_party_asked",
                _(
                    "That is somebody of another party, which has to agree first. Hand it over to "
                    "them by itself, or name somebody of the same party here."
                ),
            )
        found = responsibilities(actor, row.user)
    left = [
        thing for things in (*found.moving.values(), *found.staying.values()) for thing in things
    ]
    if left and not nobody_yet:
        refs = [ref_or_name(thing) for thing in left]
        raise Invalid.one(
            "to",
            "answers_for",
            ngettext(
                "%(name)s still answers for one thing (%(refs)s). Name who takes it over, or say "
                "that nobody does yet.",
                "%(name)s still answers for %(n)d things (%(refs)s). Name who takes them over, or "
                "say that nobody does yet.",
                len(left),
            )
            % {"name": row.user, "n": len(left), "refs": _first_refs_with_dots(refs)},
        )
    return left


def _first_refs_with_dots(refs: list[str]) -> str:
    more = ", …" if len(refs) > _NAMED else ""
    return ", ".join(refs[:_NAMED]) + more


@transaction.atomic
def reassign_risks(
    *,
    actor: Viewer,
    risks: Mapping[str, int | None],
    owner: Any,
    at: dt.datetime,
    agreed: ChangeRequest | None = None,
) -> list[Risk] | ChangeRequest:
    """Give up to 200 risks, by ref with the version that was seen, another owner.

    All or nothing: raises ``Invalid`` with an error under the ref of each that cannot be handed
    over. Deputies stay, but for one who becomes the owner. Where shared ones go to somebody of
    another party, all wait for that party's yes, and the request for it is returned (``propose``).
    """
    require(actor, "risk.transfer")
    errors = Errors()
    if not risks:
        errors.add("risks", "required", _("Tick at least one risk."))
    elif len(risks) > MAX_AT_ONCE:
        errors.add("risks", "too_many", _("At most %(n)d risks at once.") % {"n": MAX_AT_ONCE})
    taker = find_answerable_member(actor, errors, "owner", owner)
    errors.raise_if_any()
    assert taker is not None  # noqa: S101 - its absence has been noted as an error
    rows = {
        row.ref: row
        for row in risks_called(actor, risks)
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    }
    their_party = party_id_of(actor, taker)
    refused = {
        ref: why
        for ref, version in risks.items()
        if (why := _error_if_not_transferable(actor, rows.get(ref), version, their_party))
    }
    if refused:
        raise Invalid(
            refused,
            ngettext(
                "%(n)d risk cannot be handed over, so none was.",
                "%(n)d risks cannot be handed over, so none was.",
                len(refused),
            )
            % {"n": len(refused)},
        )
    if all(row.owner_id == taker.pk for row in rows.values()):
        raise Invalid.one("owner", "unchanged", already_owner_text(taker))
    content = {
        "to": str(taker.uuid),
        "risks": {ref: row.version for ref, row in sorted(rows.items())},
    }
    transfers = [
        Transfer(r, OWNER, r.owner, taker) for r in rows.values() if r.owner_id != taker.pk
    ]
    asked = propose_transfers(actor, transfers, REASSIGN, content, at, agreed)
    if asked is not None and asked.is_open:
        return asked
    # Those that are theirs already have nothing to change, and keep nobody from the others.
    return [
        row if row.owner_id == taker.pk else _transfer_any_version(actor, ref, taker, at, asked)
        for ref, row in rows.items()
    ]


def _transfer_any_version(
    actor: Viewer, ref: str, taker: User, at: dt.datetime, agreed: ChangeRequest | None
) -> Risk:
    made = transfer_risk(actor=actor, ref=ref, version=None, owner=taker, at=at, agreed=agreed)
    assert isinstance(made, Risk)  # noqa: S101 - the whole of it was asked for and agreed on
    return made


def _error_if_not_transferable(
    actor: Viewer, risk: Risk | None, version: int | None, their_party: int | None
) -> FieldError | None:
    if risk is None:
        return FieldError("unknown_risk", _("There is no such risk."))
    if not permits(actor, "risk.transfer", risk):
        return FieldError("forbidden", _("It is not yours to hand over."))
    if version is not None and risk.version != version:
        return FieldError("changed", _("Somebody changed it meanwhile."))
    if risk.visibility == Visibility.PARTY and risk.party_id != their_party:
        return FieldError(
            "other_party",
            _("This risk is its party's own; somebody of that party must answer for it."),
        )
    return None


def _require_private_things_of_party(found: Responsibilities, their_party: int | None) -> None:
    beyond = [
        ref_or_name(row) for row in found.moving_private_things if row.party_id != their_party
    ]
    if beyond:
        raise Invalid.one(
            "to",
            "other_party",
            _("Some of it is its party's own (%(refs)s); somebody of that party must take over.")
            % {"refs": ", ".join(beyond[:_NAMED]) + (" …" if len(beyond) > _NAMED else "")},
        )


def _transfer_all(
    actor: Viewer,
    found: Responsibilities,
    giver: User,
    taker: User,
    at: dt.datetime,
    agreed: ChangeRequest | None,
) -> None:
    """Through the rooms' own services, so that each thing keeps its own rules and history."""
    for risk in found.moving.get("owned", []):
        _transfer_any_version(actor, risk.ref, taker, at, agreed)
    for risk in found.moving.get("deputised", []):
        deputy = None if risk.owner_id == taker.pk else taker
        fields = {"deputy": deputy}
        edit_risk(actor=actor, ref=risk.ref, version=None, fields=fields, at=at, agreed=agreed)
    for work in found.moving.get("mitigations", []):
        transfer_mitigation(actor=actor, ref=work.ref, version=None, owner=taker, at=at)
    for indicator in found.moving.get("indicators", []):
        edit_indicator(actor=actor, ref=indicator.ref, version=None, fields={"owner": taker}, at=at)
    for control in found.moving.get("controls", []):
        edit_control(
            actor=actor, control=control.uuid, version=None, fields={"owner": taker}, at=at
        )


def _apply_hand_over(*, content: Mapping[str, Any], **given: Any) -> Any:
    people = {"from_user": content["from"], "to_user": content["to"]}
    rest = {name: content[name] for name in ("reason", "part", "seen")}
    return hand_over(**people, **rest, **given)


def _apply_reassign(*, content: Mapping[str, Any], **given: Any) -> Any:
    return reassign_risks(risks=content["risks"], owner=content["to"], **given)


def register_change_kinds() -> None:
    """Let hand-overs to another party be asked for."""
    register_change_kind(ChangeKind(HAND_OVER, transfer_title, transfer_lines, _apply_hand_over))
    register_change_kind(ChangeKind(REASSIGN, transfer_title, transfer_lines, _apply_reassign))

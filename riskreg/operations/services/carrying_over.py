"""What must not come to life again when an earlier state of a system takes the place of a later."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

from riskreg.accounts.models import ApiToken, CalendarFeed, User
from riskreg.accounts.services import revoke_calendar_feed, revoke_token
from riskreg.accounts.services.administration import change_account
from riskreg.evidence.services.restored import (
    Withdrawal,
    all_withdrawals,
    withdraw_again_and_delete_files,
)
from riskreg.kernel.errors import RiskregError
from riskreg.operations.queries.persons import forgotten_user_ids
from riskreg.operations.services.attached import OperatorNotes
from riskreg.operations.services.persons import forget_person
from riskreg.register.models import Membership, Party, RefSequence, Register

# Register and party by public id, and the noun.
Counter = tuple[uuid.UUID, uuid.UUID | None, str]


@dataclass
class StateToCarryOver:
    """What the later state knows of rights that ended, of refs that were given out, of files that
    were withdrawn and of people who were forgotten."""

    tokens: set[uuid.UUID] = field(default_factory=set)
    feeds: set[uuid.UUID] = field(default_factory=set)
    inactive: set[uuid.UUID] = field(default_factory=set)
    ended: set[uuid.UUID] = field(default_factory=set)
    refs: dict[Counter, int] = field(default_factory=dict)
    withdrawn: list[Withdrawal] = field(default_factory=list)
    forgotten: set[uuid.UUID] = field(default_factory=set)


def read_state_to_carry_over() -> StateToCarryOver:
    """What this database knows of it."""
    ids = ("register__uuid", "party__uuid", "noun", "last")
    return StateToCarryOver(
        tokens=set(ApiToken.objects.exclude(revoked_at=None).values_list("uuid", flat=True)),
        feeds=set(CalendarFeed.objects.exclude(revoked_at=None).values_list("uuid", flat=True)),
        inactive=set(User.objects.filter(is_active=False).values_list("uuid", flat=True)),
        ended=set(Membership.objects.exclude(ended_at=None).values_list("uuid", flat=True)),
        refs={
            (register, party, noun): last
            for register, party, noun, last in RefSequence.objects.values_list(*ids)
        },
        withdrawn=all_withdrawals(),
        forgotten=forgotten_user_ids(),
    )


def apply_carried_over_state(
    kept: StateToCarryOver, at: dt.datetime, *, skip_refs: int = 0, end_tokens: bool = False
) -> OperatorNotes:
    """Apply it to the earlier state, through the services; what is left to a person is returned."""
    notes = []
    live = ApiToken.objects.filter(revoked_at=None).select_related("user").order_by("pk")
    ended = list(live if end_tokens else live.filter(uuid__in=kept.tokens))
    for token in ended:
        revoke_token(token=token, at=at)
    feeds = CalendarFeed.objects.filter(revoked_at=None).select_related("user").order_by("pk")
    for feed in feeds if end_tokens else feeds.filter(uuid__in=kept.feeds):
        revoke_calendar_feed(user=feed.user, at=at)
    if ended:
        notes.append(f"{len(ended)} tokens were ended.")
    for user in User.objects.filter(uuid__in=kept.inactive, is_active=True).order_by("pk"):
        try:
            change_account(user=user, at=at, actor=None, is_active=False)
        except RiskregError as error:
            notes.append(f"{user.email} is active again: {error.detail}")
    for user in User.objects.filter(uuid__in=kept.forgotten, forgotten_at=None).order_by("pk"):
        try:
            forget_person(user=user, at=at)
        except RiskregError as error:
            notes.append(
                f"{user.email} had been forgotten and is known again: {error.detail} Then run "
                "manage.py forget_person."
            )
    for membership in (
        Membership.objects.filter(uuid__in=kept.ended, ended_at=None)
        .select_related("user", "register")
        .order_by("pk")
    ):
        notes.append(
            f"{membership.user.email} had left {membership.register.slug} and is in it again: end "
            "the membership under Register settings, People."
        )
    for row in withdraw_again_and_delete_files(kept.withdrawn, at):
        notes.append(f"{row.name} ({row.uuid}) had been withdrawn and is here again: withdraw it.")
    _advance_ref_sequences(kept, skip_refs)
    return notes


def _advance_ref_sequences(kept: StateToCarryOver, skip_refs: int) -> None:
    """A ref that was given out in the lost time names nothing else afterwards."""
    left = dict(kept.refs)
    for sequence in RefSequence.objects.select_related("register", "party").order_by("pk"):
        party = sequence.party.uuid if sequence.party else None
        known = left.pop((sequence.register.uuid, party, sequence.noun), 0)
        last = max(sequence.last + skip_refs, known)
        if last != sequence.last:
            RefSequence.objects.filter(pk=sequence.pk).update(last=last)
    for (register, of, noun), last in left.items():
        there = Register.objects.filter(uuid=register).first()
        party_there = Party.objects.filter(uuid=of, register=there).first() if of else None
        if there and (of is None or party_there):
            RefSequence.objects.create(register=there, party=party_there, noun=noun, last=last)

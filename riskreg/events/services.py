"""Writing to the log."""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection, transaction

from riskreg.events.models import Chain, Epoch, Event, PersonalValue
from riskreg.events.policy import (
    PERSONAL,
    SYSTEM_KEY,
    Audience,
    canonical_json,
    concerns_security,
    event_hash,
    hashed_fields,
    personal_digest,
)
from riskreg.kernel import security_log


@dataclass(frozen=True)
class Entry:
    """What is to be logged. ``audience`` None is the system's own chain (accounts).

    ``changes`` maps a field's name to ``[before, after]``; a value is JSON or has a ``str``.
    """

    audience: Audience | None
    verb: str
    subject_type: str
    subject_uuid: uuid.UUID
    subject_ref: str
    at: dt.datetime
    actor: uuid.UUID | None = None
    recorded_at: dt.datetime | None = None
    request_id: str = ""
    subject_version: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chain_key(self) -> str:
        """The chain that it goes into: its audience's, or the system's."""
        return self.audience.key if self.audience else SYSTEM_KEY


def append(entry: Entry) -> Event:
    """Log one entry; see ``append_all``."""
    return append_all([entry])[0]


def append_all(entries: Sequence[Entry]) -> list[Event]:
    """Log ``entries`` in order, inside the caller's transaction.

    The chain's head row is locked until commit, so sequence numbers are gapless and commit in
    order: a reader that has seen n will never later find something new before n. Chains are locked
    in the order of their keys, so that two writers cannot wait for each other.

    Raises ``TransactionManagementError`` outside a transaction: an event without its change, or
    the reverse, must be impossible.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("events are appended inside a transaction")
    keys = sorted({entry.chain_key for entry in entries})
    chains = {}
    # One by one: to lock those that exist before making one that does not would break the order.
    for key in keys:
        chain = Chain.objects.select_for_update().filter(key=key).first()
        if chain is None:
            Chain.objects.get_or_create(key=key)
            chain = Chain.objects.select_for_update().get(key=key)
        chains[key] = chain
    events = []
    for entry in entries:
        chain = chains[entry.chain_key]
        recorded_at = entry.recorded_at or entry.at
        chain.seq += 1
        event = Event(
            chain=chain,
            seq=chain.seq,
            at=entry.at,
            recorded_at=recorded_at,
            brought_in=is_brought_in(entry.at, recorded_at),
            actor=entry.actor,
            request_id=entry.request_id[:64],
            verb=entry.verb,
            subject_type=entry.subject_type,
            subject_uuid=entry.subject_uuid,
            subject_ref=entry.subject_ref,
            subject_version=entry.subject_version,
            changes=canonical_json(entry.changes),
            previous=chain.head,
        )
        event.hash = chain.head = event_hash(hashed_fields(event, chain.key), event.previous)
        events.append(event)
    Event.objects.bulk_create(events, batch_size=500)
    for chain in chains.values():
        chain.save(update_fields=["seq", "head"])
    _tell_security_log_on_commit(entries)
    return events


def _tell_security_log_on_commit(entries: Sequence[Entry]) -> None:
    """Of accounts and of how a register is set up, once it stands: names of fields, no values."""
    if not security_log.is_on():
        return
    for entry in entries:
        if entry.audience is None or concerns_security(entry.verb):
            transaction.on_commit(partial(_record_in_security_log, entry, entry.chain_key))


def _record_in_security_log(entry: Entry, chain_key: str) -> None:
    security_log.write_line(
        entry.verb,
        entry.actor,
        subject=entry.subject_uuid,
        chain=chain_key,
        changed=sorted(entry.changes),
    )


@transaction.atomic
def begin_epoch(*, at: dt.datetime, backup_of: dt.datetime) -> Epoch:
    """Note that the log goes on from a backup made at ``backup_of``; see ``models.Epoch``."""
    named = uuid.uuid4()
    epoch = Epoch.objects.create(
        name=named.hex[:12],
        began_at=at,
        backup_of=backup_of,
        heads=dict(Chain.objects.values_list("key", "seq")),
    )
    append(
        Entry(
            audience=None,
            verb="system.restored",
            subject_type="system",
            subject_uuid=named,
            subject_ref=epoch.name,
            at=at,
            changes={"backup_of": [None, backup_of]},
        )
    )
    return epoch


def is_brought_in(at: dt.datetime, recorded_at: dt.datetime) -> bool:
    """Whether something was entered with a past date rather than as it happened."""
    return recorded_at - at > dt.timedelta(hours=1)


def store_personal_value(person: uuid.UUID, value: str) -> str:
    """Keep ``value``, which is personal, beside the log; what the event is to hold instead.

    ``person``: whose it is. Empty stays empty.
    """
    if not value:
        return ""
    salt = secrets.token_hex(16)
    digest = personal_digest(salt, value)
    PersonalValue.objects.create(person=person, digest=digest, salt=salt, value=value)
    return f"{PERSONAL}{digest}"


def erase_personal_values(person: uuid.UUID) -> int:
    """Erase all that stands beside events about ``person``; how many values. No event changes."""
    return PersonalValue.objects.filter(person=person).delete()[0]

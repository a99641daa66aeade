"""Reading the log: always for an audience, so that no party reads another's chain."""

import datetime as dt
import functools
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, Max, QuerySet, Sum

from riskreg.events.models import Chain, Epoch, Event
from riskreg.events.policy import GENESIS, SYSTEM_KEY, Audience, event_hash, hashed_fields
from riskreg.kernel.compiled import Statement


def visible_events(audience: Audience) -> QuerySet[Event]:
    """The events that a member of ``audience`` may read."""
    return Event.objects.filter(chain__key__in=_keys_read_by(audience)).select_related("chain")


def sql_of_visible_events(audience: Audience) -> tuple[str, list[Any]]:
    """``pk, subject_uuid, verb, changes, at, recorded_at`` of what a member of ``audience`` may
    read, as SQL and values: a part of a larger statement."""
    keys = _keys_read_by(audience)
    return _statement_of_events_in_chains(len(keys)).sql(*keys)


def _keys_read_by(audience: Audience) -> list[str]:
    return audience.readable_chain_keys


@functools.cache
def _statement_of_events_in_chains(number: int) -> Statement[Any]:
    """The statement for so many chains, written once."""

    def events_of_chains(*keys: str) -> QuerySet[Event, tuple[Any, ...]]:
        found = Event.objects.filter(chain__key__in=keys).order_by()
        return found.values_list("pk", "subject_uuid", "verb", "changes", "at", "recorded_at")

    return Statement(events_of_chains, *[str] * number)


def history_of(audience: Audience, subjects: Collection[uuid.UUID]) -> QuerySet[Event]:
    """What happened to ``subjects``, newest first."""
    return visible_events(audience).filter(subject_uuid__in=subjects).order_by("-at", "-id")


def events_by_people(found: QuerySet[Event]) -> QuerySet[Event]:
    """Those of ``found`` that somebody did."""
    return found.filter(actor__isnull=False)


def events_by_the_system(found: QuerySet[Event]) -> QuerySet[Event]:
    """Those of ``found`` that the system noted of its own work: reminders, deliveries."""
    return found.filter(actor__isnull=True)


@dataclass(frozen=True)
class Page:
    """A stretch of the changes feed: the events, and how far each chain has been read."""

    events: list[Event]
    shared_seq: int
    own_seq: int
    more: bool


def changes_after(audience: Audience, shared_seq: int, own_seq: int, limit: int) -> Page:
    """The next ``limit`` events after those positions in the two chains of ``audience``.

    Within a chain the order is that of commit; between chains it is by time of recording, and of
    one moment the own chain comes first.
    """
    # Without an order they come as they lie in the database, which moves with every write.
    chains = list(Chain.objects.filter(key__in=audience.readable_chain_keys).order_by("key"))
    after = {Audience(audience.register).key: shared_seq}
    if audience.party is not None:
        after[audience.key] = own_seq
    heads: list[list[Event]] = []
    for chain in chains:
        waiting = list(chain.events.filter(seq__gt=after[chain.key]).order_by("seq")[: limit + 1])
        for event in waiting:
            event.chain = chain
        heads.append(waiting)
    taken: list[Event] = []
    indexes = [0] * len(heads)
    while len(taken) < limit:
        open_heads = [
            (events[indexes[n]].recorded_at, n)
            for n, events in enumerate(heads)
            if indexes[n] < len(events)
        ]
        if not open_heads:
            break
        n = min(open_heads)[1]
        taken.append(heads[n][indexes[n]])
        indexes[n] += 1
    for event in taken:
        after[event.chain.key] = event.seq
    return Page(
        events=taken,
        shared_seq=after[Audience(audience.register).key],
        own_seq=after.get(audience.key, own_seq) if audience.party is not None else 0,
        more=any(indexes[n] < len(events) for n, events in enumerate(heads)),
    )


def epochs() -> list[Epoch]:
    """Every time that the log went on from a backup, oldest first."""
    return list(Epoch.objects.order_by("pk"))


def is_history_lost(audience: Audience, shared_seq: int, own_seq: int, epoch: str) -> bool:
    """Whether a reader who came to those positions in ``epoch`` has read what is lost now.

    ``epoch`` is empty for one from before any restore. One that is not known here was itself lost.
    """
    known = epochs()
    names = ["", *(row.name for row in known)]
    if epoch not in names:
        return True
    shared = Audience(audience.register).key
    return any(
        shared_seq > row.heads.get(shared, 0)
        or (audience.party is not None and own_seq > row.heads.get(audience.key, 0))
        for row in known[names.index(epoch) :]
    )


def current_epoch_name_or_empty() -> str:
    """The name of the present epoch; empty where nothing was ever restored."""
    return Epoch.objects.order_by("-pk").values_list("name", flat=True).first() or ""


def last_epoch_begun_since(since: dt.datetime) -> Epoch | None:
    """The last time after ``since`` that the log went on from a backup."""
    return next(iter(_BEGUN_SINCE(since)), None)


_BEGUN_SINCE = Statement(
    lambda since: Epoch.objects.filter(began_at__gt=since).order_by("-pk")[:1], dt.datetime
)


@dataclass(frozen=True)
class Fault:
    """Where a chain stops being true, and why."""

    chain: str
    seq: int
    reason: str


def first_fault_in(chain: Chain) -> Fault | None:
    """The first row of ``chain`` that is not as it was written, or None. Memory is bounded.

    Rows appended meanwhile are no fault: the check goes up to the head as it is at the start.
    """
    chain = Chain.objects.get(pk=chain.pk)
    previous, expected = GENESIS, 1
    rows = chain.events.filter(seq__lte=chain.seq).order_by("seq")
    for event in rows.iterator(chunk_size=2000):
        if event.seq != expected:
            return Fault(chain.key, expected, f"row {expected} is missing")
        if event.previous != previous:
            return Fault(chain.key, event.seq, "does not follow the row before it")
        if event_hash(hashed_fields(event, chain.key), event.previous) != event.hash:
            return Fault(chain.key, event.seq, "was changed after it was written")
        previous, expected = event.hash, expected + 1
    if (chain.seq, chain.head) != (expected - 1, previous):
        return Fault(chain.key, expected, "the newest rows are missing or the head was changed")
    last = chain.events.order_by("-seq").values_list("seq", flat=True).first() or 0
    if last > Chain.objects.values_list("seq", flat=True).get(pk=chain.pk):
        return Fault(chain.key, expected, "there are rows that the head does not know of")
    return None


class LogExtent(NamedTuple):
    """How far all chains together are: none grows without it, and none is put back."""

    chains: int
    events: int
    greatest_head: str


def log_extent() -> LogExtent:
    """How far the chains of all registers and of the system are now."""
    found = Chain.objects.aggregate(chains=Count("pk"), events=Sum("seq"), head=Max("head"))
    return LogExtent(found["chains"], found["events"] or 0, found["head"] or "")


def all_chains() -> Iterator[Chain]:
    """Every chain there is, for the operator's verification."""
    return Chain.objects.order_by("key").iterator()


def chains_of(audience: Audience) -> QuerySet[Chain]:
    """The chains that a member of ``audience`` may verify."""
    return Chain.objects.filter(key__in=audience.readable_chain_keys).order_by("key")


__all__ = [
    "SYSTEM_KEY",
    "Fault",
    "Page",
    "all_chains",
    "chains_of",
    "changes_after",
    "first_fault_in",
    "history_of",
    "visible_events",
]

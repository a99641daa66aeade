"""Coverage as it was counted before the database did: one object for each due date, in memory.

Slow and plain; ``test_due_dates`` holds the statement that counts now against it.
"""

import datetime as dt
import json
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from riskreg.accounts.models import User
from riskreg.events.queries import visible_events
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.models import Party, Term
from riskreg.reviews.models import Extension, Review
from riskreg.reviews.policy.coverage import (
    CoverageCounts,
    DueOutcome,
    DueReview,
    due_outcome,
    is_counted_under,
    tally,
)
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import (
    own_risk_aliases_before,
    visible_positions,
    visible_risks,
)

WORKSTREAM = "workstream"
_BACK = ("state", "next_review_on", "terms")


@dataclass(frozen=True)
class Item:
    """A due date with the risk it is of, and by what it can be grouped."""

    due: DueReview
    risk_id: int
    ref: str
    party: Party
    workstreams: tuple[str, ...]
    owner: int | None
    reviewer: int | None = None

    def keys(self, by: str) -> tuple[str, ...]:
        """The groups it belongs to; more than one only where a risk serves more workstreams."""
        if by == "party":
            return (self.party.key,)
        if by == "workstream":
            return self.workstreams or ("",)
        if by == "owner":
            return (str(self.owner or ""),)
        return (self.due.due_on.strftime("%Y-%m"),)


@dataclass(frozen=True)
class Row:
    """One line of a table: ``key`` is public (a user's uuid, a key, a month), ``name`` for people.

    An empty key is for what has none; ``name`` is empty then, and the face says so.
    """

    key: str
    name: Any
    tally: CoverageCounts
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Report:
    """Coverage of a period. Rows of workstreams may count one due date several times."""

    first: dt.date
    as_of: dt.date
    by: str
    total: CoverageCounts
    rows: tuple[Row, ...]
    items: tuple[Item, ...]

    def listed(self, what: str, key: str | None = None) -> list[Item]:
        """What a number counts: ``what`` of ``policy.coverage.WHAT``, of one row or of all."""
        items: Iterable[Item] = self.items
        if key is not None:
            items = next((row.items for row in self.rows if row.key == key), ())
        found = [i for i in items if is_counted_under(i.due, what, self.first, self.as_of)]
        return sorted(found, key=lambda i: (i.due.due_on, i.ref))


def coverage(viewer: Viewer, *, by: str, first: dt.date, as_of: dt.date, at: dt.datetime) -> Report:
    """What became of the due dates from ``first`` to ``as_of``, as recorded by the end of it."""
    items = coverage_items(viewer, first, as_of, at)
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if due_outcome(item.due, as_of) is DueOutcome.NONE and item.due.extended_until is None:
            continue
        for key in item.keys(by):
            groups[key].append(item)
    rows = []
    public = _public_key_and_name_by_group(viewer, by, groups)
    for key, listed in groups.items():
        counted = tally((i.due for i in listed), first, as_of)
        if counted != CoverageCounts():
            shown, name = public.get(key, (key, key))
            rows.append(Row(shown, name, counted, tuple(listed)))
    order = list(public)
    rows.sort(key=lambda r: r.key if by == "month" else str(r.name or "￿"))
    if by in ("party", "workstream"):
        rows.sort(key=lambda r: order.index(r.key) if r.key in order else len(order))
    total = tally((i.due for i in items), first, as_of)
    return Report(first, as_of, by, total, tuple(rows), tuple(items))


def coverage_items(viewer: Viewer, first: dt.date, as_of: dt.date, at: dt.datetime) -> list[Item]:
    """Every due date of the period, and every one that is open, as recorded by the end of it."""
    zone = viewer.register.time_zone
    today = viewer.today(at)
    end = clock.start_of_next_day(as_of, zone)
    risks = _risks(viewer, end)
    if as_of < today:
        _rewind(viewer, risks, end)
    extensions = _extensions(viewer, as_of, end)
    closed = _closings(viewer, end)
    owners = _owners(viewer, end)

    parties: dict[int, Party] = {}

    def item(
        risk: Mapping[str, Any],
        due: DueReview,
        moment: dt.datetime,
        review: int | None = None,
        who: int | None = None,
    ) -> Item:
        until = extensions.get((risk["pk"], due.due_on, review))
        return Item(
            due=replace(due, extended_until=until),
            risk_id=risk["pk"],
            ref=risk["ref"],
            party=parties.setdefault(
                risk["party_id"],
                Party(pk=risk["party_id"], key=risk["party__key"], names=risk["party__names"]),
            ),
            workstreams=risk["workstreams"],
            owner=_owner_at(owners.get(risk["pk"], []), moment),
            reviewer=who,
        )

    items = []
    reviews = (
        Review.objects.visible_to(viewer)
        .filter(created_at__lt=end, due_on__gte=first, due_on__lte=as_of)
        .order_by("due_on", "id")
        .values_list("pk", "risk_id", "due_on", "at", "brought_in", "reviewer_id")
    )
    for review, risk_id, due_on, held_at, brought_in, reviewer in reviews:
        if (risk := risks.get(risk_id)) is None:
            continue
        held_on = clock.local_date(held_at, zone)
        due = DueReview(due_on, held_on=held_on, brought_in=brought_in)
        owned_at = min(held_at, clock.start_of_next_day(due_on, zone))
        items.append(item(risk, due, owned_at, review, reviewer))
    for risk in risks.values():
        due_on = risk["next_review_on"]
        if due_on is None or due_on > as_of or risk["state"] == State.DRAFT:
            continue
        closed_at = closed.get(risk["uuid"]) if risk["state"] == State.CLOSED else None
        if risk["state"] == State.CLOSED and closed_at is None:
            continue
        closed_on = clock.local_date(closed_at, zone) if closed_at else None
        due = DueReview(due_on, closed_on=closed_on)
        items.append(item(risk, due, clock.start_of_next_day(due_on, zone)))
    return items


def _extensions(
    viewer: Viewer, as_of: dt.date, end: dt.datetime
) -> dict[tuple[int, dt.date, int | None], dt.date]:
    """Until when, by risk, due date and the review that came next (None: none by ``end``)."""
    came_next = Review.objects.filter(
        risk=OuterRef("risk"),
        pk__gt=Coalesce(OuterRef("reviewed_before"), Value(0)),
        created_at__lt=end,
    )
    rows = (
        Extension.objects.visible_to(viewer)
        .filter(created_at__lt=end, due_on__lte=as_of)
        .annotate(review=Subquery(came_next.order_by("pk").values("pk")[:1]))
        .values_list("risk_id", "due_on", "review", "until")
    )
    return {(risk, due_on, review): until for risk, due_on, review, until in rows}


def _risks(viewer: Viewer, end: dt.datetime) -> dict[int, dict[str, Any]]:
    """The risks recorded before ``end`` that were ever in force, by id, as they are now.

    One that was shared since counts from its sharing, and for its own party from its recording.
    """
    known = Q(created_at__lt=end)
    if viewer.party_id is not None:
        known |= Q(pk__in=own_risk_aliases_before(viewer, end).values("risk_id"))
    rows = visible_risks(viewer).filter(known, next_review_on__isnull=False)
    risks: dict[int, dict[str, Any]] = {
        row["pk"]: {**row, "terms": []}
        for row in rows.order_by("ref_order").values(
            "pk",
            "uuid",
            "ref",
            "state",
            "next_review_on",
            "visibility",
            "party_id",
            "party__key",
            "party__names",
        )
    }
    links = Risk.terms.through.objects.filter(
        term__taxonomy__register=viewer.register, term__taxonomy__key=WORKSTREAM
    ).values_list("risk_id", "term__key")
    for risk_id, key in links:
        if risk_id in risks:
            risks[risk_id]["terms"].append(f"{WORKSTREAM}:{key}")
    for risk in risks.values():
        risk["workstreams"] = _workstreams(risk["terms"])
    return risks


def _workstreams(terms: Iterable[str]) -> tuple[str, ...]:
    start = f"{WORKSTREAM}:"
    return tuple(sorted(t.removeprefix(start) for t in terms if t.startswith(start)))


def _rewind(viewer: Viewer, risks: dict[int, dict[str, Any]], end: dt.datetime) -> None:
    """Set ``risks`` to how they stood before ``end``: the oldest later event says what was before.

    A risk that was its party's own then is taken away for everybody else: they learn of it by its
    being shared, and from then on.
    """
    by_uuid = {risk["uuid"]: risk for risk in risks.values()}
    later = (
        visible_events(viewer.audience)
        .filter(subject_uuid__in=visible_risks(viewer).values("uuid"), recorded_at__gte=end)
        .order_by("id")
        .values_list("subject_uuid", "verb", "changes")
    )
    seen: set[tuple[uuid.UUID, str]] = set()
    for subject, verb, text in later:
        risk = by_uuid.get(subject)
        if risk is None:
            continue
        if verb == "risk.shared":
            # What it says beside that is how the risk stood when it was shared, not a change.
            if risk["party_id"] != viewer.party_id:
                risks.pop(risk["pk"], None)
            continue
        changes = json.loads(text)
        for name in _BACK:
            if name in changes and (subject, name) not in seen:
                seen.add((subject, name))
                before = changes[name][0]
                if name == "next_review_on":
                    before = dt.date.fromisoformat(before) if before else None
                risk[name] = before
                if name == "terms":
                    risk["workstreams"] = _workstreams(before or ())


def _closings(viewer: Viewer, end: dt.datetime) -> dict[uuid.UUID, dt.datetime]:
    """When each risk was last closed, as recorded before ``end``."""
    known = visible_risks(viewer).values("uuid")
    rows = (
        visible_events(viewer.audience)
        .filter(verb="risk.closed", subject_uuid__in=known, recorded_at__lt=end)
        .order_by("id")
        .values_list("subject_uuid", "at")
    )
    return dict(rows)


def _owners(viewer: Viewer, end: dt.datetime) -> dict[int, list[tuple[dt.datetime, int]]]:
    """Since when each risk belonged to whom, oldest first."""
    owners: dict[int, list[tuple[dt.datetime, int]]] = defaultdict(list)
    rows = (
        visible_positions(viewer)
        .filter(valid_from__lt=end)
        .order_by("valid_from")
        .values_list("risk_id", "valid_from", "owner_id")
    )
    for risk_id, since, owner in rows:
        known = owners[risk_id]
        if not known or known[-1][1] != owner:
            known.append((since, owner))
    return owners


def _owner_at(known: list[tuple[dt.datetime, int]], moment: dt.datetime) -> int | None:
    """Who owned it at ``moment``; the first one known for a moment before that."""
    before = [owner for since, owner in known if since < moment]
    return before[-1] if before else known[0][1] if known else None


def _public_key_and_name_by_group(
    viewer: Viewer, by: str, groups: Mapping[str, list[Item]]
) -> dict[str, tuple[str, Any]]:
    """Public key and name of each group, in the register's order where there is one."""
    if by == "party":
        parties = {item.party.pk: item.party for items in groups.values() for item in items}
        return {party.key: (party.key, party) for _pk, party in sorted(parties.items())}
    if by == "workstream":
        terms = Term.objects.filter(
            taxonomy__register=viewer.register, taxonomy__key=WORKSTREAM
        ).order_by("position", "id")
        return {term.key: (term.key, term) for term in terms}
    if by == "owner":
        people = User.objects.in_bulk([int(key) for key in groups if key])
        return {str(pk): (str(user.uuid), user) for pk, user in people.items()}
    return {}

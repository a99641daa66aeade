"""Review coverage as of any day, from the ledger alone.

What is asked is what had been *recorded* by the end of that day: a review that somebody brought in
later, with an earlier date, is not there yet. The database counts (``due_dates``); what becomes of
each due date, and where it counts, is ``policy.coverage``'s to say.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel.compiled import Statement
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.register.models import Party, Term
from riskreg.reviews.models import Extension
from riskreg.reviews.policy.coverage import (
    CountOfDueDates,
    CoverageCounts,
    DueReview,
    DueStatus,
    Ending,
    sum_up_counts,
)
from riskreg.reviews.queries.due_dates import WORKSTREAM, DueDates, Found
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import visible_risks

BY = ("party", WORKSTREAM, "owner", "month")
MAX_DAYS = 3660


@dataclass(frozen=True)
class Item:
    """A due date with the risk it is of, whose it was then, and who reviewed it."""

    due: DueReview
    risk: Risk
    owner: int | None
    reviewer: int | None = None

    @property
    def ref(self) -> str:
        """The risk's ref."""
        return self.risk.ref


@dataclass(frozen=True)
class Row:
    """One line of a table: ``key`` is public (a user's uuid, a key, a month), ``name`` for people;
    ``place`` is what the database groups by.

    An empty key is for what has none; ``name`` is empty then, and the face says so.
    """

    key: str
    name: Any
    tally: CoverageCounts
    place: Any


class DueList(Sequence[Item]):
    """What a number counts, the soonest due first: as long as the number says, read by the page."""

    def __init__(self, dues: DueDates, what: str, place: Any, length: int) -> None:
        self._dues, self._what, self._place, self._length = dues, what, place, length

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Item: ...

    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...

    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, int):
            if not 0 <= index < self._length:
                raise IndexError(index)
            return self[index : index + 1][0]
        start, stop, _step = index.indices(self._length)
        return _items_with_risk_and_extension(
            self._dues.viewer, self._dues.listed(self._what, self._place, start, stop)
        )


@dataclass(frozen=True)
class Report:
    """Coverage of a period. Rows of workstreams may count one due date several times."""

    first: dt.date
    as_of: dt.date
    by: str
    total: CoverageCounts
    rows: tuple[Row, ...]
    dues: DueDates

    def listed(self, what: str, key: str | None = None) -> Sequence[Item]:
        """What a number counts: ``what`` of ``policy.coverage.WHAT``, of one row or of all."""
        if key is None:
            return DueList(self.dues, what, None, getattr(self.total, what))
        row = next((row for row in self.rows if row.key == key), None)
        return DueList(self.dues, what, row.place, getattr(row.tally, what)) if row else []


def coverage(viewer: Viewer, *, by: str, first: dt.date, as_of: dt.date, at: dt.datetime) -> Report:
    """What became of the due dates from ``first`` to ``as_of``, as recorded by the end of it.

    Raises ``Invalid`` for days that are no period, or one that has not come (``as_of``, ``from``),
    and for an unknown ``by``.
    """
    require_valid_period(viewer, by, first, as_of, at)
    dues = DueDates(viewer, by, first, as_of, at)
    groups: dict[Any, Counter[tuple[DueStatus, int]]] = defaultdict(Counter)
    for place, status, late, n in dues.counted():
        groups[place][status, late] += n
    public = _public_key_and_name_by_group(viewer, by, groups)
    rows = []
    for place, counted in groups.items():
        tally = sum_up_counts(counted)
        if tally != CoverageCounts():
            shown, name = public.get(place, (str(place or ""), place or ""))
            rows.append(Row(shown, name, tally, place))
    order = list(public)
    rows.sort(key=lambda r: r.key if by == "month" else str(r.name or "\uffff"))
    if by in ("party", WORKSTREAM):
        rows.sort(key=lambda r: order.index(r.place) if r.place in order else len(order))
    if by == WORKSTREAM:
        # One due date of two workstreams stands in two groups, and is one in all.
        counts = DueDates(viewer, "party", first, as_of, at).counted()
    else:
        counts = [
            CountOfDueDates(place, *key, n)
            for place, counted in groups.items()
            for key, n in counted.items()
        ]
    total: Counter[tuple[DueStatus, int]] = Counter()
    for _place, status, late, n in counts:
        total[status, late] += n
    return Report(first, as_of, by, sum_up_counts(total), tuple(rows), dues)


def require_valid_period(
    viewer: Viewer, by: str, first: dt.date, as_of: dt.date, at: dt.datetime
) -> None:
    """Raise ``Invalid`` for what cannot be asked."""
    errors = Errors()
    if by not in BY:
        errors.add("by", "unknown", _("This must be one of: %(all)s.") % {"all": ", ".join(BY)})
    if as_of > viewer.today(at):
        errors.add("as_of", "in_the_future", _("That day has not come yet; ask for today at most."))
    if first > as_of:
        errors.add("from", "after_as_of", _("The period must start before it ends."))
    elif (as_of - first).days > MAX_DAYS:
        errors.add("from", "too_far", _("At most ten years can be asked for."))
    errors.raise_if_any()


def _items_with_risk_and_extension(viewer: Viewer, found: Sequence[Found]) -> list[Item]:
    """With the risk of each, and until when it was extended."""
    risks = visible_risks(viewer).in_bulk({one.risk_id for one in found})
    extended = [one for one in found if one.status.extended]
    until: dict[tuple[int, dt.date], list[tuple[int, dt.date]]] = defaultdict(list)
    if extended:
        rows = Extension.objects.visible_to(viewer).filter(risk__in={e.risk_id for e in extended})
        for risk, due_on, before, day in rows.order_by("id").values_list(
            "risk_id", "due_on", "reviewed_before_id", "until"
        ):
            until[risk, due_on].append((before or 0, day))

    def extended_until(one: Found) -> dt.date | None:
        """Of the extensions for that day the one granted last before the review that met it."""
        if not one.status.extended:
            return None
        granted = until[one.risk_id, one.due_on]
        return max(g for g in granted if one.review_id is None or g[0] < one.review_id)[1]

    return [
        Item(
            due=DueReview(
                one.due_on,
                held_on=one.ended_on if one.status.ending is Ending.HELD else None,
                closed_on=one.ended_on if one.status.ending is Ending.CLOSED else None,
                extended_until=extended_until(one),
                brought_in=one.status.brought_in,
            ),
            risk=risks[one.risk_id],
            owner=one.owner_id,
            reviewer=one.reviewer_id,
        )
        for one in found
    ]


def _parties_of(register: int) -> QuerySet[Party]:
    return Party.objects.filter(register=register).order_by("pk")


_PARTIES: Statement[Party] = Statement(_parties_of, int)


def _public_key_and_name_by_group(
    viewer: Viewer, by: str, groups: Mapping[Any, Any]
) -> dict[Any, tuple[str, Any]]:
    """Public key and name of each group, in the register's order where there is one."""
    if by == "party":
        parties = _PARTIES(viewer.register.pk) if groups else []
        return {party.pk: (party.key, party) for party in parties if party.pk in groups}
    if by == WORKSTREAM:
        terms = Term.objects.filter(
            taxonomy__register=viewer.register, taxonomy__key=WORKSTREAM
        ).order_by("position", "id")
        return {term.key: (term.key, term) for term in terms}
    if by == "owner":
        people = User.objects.in_bulk([pk for pk in groups if pk])
        return {pk: (str(user.uuid), user) for pk, user in people.items()}
    return {}


def default_first_day(as_of: dt.date) -> dt.date:
    """Where a period starts that nobody named: twelve calendar months, the last one unfinished."""
    # In the first year of the calendar the months before it are lacking.
    months = max(12, as_of.year * 12 + as_of.month - 1 - 11)
    return dt.date(months // 12, months % 12 + 1, 1)

"""Every due date of a period as one relation, for coverage to count and to list in the database.

What the viewer may know of comes from the query sets that every read starts from; they stand at the
head of the statement under names (``risks``, ``reviews`` …), and hand-written SQL puts them
together. A past day is found by taking back what was logged since: the oldest later event that
names a value tells what it was before.
"""

# What stands in this SQL are names of this module, days and database ids; all else is a parameter.
# ruff: noqa: S608

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from riskreg.events.queries import sql_of_visible_events, visible_events
from riskreg.kernel import clock
from riskreg.kernel.compiled import Statement
from riskreg.kernel.replica import reading_connection
from riskreg.kernel.sql_days import sql_of_days_between, sql_of_local_day, sql_of_month
from riskreg.register.access import Viewer
from riskreg.register.written import written_sql
from riskreg.reviews.models import Extension, Review
from riskreg.reviews.policy.coverage import CountOfDueDates, DueStatus, Ending, statuses_counted
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import own_risk_aliases_before, visible_positions, visible_risks

WORKSTREAM = "workstream"
# Name, columns, SQL and values of a part of the statement.
_CtePart = tuple[str, str, str, Sequence[Any]]
# A risk (database id) and the key of a workstream of it; None: it had none.
RiskWorkstream = tuple[int, str | None]


@dataclass(frozen=True)
class Found:
    """One due date: of which risk, when, how it ended, and by which review of whose."""

    risk_id: int
    due_on: dt.date
    status: DueStatus
    ended_on: dt.date
    review_id: int | None
    reviewer_id: int | None
    owner_id: int | None


class DueDates:
    """The due dates from ``first`` to ``as_of``, and every one that is open, as recorded by the end
    of that day, grouped ``by`` one of ``coverage.BY``."""

    def __init__(
        self, viewer: Viewer, by: str, first: dt.date, as_of: dt.date, at: dt.datetime
    ) -> None:
        self.viewer, self.by, self.first, self.as_of = viewer, by, first, as_of
        self.zone = viewer.register.time_zone
        self.after_as_of = clock.start_of_next_day(as_of, self.zone)
        self.past = as_of < viewer.today(at)

    # What is asked of them -----------------------------------------------------------------------
    def counted(self) -> list[CountOfDueDates]:
        """How many there are, by group, status and days late. Not more rows than the calendar
        has days for each group, whatever the register holds."""
        columns = "place, ending, late, inside, brought_in, extended"
        sql = f"SELECT {columns}, count(*) FROM ({self._sql_of_statuses()}) x GROUP BY {columns}"
        return [
            CountOfDueDates(place, _status(ending, late > 0, *flags), int(late), int(n))
            for place, ending, late, *flags, n in self._rows(sql)
        ]

    def listed(self, what: str, place: Any, start: int, stop: int) -> list[Found]:
        """Those counted under ``what``, of one group or of all (None): the soonest due first, from
        number ``start`` to ``stop``."""
        alike = [
            f"('{s.ending}', {s.past}, {s.inside}, {s.brought_in}, {s.extended})"
            for s in statuses_counted(what)
        ]
        # By workstream a due date stands in several rows; in the list of all of them it is one.
        by = self.by if place is not None else "party"
        group = "" if place is None else "AND place = %s"
        sql = f"""
            SELECT risk_id, due_on, ending, late > 0, inside, brought_in, extended, ended_on,
              review_id, reviewer_id, {self._sql_of_owner_when_met("x")}
            FROM ({self._sql_of_statuses(by)}) x
            WHERE (ending, late > 0, inside, brought_in, extended)
              IN (VALUES {", ".join(alike)}) {group}
            ORDER BY due_on, ref_order, risk_id, review_id LIMIT %s OFFSET %s"""
        tail = [stop - start, start]
        rows = self._rows(sql, tail if place is None else [place, *tail], by)
        return [
            Found(
                risk_id, _day(due_on), _status(*rest[:5]), _day(rest[5]), rest[6], rest[7],
                rest[8],
            )
            for risk_id, due_on, *rest in rows
        ]  # fmt: skip

    # The statement -------------------------------------------------------------------------------
    def _rows(self, sql: str, params: Sequence[Any] = (), by: str = "") -> list[tuple[Any, ...]]:
        by = by or self.by
        named: list[str] = []
        values: list[Any] = []
        for name, columns, text, held in self._cte_parts(by):
            named.append(f"{name}({columns}) AS {text}")
            values += held
        with reading_connection().cursor() as cursor:
            cursor.execute(f"WITH {', '.join(named)} {sql}", [*values, *params])
            return list(cursor.fetchall())

    def _cte_parts(self, by: str) -> list[_CtePart]:
        """Every part, in the order in which they build up."""
        register = self.viewer.register.pk
        parts = [
            _cte_part(
                "risks",
                "id, uuid, party_id, ref_order, state, next_review_on",
                self._sql_of_risks(),
            ),
            _cte_part(
                "reviews",
                "id, risk_id, due_on, at, brought_in, reviewer_id",
                _sql_of_reviews_due_in_period(
                    self.viewer, self.after_as_of, self.first, self.as_of
                ),
            ),
            _cte_part(
                "logged",
                "id, subject_uuid, verb, changes, at, recorded_at",
                sql_of_visible_events(self.viewer.audience),
            ),
            _cte_part(
                "positions",
                "risk_id, valid_from, owner_id",
                _sql_of_positions_before(self.viewer, self.after_as_of),
            ),
            _cte_part("every_review", "id, risk_id", _EVERY_REVIEW.sql(register, self.after_as_of)),
            _cte_part(
                "granted",
                "risk_id, due_on, reviewed_before",
                _sql_of_extensions_granted_before(self.viewer, self.after_as_of, self.as_of),
            ),
            ("extended", "risk_id, due_on, review_id", _EXTENDED, ()),
        ]
        if by == WORKSTREAM:
            parts += self._cte_parts_of_workstreams()
        if self.past:
            end = self._end_for_database
            parts.append(
                ("before", "id, due_was, state_was", self._sql_of_values_before, (end, end))
            )
        parts.append(self._cte_part_of_risks_then())
        parts.append(("dues", _DUES_COLUMNS, _DUES, (_date_for_database(self.as_of),)))
        return parts

    @cached_property
    def _end_for_database(self) -> Any:
        return connection.ops.adapt_datetimefield_value(self.after_as_of)

    def _sql_of_risks(self) -> tuple[str, list[Any]]:
        """The risks recorded by then that were ever in force, as they are now.

        One that was shared since counts from its sharing, and for its own party from its recording.
        """
        if not self.past:
            return _sql_of_risks_known_before(self.viewer, self.after_as_of)
        shared_later = visible_events(self.viewer.audience).filter(
            subject_uuid=OuterRef("uuid"), verb="risk.shared", recorded_at__gte=self.after_as_of
        )
        own = Q(party_id=self.viewer.party_id) if self.viewer.party_id else Q(pk=None)
        rows = _risks_known_before(self.viewer, self.after_as_of).filter(
            own | ~Exists(shared_later)
        )
        sql, values = rows.query.sql_with_params()
        return sql, list(values)

    @property
    def _sql_of_values_before(self) -> str:
        """What was before, where it was changed since: text, empty for nothing, NULL for the same.

        What the event of a sharing says beside that is how the risk stood when it was shared.
        """

        def was(name: str) -> str:
            value, known = _sql_of_value_before_change(name)
            return f"""(SELECT coalesce({value}, '') FROM logged e
                WHERE e.subject_uuid = r.uuid AND e.recorded_at >= %s AND e.verb <> 'risk.shared'
                  AND e.changes LIKE '%%"{name}":%%' AND {known} ORDER BY e.id LIMIT 1)"""

        return f"""MATERIALIZED (
            SELECT r.id, {was("next_review_on")}, {was("state")} FROM risks r)"""

    def _cte_part_of_risks_then(self) -> _CtePart:
        """How each risk stood on the day, with when it was last closed, if it stood closed."""
        closed = f"""CASE WHEN {{state}} = '{State.CLOSED}' THEN (
            SELECT e.at FROM logged e WHERE e.subject_uuid = r.uuid AND e.verb = 'risk.closed'
              AND e.recorded_at < %s ORDER BY e.id DESC LIMIT 1) END"""
        columns = "id, party_id, ref_order, due_on, state, closed_at"
        start = "SELECT r.id, r.party_id, r.ref_order,"
        if not self.past:
            text = f"""NOT MATERIALIZED (
              {start} r.next_review_on, r.state, {closed.format(state="r.state")} FROM risks r)"""
            return "stood", columns, text, (self._end_for_database,)
        due = "b.due_was" if connection.vendor == "sqlite" else "b.due_was::date"
        state = "coalesce(b.state_was, r.state)"
        text = f"""NOT MATERIALIZED (
          {start} CASE WHEN b.due_was IS NULL THEN r.next_review_on
              WHEN b.due_was = '' THEN NULL ELSE {due} END,
            {state}, {closed.format(state=state)}
          FROM risks r JOIN before b ON b.id = r.id)"""
        return "stood", columns, text, (self._end_for_database,)

    def _cte_parts_of_workstreams(self) -> list[_CtePart]:
        """The workstreams of each risk on the day: as they are now, or as they were before the
        first change since."""
        links = Risk.terms.through.objects.filter(
            term__taxonomy__register=self.viewer.register, term__taxonomy__key=WORKSTREAM
        ).values_list("risk_id", "term__key")
        now = _as_cte("linked", "risk_id, term", links)
        was = json.dumps(self._workstreams_before_later_changes() if self.past else [])
        if connection.vendor == "sqlite":
            pairs = "json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(%s)"
        else:
            pairs = "(value->>0)::bigint, value->>1 FROM jsonb_array_elements(%s::jsonb)"
        text = """NOT MATERIALIZED (
          SELECT l.risk_id, l.term FROM linked l
          WHERE l.risk_id NOT IN (SELECT risk_id FROM earlier)
          UNION ALL SELECT w.risk_id, w.term FROM earlier w WHERE w.term IS NOT NULL)"""
        return [
            now,
            ("earlier", "risk_id, term", f"MATERIALIZED (SELECT {pairs})", (was,)),
            ("workstreams", "risk_id, term", text, ()),
        ]

    def _workstreams_before_later_changes(self) -> list[RiskWorkstream]:
        """Of each risk whose terms were changed since: the workstreams of before, or None."""
        later = (
            visible_events(self.viewer.audience)
            .filter(recorded_at__gte=self.after_as_of, changes__contains='"terms":')
            .exclude(verb="risk.shared")
            .order_by("id")
            .values_list("subject_uuid", "changes")
        )
        first: dict[Any, list[str]] = {}
        for subject, text in later:
            changed = json.loads(text)
            if subject not in first and "terms" in changed:
                first[subject] = changed["terms"][0] or []
        ids = dict(
            visible_risks(self.viewer).filter(uuid__in=list(first)).values_list("uuid", "pk")
        )
        start = f"{WORKSTREAM}:"
        found: list[RiskWorkstream] = []
        for subject, terms in first.items():
            if (risk := ids.get(subject)) is not None:
                keys = {t.removeprefix(start) for t in terms if t.startswith(start)}
                found += [(risk, key) for key in sorted(keys)] or [(risk, None)]
        return found

    def _sql_of_statuses(self, by: str = "") -> str:
        """The due dates with how each stands, and in which group (``place``)."""
        by = by or self.by
        place = {
            "party": "d.party_id",
            "owner": self._sql_of_owner_when_met("d"),
            "month": sql_of_month("d.due_on"),
            WORKSTREAM: "coalesce(w.term, '')",
        }[by]
        joined = "LEFT JOIN workstreams w ON w.risk_id = d.risk_id" if by == WORKSTREAM else ""
        as_of, first = (connection.ops.adapt_datefield_value(d) for d in (self.as_of, self.first))
        if connection.vendor != "sqlite":
            as_of, first = f"'{as_of}'::date", f"'{first}'::date"
        else:
            as_of, first = f"'{as_of}'", f"'{first}'"
        ended = f"coalesce({sql_of_local_day('d.ended_at', self.zone, self.as_of)}, {as_of})"
        days = sql_of_days_between("d.due_on", "d.ended_on")
        greatest = "max" if connection.vendor == "sqlite" else "greatest"
        return f"""
            SELECT {place} AS place, d.risk_id, d.due_on, d.ending, d.due_on >= {first} AS inside,
              d.brought_in, d.ended_at, d.ended_on, d.review_id, d.reviewer_id, d.ref_order,
              x.risk_id IS NOT NULL AS extended, {greatest}({days}, 0) AS late
            FROM (SELECT d.*, {ended} AS ended_on FROM dues d) d
            LEFT JOIN extended x ON x.risk_id = d.risk_id AND x.due_on = d.due_on
              AND x.review_id = coalesce(d.review_id, 0)
            {joined}"""

    def _sql_of_owner_when_met(self, due: str) -> str:
        """Whose the risk was when the date was met or, at the latest, at the end of its day; the
        first one known for a moment before that."""
        since = sql_of_local_day("p.valid_from", self.zone, self.as_of)
        of = f"SELECT p.owner_id FROM positions p WHERE p.risk_id = {due}.risk_id"
        return f"""coalesce(
            ({of} AND {since} <= {due}.due_on
              AND ({due}.ending <> '{Ending.HELD}' OR p.valid_from < {due}.ended_at)
              ORDER BY p.valid_from DESC LIMIT 1),
            ({of} ORDER BY p.valid_from LIMIT 1))"""


# Which review came next after an extension was granted (0: none by the end of the day).
_EXTENDED = """MATERIALIZED (
    SELECT DISTINCT g.risk_id, g.due_on, coalesce((SELECT min(v.id) FROM every_review v
      WHERE v.risk_id = g.risk_id AND v.id > coalesce(g.reviewed_before, 0)), 0) FROM granted g)"""
_DUES_COLUMNS = (
    "risk_id, party_id, ref_order, due_on, ending, ended_at, brought_in, review_id, reviewer_id"
)
_DUES = f"""NOT MATERIALIZED (
    SELECT r.id, r.party_id, r.ref_order, v.due_on, '{Ending.HELD}', v.at, v.brought_in, v.id,
      v.reviewer_id
    FROM reviews v JOIN risks r ON r.id = v.risk_id
    UNION ALL
    SELECT o.id, o.party_id, o.ref_order, o.due_on,
      CASE WHEN o.state = '{State.CLOSED}' THEN '{Ending.CLOSED}' ELSE '{Ending.OPEN}' END,
      o.closed_at, false, NULL, NULL
    FROM stood o WHERE o.due_on <= %s AND (o.state = '{State.OPEN}' OR o.closed_at IS NOT NULL))"""


# Parts of the statement that are written once -----------------------------------------------------
def _risks_known_before(viewer: Viewer, end: dt.datetime) -> QuerySet[Risk, Any]:
    known = Q(created_at__lt=end)
    if viewer.party_id is not None:
        known |= Q(pk__in=own_risk_aliases_before(viewer, end).values("risk_id"))
    rows = visible_risks(viewer).filter(known, next_review_on__isnull=False).order_by()
    return rows.values_list("pk", "uuid", "party_id", "ref_order", "state", "next_review_on")


_sql_of_risks_known_before = written_sql(_risks_known_before)


@written_sql
def _sql_of_reviews_due_in_period(
    viewer: Viewer, end: dt.datetime, first: dt.date, as_of: dt.date
) -> QuerySet[Review, Any]:
    found = Review.objects.visible_to(viewer).filter(
        created_at__lt=end, due_on__gte=first, due_on__lte=as_of
    )
    return found.order_by().values_list(
        "pk", "risk_id", "due_on", "at", "brought_in", "reviewer_id"
    )


@written_sql
def _sql_of_positions_before(viewer: Viewer, end: dt.datetime) -> QuerySet[Any, Any]:
    found = visible_positions(viewer).filter(valid_from__lt=end).order_by()
    return found.values_list("risk_id", "valid_from", "owner_id")


@written_sql
def _sql_of_extensions_granted_before(
    viewer: Viewer, end: dt.datetime, as_of: dt.date
) -> QuerySet[Extension, Any]:
    found = Extension.objects.visible_to(viewer).filter(created_at__lt=end, due_on__lte=as_of)
    return found.order_by().values_list("risk_id", "due_on", "reviewed_before_id")


def _reviews_recorded_before(register: int, end: dt.datetime) -> QuerySet[Review, Any]:
    found = Review.objects.filter(register=register, created_at__lt=end).order_by()
    return found.values_list("pk", "risk")


_EVERY_REVIEW: Statement[Any] = Statement(_reviews_recorded_before, int, dt.datetime)


def _cte_part(name: str, columns: str, written: tuple[str, list[Any]]) -> _CtePart:
    sql, values = written
    return name, columns, f"NOT MATERIALIZED ({sql})", tuple(values)


def _as_cte(name: str, columns: str, rows: QuerySet[Any, Any]) -> _CtePart:
    sql, values = rows.order_by().query.sql_with_params()
    return _cte_part(name, columns, (sql, list(values)))


def _sql_of_value_before_change(name: str) -> tuple[str, str]:
    """SQL for what ``name`` was before the event ``e``, and for whether ``e`` names it at all."""
    if connection.vendor == "sqlite":
        found = f"json_type(e.changes, '$.{name}') IS NOT NULL"
        return f"json_extract(e.changes, '$.{name}[0]')", found
    return f"e.changes::jsonb -> '{name}' ->> 0", f"e.changes::jsonb -> '{name}' IS NOT NULL"


def _status(ending: str, past: Any, inside: Any, brought_in: Any, extended: Any) -> DueStatus:
    return DueStatus(Ending(ending), bool(past), bool(inside), bool(brought_in), bool(extended))


def _date_for_database(day: dt.date) -> Any:
    return connection.ops.adapt_datefield_value(day)


def _day(value: Any) -> dt.date:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value

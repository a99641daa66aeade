"""Which risks a heatmap names in each cell."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from riskreg.kernel.replica import reading_connection
from riskreg.register.access import Viewer
from riskreg.register.written import written_once, written_sql
from riskreg.risks.models import Position
from riskreg.risks.queries.heatmap_positions import (
    OpenRisks,
    counts_by_kind_and_cell,
    is_left_out_at,
    open_positions_at,
    tie_breaker,
)


class CountsAndRefs(NamedTuple):
    """Rows of ``counts_by_kind_and_cell``, and the first refs by cell (likelihood, impact); None:
    they were not read with the counts."""

    counts: list[tuple[Any, ...]]
    refs: dict[tuple[Any, Any], list[str]] | None


def counts_and_refs_by_cell(asked: OpenRisks, stage: str, kind: str, most: int) -> CountsAndRefs:
    """What ``counts_by_cell`` counts, and what ``first_refs_by_cell`` finds for it where one
    statement has found both: of all risks now, where the database has arrays."""
    of_all_now = asked.moment is None and asked.chosen.takes_all
    if not (most and of_all_now and reading_connection().vendor == "postgresql"):
        return CountsAndRefs(list(asked.counts_by_cell(stage)), None)
    rows, found = [], dict[tuple[Any, Any], list[str]]()
    for *row, refs in _open_counts_with_first_refs(
        asked.viewer, stage=stage, kind=kind, parts=asked.chosen.parts, most=most
    ):
        rows.append(tuple(row))
        if refs:
            found[row[1], row[2]] = refs
    return CountsAndRefs(rows, found)


def first_refs_by_cell(
    asked: OpenRisks, stage: str, kind: str, counts: Mapping[tuple[Any, Any], int], most: int
) -> dict[tuple[Any, Any], list[str]]:
    """The first refs of each place that has some, by how many: ``counts``. What is cut off puts
    less at stake: in a cell the score of the other stage decides.

    One statement of one short list for each place, which the index of the map has in that order:
    ranking all rows would sort them all, and going through them here would fetch them all. Where
    hardly any is cut off they are fetched.
    """
    if not counts:
        # Nor is there SQL of a filter that nothing can match.
        return {}
    if asked.moment is not None:
        return _first_refs_on_past_day(asked.counted, stage, kind, most)
    places = list(counts)
    if asked.chosen.takes_all:
        parts = "" if asked.apart else asked.chosen.parts
        if sum(counts.values()) <= len(places) * most:
            rows = _open_refs_worst_first(asked.viewer, stage=stage, kind=kind, parts=parts)
            return {place: refs[:most] for place, refs in _refs_by_cell(rows).items()}
        lists = [
            _sql_of_first_refs_in_cell(
                asked.viewer, *place, stage=stage, kind=kind, parts=parts, most=most
            )
            for place in places
        ]
    else:
        lists = _sql_of_first_refs_in_each(asked.counted, stage, kind, places, most)
    united = " UNION ALL ".join(
        f"SELECT * FROM ({sql}) x{n}"  # noqa: S608 - as the ORM wrote it
        for n, (sql, _values) in enumerate(lists)
    )
    with reading_connection().cursor() as cursor:
        cursor.execute(united, [value for _sql, values in lists for value in values])
        return _refs_by_cell(cursor.fetchall())


def _refs_by_cell(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, Any], list[str]]:
    found: dict[tuple[Any, Any], list[str]] = {}
    for likelihood, impact, ref in rows:
        found.setdefault((likelihood, impact), []).append(ref)
    return found


def _first_refs_in_cell(
    positions: QuerySet[Position],
    likelihood: int | None,
    impact: int | None,
    *,
    stage: str,
    kind: str,
    most: int,
) -> QuerySet[Position, tuple[Any, ...]]:
    columns = (f"{stage}_likelihood", f"{stage}_impact", "ref")
    rows = positions.filter(kind=kind, **{columns[0]: likelihood, columns[1]: impact})
    return rows.order_by(*_worst_first(stage)).values_list(*columns)[:most]


def _worst_first(stage: str) -> list[Any]:
    return [F(tie_breaker(stage)).desc(nulls_last=True), "ref_order"]


class _OfGroup(Case):
    """What follows from the columns that rows are grouped by, and is no further one of them."""

    def get_group_by_cols(self) -> list[Any]:
        return []


@written_once()
def _open_counts_with_first_refs(
    viewer: Viewer, *, stage: str, kind: str, parts: str, most: int
) -> QuerySet[Position, tuple[Any, ...]]:
    """Each cell's list is looked up when its risks are counted, from the index of the map."""
    counted, cell = _open_and_counted(viewer, parts), (f"{stage}_likelihood", f"{stage}_impact")

    def listed(**where: Any) -> ArraySubquery:
        refs = counted.filter(kind=kind, **where).order_by(*_worst_first(stage)).values("ref")
        return ArraySubquery(refs[:most])

    in_cell = _OfGroup(
        When(~Q(kind=kind), then=Value([], output_field=ArrayField(CharField()))),
        When(**{f"{cell[0]}__isnull": True}, then=listed(**dict.fromkeys(cell))),
        default=listed(**{column: OuterRef(column) for column in cell}),
    )
    behind = is_left_out_at(viewer, None, parts)
    return counts_by_kind_and_cell(open_positions_at(viewer, None), behind, stage).annotate(
        first=in_cell
    )


@written_once()
def _open_refs_worst_first(
    viewer: Viewer, *, stage: str, kind: str, parts: str
) -> QuerySet[Position, tuple[Any, ...]]:
    rows = _open_and_counted(viewer, parts).filter(kind=kind).order_by(*_worst_first(stage))
    return rows.values_list(f"{stage}_likelihood", f"{stage}_impact", "ref")


def _open_and_counted(viewer: Viewer, parts: str) -> QuerySet[Position]:
    """All of now that no other stands for; without ``parts`` it is known that none does."""
    counted = open_positions_at(viewer, None)
    return counted.filter(~is_left_out_at(viewer, None, parts)) if parts else counted


@written_sql
def _sql_of_first_refs_in_cell(
    viewer: Viewer,
    likelihood: int | None,
    impact: int | None,
    *,
    stage: str,
    kind: str,
    parts: str,
    most: int,
) -> QuerySet[Position, tuple[Any, ...]]:
    counted = _open_and_counted(viewer, parts)
    return _first_refs_in_cell(counted, likelihood, impact, stage=stage, kind=kind, most=most)


def _sql_of_first_refs_in_each(
    counted: QuerySet[Position], stage: str, kind: str, places: list[tuple[Any, Any]], most: int
) -> list[tuple[str, list[Any]]]:
    """The short list of each of ``places``, as SQL and values: written once and used for every
    cell, as the values in which two cells differ are the cell's own."""

    def compiled(likelihood: int | None, impact: int | None) -> tuple[str, list[Any]]:
        rows = _first_refs_in_cell(counted, likelihood, impact, stage=stage, kind=kind, most=most)
        sql, values = rows.query.sql_with_params()
        return sql, list(values)

    in_cell, of_first = compiled(1, 2)
    own = [
        (n, value - 1)
        for n, (value, other) in enumerate(zip(of_first, compiled(3, 4)[1], strict=True))
        if value != other
    ]
    parts = []
    for place in places:
        sql, given = (in_cell, [*of_first]) if place[0] is not None else compiled(None, None)
        for n, axis in own if place[0] is not None else ():
            given[n] = place[axis]
        parts.append((sql, given))
    return parts


def _first_refs_on_past_day(
    counted: QuerySet[Position], stage: str, kind: str, most: int
) -> dict[tuple[Any, Any], list[str]]:
    """``first_refs_by_cell`` of a day that has passed: no index leads to its cells, and each short
    list would go through all of it."""
    columns = (f"{stage}_likelihood", f"{stage}_impact", "ref")
    cell = [F(column) for column in columns[:2]]
    rank = Window(RowNumber(), partition_by=cell, order_by=_worst_first(stage))
    ranked = counted.filter(kind=kind).annotate(place=rank).filter(place__lte=most)
    return _refs_by_cell(ranked.order_by("place").values_list(*columns))

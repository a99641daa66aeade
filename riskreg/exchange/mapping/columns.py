"""Which of their columns is which of ours: by its name, and by what is in it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from riskreg.exchange.mapping.levels import folded
from riskreg.exchange.mapping.words import MARKS
from riskreg.exchange.reading.names import plain, recognise
from riskreg.exchange.reading.table import Row, Table, Value, is_blank, shown
from riskreg.exchange.reading.words import SCORES

# Several columns can be put together into one of these.
JOINED = ("event", "cause", "consequence", "control", "mitigation.description", "rationale")
STAGES = ("inherent", "residual", "target")
FIELDS = (
    "ref", "external_id", "title", "event", "cause", "consequence", "kind", "state", "response",
    "owner", "deputy", "objectives", "visibility", "identified_on", "closed_on", "rationale",
    "control", "control.corrective",
    "mitigation.title", "mitigation.description", "mitigation.expected_effect",
    "mitigation.due_on", "mitigation.owner", "mitigation.status", "mitigation.progress",
    "mitigation.cost",
)  # fmt: skip
IGNORE = "ignore"
_CODE = re.compile(r"[a-z]{0,8}[-_ .#]?[0-9]{1,8}(?:[-_.][0-9]{1,6})*", re.I)


def targets(taxonomies: Sequence[str]) -> tuple[str, ...]:
    """Everything that a column can be: fields, what a stage was judged, terms of a taxonomy."""
    scores = tuple(f"{stage}.{part}" for stage in STAGES for part in SCORES)
    return (*FIELDS, *scores, *(f"terms.{key}" for key in taxonomies), IGNORE)


def fold_marks(table: Table) -> Table:
    """``table`` with crosses under columns of levels put together: *Impact 1 … Impact 5* are one
    column *Impact*, whose values say where the cross stood."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, header in enumerate(table.headers):
        known = recognise(header)
        if known and known.target in ("likelihood", "impact") and known.sureness < 100:
            groups.setdefault((known.target, known.stage), []).append(place)
    for places in groups.values():
        if len(places) > 2 and all(_only_marks(table, place) for place in places):
            table = _folded(table, places)
    return table


def _only_marks(table: Table, place: int) -> bool:
    values = [shown(row.values[place]) for row in table.rows]
    return all(not value or folded(value) in MARKS for value in values)


def _folded(table: Table, places: list[int]) -> Table:
    names = [table.headers[place].split() for place in places]
    common = 0
    while all(len(n) > common + 1 and n[common] == names[0][common] for n in names):
        common += 1
    if common == 0:
        return table
    header = " ".join(names[0][:common])
    levels = {place: " ".join(name[common:]) for place, name in zip(places, names, strict=True)}
    kept = [place for place in range(len(table.headers)) if place not in places]
    rows = []
    for row in table.rows:
        marked = [levels[place] for place in places if not is_blank(row.values[place])]
        value: Value = marked[0] if len(marked) == 1 else " / ".join(marked) or None
        values = (*(row.values[place] for place in kept), value)
        rows.append(Row(row.number, values, row.too_long))
    headers = (*(table.headers[place] for place in kept), header)
    return replace(table, headers=headers, rows=tuple(rows))


def propose_columns(
    table: Table,
    *,
    taxonomies: Mapping[str, Sequence[str]],
    terms: Mapping[str, frozenset[str]],
    people: frozenset[str],
) -> dict[str, str | None]:
    """{their column: ours}, None for what none of ours is (its values are kept with the source).

    ``taxonomies`` are {key: names}, ``terms`` {key: names of its terms}, ``people`` the names and
    addresses of members; all folded.
    """
    known = {header: recognise(header) for header in table.headers}
    unnamed = _stage_without_name(table.headers)
    wanted: dict[str, tuple[str, int]] = {}
    for header, found in known.items():
        direct = header.strip()
        if direct in targets(tuple(taxonomies)):
            wanted[header] = (direct, 200)
        elif direct.startswith("scores.") and direct.removeprefix("scores.") in targets(()):
            wanted[header] = (direct.removeprefix("scores."), 200)
        elif found is None:
            continue
        elif found.target in SCORES:
            stage = found.stage or unnamed
            if stage:
                wanted[header] = (f"{stage}.{found.target}", found.sureness)
        elif found.target != "terms":
            wanted[header] = (found.target, found.sureness)
    proposed: dict[str, str | None] = dict.fromkeys(table.headers)
    taken: dict[str, int] = {}
    for header, (target, sureness) in sorted(wanted.items(), key=lambda item: -item[1][1]):
        if taken.get(target, 0) and (target not in JOINED or sureness < 80):
            continue
        proposed[header] = target
        taken[target] = taken.get(target, 0) + 1
    _by_content(table, proposed, known, taxonomies, terms, people)
    return proposed


def _stage_without_name(headers: Sequence[str]) -> str:
    """Which stage a likelihood is of that does not say so: without controls, where another column
    says *residual*; as it stands today, where none does."""
    stages = {
        found.stage
        for header in headers
        if (found := recognise(header)) and found.target in SCORES and found.stage
    }
    if "residual" not in stages:
        return "residual"
    return "" if "inherent" in stages else "inherent"


def _by_content(
    table: Table,
    proposed: dict[str, str | None],
    known: Mapping[str, object],
    taxonomies: Mapping[str, Sequence[str]],
    terms: Mapping[str, frozenset[str]],
    people: frozenset[str],
) -> None:
    """Terms, people, codes and long texts are known by what they are."""
    given = set(proposed.values())
    for header in table.headers:
        if proposed[header] is not None:
            continue
        values = [folded(shown(v)) for v in table.column(header) if not is_blank(v)]
        for key, names in taxonomies.items():
            called = plain(header) in {plain(name) for name in (*names, key)}
            shared = sum(value in terms[key] for value in values) / max(1, len(values))
            if f"terms.{key}" not in given and (called or shared > 0.5):
                proposed[header] = f"terms.{key}"
                given.add(f"terms.{key}")
                break
        if proposed[header] is not None or not values:
            continue
        if "owner" not in given and sum(v in people for v in values) / len(values) > 0.5:
            proposed[header] = "owner"
            given.add("owner")
        elif (
            "external_id" not in given
            and header == table.headers[0]
            and len(set(values)) == len(values) == len(table.rows)
            and all(_CODE.fullmatch(v) for v in values)
        ):
            proposed[header] = "external_id"
            given.add("external_id")

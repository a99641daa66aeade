"""Which of their columns is which of ours: by its name, and by what is in it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.utils.translation import gettext as _

from riskreg.exchange.mapping.contents import (
    AXES,
    correct_by_content,
    distinct_values_of,
    is_level,
    more_than,
    share_that_holds,
)
from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.words import MARKS
from riskreg.exchange.reading.names import (
    column_on_what_may_happen_or_empty,
    plain_header,
    recognise,
)
from riskreg.exchange.reading.table import Table, Value, as_read_in_sheet, is_blank
from riskreg.exchange.reading.words import SCORES

# Several columns can be put together into one of these.
JOINED = ("event", "cause", "consequence", "control", "mitigation.description", "rationale")
STAGES = ("inherent", "residual", "target")
FIELDS = (
    "ref", "external_id", "title", "event", "cause", "consequence", "kind", "state", "response",
    "owner", "deputy", "objectives", "visibility", "identified_on", "closed_on", "closing_reason",
    "happened_on", "happened_cost", "happened_cost_label", "rationale", "dimension",
    "control", "control.corrective",
    "mitigation.title", "mitigation.description", "mitigation.expected_effect",
    "mitigation.due_on", "mitigation.owner", "mitigation.status", "mitigation.progress",
    "mitigation.cost",
)  # fmt: skip
IGNORE = "ignore"
# Who wrote a row, and what is no person.
_WRITER = re.compile(
    r"\b(?:raised|identified|created|reported|logged|entered|author|submitted|approved|reviewed)\b"
    r"|提出人|登记人|识别人|填报人|编制|审核|批准"
)
_UNIT = re.compile(r"部门|部門|单位|單位|\b(?:department|unit|division|team|abteilung|service)\b")
_CODE = re.compile(r"[a-z]{0,8}[-_ .#]?[0-9]{1,8}(?:[-_.][0-9]{1,6})*", re.I)


class _Guess(NamedTuple):
    """Which of ours a column is by its name, and how sure that is: 200 where it says so itself."""

    target: str
    sureness: int


def all_targets(taxonomies: Sequence[str]) -> tuple[str, ...]:
    """Everything that a column can be: fields, what a stage was judged, terms of a taxonomy."""
    scores = tuple(f"{stage}.{part}" for stage in STAGES for part in SCORES)
    return (*FIELDS, *scores, *(f"terms.{key}" for key in taxonomies), IGNORE)


def join_columns_of_crosses(table: Table) -> Table:
    """``table`` with crosses under columns of levels put together: *Impact 1 … Impact 5* are one
    column *Impact*, whose values say where the cross stood."""
    groups: dict[tuple[str, str], list[str]] = {}
    for header in table.headers:
        known = recognise(header)
        if known and known.target in AXES and known.sureness < 100:
            groups.setdefault((known.target, known.stage), []).append(header)
    for headers in groups.values():
        places = [table.headers.index(header) for header in headers]
        if len(places) > 2 and all(_has_only_crosses(table, place) for place in places):
            table = _join_columns_if_named_alike(table, places)
    return table


def _has_only_crosses(table: Table, place: int) -> bool:
    values = [as_read_in_sheet(row.values[place]) for row in table.rows]
    return all(not value or fold_value(value) in MARKS for value in values)


def _join_columns_if_named_alike(table: Table, places: list[int]) -> Table:
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
        rows.append(row._replace(values=values))
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
    default_stage = _default_stage_or_empty(table.headers)
    by_place = guessed_stages_by_ambiguous_header(table.headers)
    wanted: dict[str, _Guess] = {}
    for header, found in known.items():
        direct = header.strip()
        if direct in all_targets(tuple(taxonomies)):
            wanted[header] = _Guess(direct, 200)
        elif direct.startswith("scores.") and direct.removeprefix("scores.") in all_targets(()):
            wanted[header] = _Guess(direct.removeprefix("scores."), 200)
        elif found is None:
            continue
        elif found.target in SCORES:
            stage = found.stage or by_place.get(header) or default_stage
            if stage:
                wanted[header] = _Guess(f"{stage}.{found.target}", found.sureness)
        elif found.target != "terms":
            wanted[header] = _Guess(found.target, found.sureness)
    last_resort = column_on_what_may_happen_or_empty(table.headers)
    if last_resort and not {"title", "event"} & {target for target, _sure in wanted.values()}:
        wanted[last_resort] = _Guess("event", 100)
    proposed: dict[str, str | None] = dict.fromkeys(table.headers)
    taken: dict[str, int] = {}
    for header, (target, sureness) in sorted(wanted.items(), key=lambda item: -item[1].sureness):
        if taken.get(target, 0) and (target not in JOINED or sureness < 80):
            continue
        proposed[header] = target
        taken[target] = taken.get(target, 0) + 1
    alike = _columns_of_one_level(wanted)
    for header in alike:
        proposed[header] = None
    named = {header for header, ours in proposed.items() if ours}
    _move_to_clearer_owner(table, proposed, people)
    _move_to_clearer_levels(table, proposed, wanted)
    correct_by_content(
        table, proposed, {h: sure for h, (_target, sure) in wanted.items()}, default_stage
    )
    for header, (target, _sureness) in wanted.items():
        # What was taken for another has become free.
        if header not in named and header not in alike and target not in proposed.values():
            proposed[header] = target
    _propose_by_content(table, proposed, known, taxonomies, terms, people)
    return proposed


def _move_to_clearer_levels(
    table: Table, proposed: dict[str, str | None], wanted: Mapping[str, _Guess]
) -> None:
    """Of two columns of one level, the one that holds levels: *Gevolg* says what, *Impact* how
    much."""
    for header, (target, _sureness) in wanted.items():
        theirs = next((h for h, ours in proposed.items() if ours == target), "")
        if proposed[header] or not theirs or target.rpartition(".")[2] not in AXES:
            continue
        mine, other = (
            share_that_holds(distinct_values_of(table, h), is_level) for h in (header, theirs)
        )
        if mine > 0.8 and other < 0.4:
            proposed[header] = target
            free = target.endswith(".impact") and "consequence" not in proposed.values()
            proposed[theirs] = "consequence" if free else None


def _move_to_clearer_owner(
    table: Table, proposed: dict[str, str | None], people: frozenset[str]
) -> None:
    """Of a department and a person, the person; of two, the one whom the register knows."""
    theirs = next((header for header, ours in proposed.items() if ours == "owner"), "")
    rivals = [
        header
        for header in table.headers
        if proposed[header] is None and (known := recognise(header)) and known.target == "owner"
    ]

    def clearness(header: str) -> tuple[float, bool]:
        known = share_that_holds(
            distinct_values_of(table, header),
            lambda value: fold_value(as_read_in_sheet(value)) in people,
        )
        return known, not _UNIT.search(plain_header(header))

    best = max(rivals, key=clearness, default="")
    if theirs and best and clearness(best) > clearness(theirs):
        proposed[theirs], proposed[best] = None, "owner"


def _columns_of_one_level(wanted: Mapping[str, _Guess]) -> list[str]:
    """Columns of one level under several names of which none is the plain one: *cost impact*,
    *time impact*. Which of them counts is not to be guessed."""
    groups: dict[str, list[str]] = {}
    for header, (target, _sureness) in wanted.items():
        if target.rpartition(".")[2] in AXES:
            groups.setdefault(target, []).append(header)
    return [
        header
        for headers in groups.values()
        if len(headers) > 1 and all(wanted[header].sureness < 90 for header in headers)
        for header in headers
    ]


def guessed_stages_by_ambiguous_header(headers: Sequence[str]) -> dict[str, str]:
    """The stage of columns of one name that do not say it, {*Likelihood*: inherent,
    *Likelihood (2)*: residual}: that of the nearest column before them that does, else in order."""
    groups: dict[tuple[str, str], list[str]] = {}
    before: dict[str, str] = {}
    stage = ""
    for header in headers:
        known = recognise(header)
        if known and known.target in SCORES:
            stage = known.stage or stage
            before[header] = stage
            if not known.stage:
                groups.setdefault((known.target, plain_header(header)), []).append(header)
    found: dict[str, str] = {}
    for same in groups.values():
        if 1 < len(same) <= len(STAGES):
            near = [before[header] for header in same]
            apart = all(near) and len(set(near)) == len(near)
            found |= zip(same, near if apart else STAGES, strict=False)
    return found


class ColumnQuestion(NamedTuple):
    """What is to be answered of a column."""

    header: str
    question: str


def questions_on_unclear_columns(
    table: Table, columns: Mapping[str, str | None], answered: Mapping[str, str | None]
) -> list[ColumnQuestion]:
    """For columns of levels of which the name does not say which they are."""
    questions = []
    by_place = guessed_stages_by_ambiguous_header(table.headers)
    if by_place and not set(by_place) & set(answered):
        sides = ", ".join(f"{header} → {columns.get(header)}" for header in by_place)
        text = _("Several columns have one name. Proposed: %(sides)s. Is that so?")
        questions.append(ColumnQuestion(next(iter(by_place)), text % {"sides": sides}))
    for header in table.headers:
        base = header.removesuffix(" (2)")
        ours = columns.get(base)
        if base == header or base in by_place or not ours or ours in (*JOINED, IGNORE):
            continue
        if {base, header} & set(answered) or distinct_values_of(table, base) == distinct_values_of(
            table, header
        ):
            continue
        text = _("Two columns are called %(name)s. Proposed is the first. Is that so?")
        questions.append(ColumnQuestion(header, text % {"name": base}))
    groups: dict[str, list[str]] = {}
    for header in table.headers:
        known = recognise(header)
        if known and known.target in AXES and known.sureness < 90 and columns.get(header) is None:
            groups.setdefault(f"{known.stage}.{known.target}", []).append(header)
    for target, headers in groups.items():
        axis = target.rpartition(".")[2]
        there = any(ours and ours.endswith(axis) for ours in columns.values())
        levels = [h for h in headers if more_than(0.4, distinct_values_of(table, h), is_level)]
        if len(headers) > 1 and levels and not there and not set(headers) & set(answered):
            text = _("Which of these counts as the %(axis)s: %(names)s?")
            words = {"likelihood": _("likelihood"), "impact": _("impact")}
            names = ", ".join(levels)
            text = text % {"axis": words[axis], "names": names}
            questions.append(ColumnQuestion(levels[0], text))
    return questions


def _default_stage_or_empty(headers: Sequence[str]) -> str:
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


def _propose_by_content(
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
        values = [fold_value(as_read_in_sheet(v)) for v in table.column(header) if not is_blank(v)]
        for key, names in taxonomies.items():
            called = plain_header(header) in {plain_header(name) for name in (*names, key)}
            shared = sum(value in terms[key] for value in values) / max(1, len(values))
            if f"terms.{key}" not in given and (called or shared > 0.5):
                proposed[header] = f"terms.{key}"
                given.add(f"terms.{key}")
                break
        if proposed[header] is not None or not values:
            continue
        named = sum(v in people for v in values) / len(values) > 0.5
        if "owner" not in given and named and not _WRITER.search(plain_header(header)):
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

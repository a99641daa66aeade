"""What a column holds, beside what it is called: levels, amounts, days, sentences. Pure.

A name alone misleads: *Impact* is a level in one register and a paragraph in the next, *Risk* is
what may happen, or how bad it is.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from riskreg.exchange.mapping.levels import (
    fold_value,
    parse_level_number,
    parse_part_of_one,
    rank_of_word,
)
from riskreg.exchange.mapping.values import (
    DayOrMonthFirst,
    NoSuchDay,
    as_day,
    as_word,
    is_nothing,
    parse_amount,
)
from riskreg.exchange.mapping.words import KINDS, RESPONSES, ROMAN, STATES, YES_NO
from riskreg.exchange.reading.names import plain_header, recognise
from riskreg.exchange.reading.table import Table, Value, as_read_in_sheet, is_blank

AXES = ("likelihood", "impact")
_IDS = frozenset(["id", "no", "nr", "number", "nummer", "número", "numero", "编号", "序号", "番号"])
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CODE = re.compile(r"[a-z]{0,8}[-_ .#]?[0-9]{1,8}(?:[-_.][0-9]{1,6})*", re.I)


def distinct_values_of(table: Table, header: str) -> list[Value]:
    """The different values of a column that say something."""
    return [
        value for text, value in table.first_value_by_text(header).items() if not is_nothing(text)
    ]


def share_that_holds(values: Sequence[Value], holds: Callable[[Value], bool]) -> float:
    """Which part of ``values`` it holds for."""
    return sum(holds(value) for value in values) / max(1, len(values))


def all_are(values: Sequence[Value], holds: Callable[[Value], bool]) -> bool:
    """Whether there are ``values`` and it holds for each of them; the first that it does not hold
    for ends the search."""
    return bool(values) and all(map(holds, values))


def more_than(part: float, values: Sequence[Value], holds: Callable[[Value], bool]) -> bool:
    """Whether it holds for more than ``part`` of ``values``; ends where too few are left."""
    misses, most = 0, max(1, len(values))
    for value in values:
        misses += not holds(value)
        if (len(values) - misses) / most <= part:
            return False
    return len(values) / most > part


def is_level(value: Value) -> bool:
    """Whether it can be a level of a scale: a number up to ten, a known word, a part of one."""
    text = as_read_in_sheet(value)
    number = parse_level_number(text)
    if len(text) > 60 or is_money(value):
        return False
    return (
        (number is not None and number <= 10)
        or rank_of_word(text) is not None
        or parse_part_of_one(text) is not None
        or fold_value(text) in ROMAN
    )


def is_number(value: Value) -> bool:
    """Whether it is a bare number."""
    return re.fullmatch(r"-?[0-9]+(?:[.,][0-9]+)?", fold_value(as_read_in_sheet(value))) is not None


def is_money(value: Value) -> bool:
    """Whether it is an amount: with a currency, or larger than any score."""
    text = fold_value(as_read_in_sheet(value))
    found = parse_amount(text) if re.search(r"[0-9]", text) and len(text) < 40 else None
    return found is not None and (bool(found.currency) or abs(found.number) > 1000)


def is_sentence(value: Value) -> bool:
    """Whether it says something in words of its own."""
    text = as_read_in_sheet(value)
    words = len(text.split())
    long = len(text) > 12 if _CJK.search(text) else words > 4 or (len(text) > 30 and words > 2)
    return long and not is_number(value)


def is_day(value: Value) -> bool:
    """Whether it is a date, however it is written."""
    try:
        return as_day(value) is not None
    except (DayOrMonthFirst, NoSuchDay):
        return True


def _is_one_of(words: Mapping[str, list[str]]) -> Callable[[Value], bool]:
    return lambda value: as_word(as_read_in_sheet(value), dict(words)) is not None


def is_code(value: Value) -> bool:
    """Whether it is a number or code, as of a row: R-001."""
    return _CODE.fullmatch(as_read_in_sheet(value)) is not None


def is_yes_or_no(value: Value) -> bool:
    """Whether it only says that there is one."""
    return fold_value(as_read_in_sheet(value)) in YES_NO


def correct_by_content(
    table: Table, proposed: dict[str, str | None], sureness: Mapping[str, int], default_stage: str
) -> None:
    """Mend what was ``proposed`` by name where the values say otherwise. ``default_stage``: that of
    a likelihood that names none."""
    for header in table.headers:
        target = proposed[header]
        values = distinct_values_of(table, header) if target else []
        if not target or not values:
            continue
        if target.rpartition(".")[2] in ("likelihood", "impact", "score", "rating"):
            _correct_judgement_column(proposed, header, values, sureness.get(header, 0))
        elif target == "consequence":
            axis = f"{default_stage or 'residual'}.impact"
            if more_than(0.8, values, is_level) and axis not in proposed.values():
                proposed[header] = axis
        elif target in ("title", "event"):
            _correct_title_or_event_column(
                table, proposed, header, values, default_stage or "residual"
            )
        elif target in ("closed_on", "identified_on") and share_that_holds(values, is_day) < 0.5:
            proposed[header] = None
            if target == "closed_on" and "state" not in proposed.values():
                proposed[header] = "state"
        elif target == "external_id":
            filled = [v for v in table.column(header) if not is_blank(v)]
            few = len(filled) > 6 and len(values) * 3 < len(filled)
            in_words = more_than(0.5, values, is_sentence)
            if in_words or (few and not _IDS & set(plain_header(header).split())):
                proposed[header] = None
        else:
            _correct_columns_of_words(proposed, header, target, values, len(table.rows))
    _move_to_clearer_state(table, proposed)
    for header in table.headers:
        known = recognise(header) if proposed[header] is None else None
        if not known or known.target != "response" or "mitigation.title" in proposed.values():
            continue
        # Beside the option that was chosen, *treatment* is what is done.
        if more_than(0.3, distinct_values_of(table, header), is_sentence):
            proposed[header] = "mitigation.title"


def _move_to_clearer_state(table: Table, proposed: dict[str, str | None]) -> None:
    """Of two columns of states, the one of which every word is known."""
    theirs = next((header for header, ours in proposed.items() if ours == "state"), "")
    if not theirs or share_that_holds(distinct_values_of(table, theirs), _is_one_of(STATES)) == 1:
        return
    for header in table.headers:
        known = recognise(header)
        values = distinct_values_of(table, header) if proposed[header] is None else []
        if known and known.target == "state" and values and all_are(values, _is_one_of(STATES)):
            proposed[theirs], proposed[header] = None, "state"
            return


def _correct_judgement_column(
    proposed: dict[str, str | None], header: str, values: Sequence[Value], sureness: int
) -> None:
    target = proposed[header] or ""
    stage, _dot, part = target.rpartition(".")
    if more_than(0.5, values, is_money):
        proposed[header] = None
    elif part in AXES:
        if more_than(0.4, values, is_level):
            return
        if part == "impact" and more_than(0.5, values, is_sentence):
            proposed[header] = "consequence"
        elif sureness < 100 and part == "impact":
            proposed[header] = None
    elif more_than(0.5, values, is_sentence):
        proposed[header] = None
    else:
        numeric = all_are(values, is_number)
        other = f"{stage}.{'score' if numeric else 'rating'}"
        if share_that_holds(values, is_number) in (0, 1) and other not in proposed.values():
            proposed[header] = other


def _correct_title_or_event_column(
    table: Table,
    proposed: dict[str, str | None],
    header: str,
    values: Sequence[Value],
    stage: str,
) -> None:
    """*Risk* above numbers or *High* is how bad it is; above codes, which one it is."""
    others = [
        h for h, ours in proposed.items() if ours in ("title", "event", "cause") and h != header
    ]
    if not others:
        return
    if all_are(values, is_number) and len(values) < len(table.rows):
        proposed[header] = _target_if_free(proposed, f"{stage}.score")
    elif more_than(0.9, values, lambda value: rank_of_word(as_read_in_sheet(value)) is not None):
        proposed[header] = _target_if_free(proposed, f"{stage}.rating")
    elif all_are(values, is_code):
        proposed[header] = _target_if_free(proposed, "external_id")


def _correct_columns_of_words(
    proposed: dict[str, str | None], header: str, target: str, values: Sequence[Value], rows: int
) -> None:
    if target == "response" and (known := share_that_holds(values, _is_one_of(RESPONSES))) < 0.5:
        there = next((h for h, ours in proposed.items() if ours == "mitigation.title"), "")
        if re.search(r"contingency|fallback|应急|notfall|contingen", plain_header(there)):
            # What is done if it happens after all stands behind what is done against it.
            proposed[there] = "mitigation.description"
        free = _target_if_free(proposed, "mitigation.title") or "mitigation.description"
        in_words = more_than(0.3, values, is_sentence) or (known == 0 and len(values) > rows * 0.6)
        proposed[header] = free if in_words else proposed[header]
    elif target == "mitigation.title" and all(
        any(fold_value(as_read_in_sheet(v)) in [word, *words] for word, words in RESPONSES.items())
        for v in values
    ):
        proposed[header] = _target_if_free(proposed, "response")
    elif target == "kind" and share_that_holds(values, _is_one_of(KINDS)) < 0.5:
        proposed[header] = None
    elif target == "state" and share_that_holds(values, _is_one_of(STATES)) < 0.3:
        proposed[header] = None if more_than(0.5, values, is_sentence) else target
    elif target in ("control", "control.corrective", "mitigation.title") and (
        all_are(values, is_yes_or_no) or all_are(values, is_number)
    ):
        proposed[header] = None


def _target_if_free(proposed: Mapping[str, str | None], target: str) -> str | None:
    return None if target in proposed.values() else target

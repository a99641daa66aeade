"""Rows of boxes for conditions, as forms that accept a risk or decide have them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from riskreg.kernel.errors import Invalid


class FilledConditions(NamedTuple):
    """The conditions of which anything was filled in, and the number of the boxes of each."""

    conditions: list[dict[str, Any]]
    box_numbers: list[int]


def filled_conditions(
    data: Mapping[str, Any], box_count: int, parts: Sequence[str]
) -> FilledConditions:
    """Those in the cleaned ``data`` of a form whose boxes are called ``condition_0_text`` …"""
    found = FilledConditions([], [])
    for n in range(box_count):
        condition = {part: data.get(f"condition_{n}_{part}") for part in parts}
        if any(condition.values()):
            found.conditions.append(condition)
            found.box_numbers.append(n)
    return found


def with_names_of_condition_boxes(invalid: Invalid, box_numbers: Sequence[int]) -> Invalid:
    """The same with the names of the form's boxes: ``conditions.0.owner`` as it stands there."""
    renamed: dict[str, Any] = {}
    for name, errors in invalid.fields.items():
        head, *rest = name.split(".")
        if head == "conditions" and len(rest) == 2 and rest[0].isdigit():
            name = f"condition_{box_numbers[int(rest[0])]}_{rest[1]}"
        renamed.setdefault(name, []).extend(errors)
    return Invalid(renamed)

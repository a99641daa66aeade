"""What the form of a preview answers, as the mapping that a service takes."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from riskreg.exchange.mapping import Plan


def answers_with_posted(
    plan: Plan, posted: QueryDict, before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The mapping that ``posted`` says, on top of what was answered ``before``.

    ``plan`` is what the form was made of: its columns, values and questions are named by number.
    """
    answers: dict[str, Any] = {name: dict(part) if isinstance(part, Mapping) else part
                               for name, part in (before or {}).items()}  # fmt: skip
    columns = answers.setdefault("columns", {})
    for n, header in enumerate(plan.table.headers):
        if (target := posted.get(f"column-{n}")) is not None:
            columns[header] = target or None
    scales = answers.setdefault("scales", {})
    for n, (header, levels) in enumerate(plan.scaling.shown.items()):
        for m, value in enumerate(levels):
            if (level := posted.get(f"scale-{n}-{m}")) is not None:
                scales.setdefault(header, {})[value] = _parse_level(level)
    for n, question in enumerate(plan.asked):
        if (answer := posted.get(f"ask-{n}")) is None:
            continue
        if question.kind == "order" and answer:
            answers.setdefault("dates", {})[question.column] = answer
        elif question.kind in ("word", "day") and answer:
            values = answers.setdefault("values", {}).setdefault(question.column, {})
            values[question.value] = None if answer == "-" else answer
        elif question.kind == "match" and answer:
            new = None if answer == "-" else answer
            answers.setdefault("matches", {})[str(question.row)] = new
    if (visibility := posted.get("visibility")) is not None:
        answers["visibility"] = visibility
    return answers


def _parse_level(text: str) -> int | str | None:
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else text

"""The table in docs/integrators.md, from what tests/api/test_schemathesis.py noted down.

``SCHEMATHESIS_FIGURES=var/figures.jsonl SCHEMATHESIS_CASES=100 make test \\
ARGS=tests/api/test_schemathesis.py``, then this with the file's name: it writes the table, and how
many operations and cases there were, into the guide.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "integrators.md"
COLUMNS = {
    "done": range(200, 300), "304": [304], "400": [400], "403": [403], "404": [404],
    "412, 428": [412, 428], "other": [405, 406, 409, 413, 415, 422],
}  # fmt: skip
# The sentence before the table, and the table.
FIGURES = re.compile(
    r"(?P<before>How one run of )(?P<cases>\d+)(?P<each> cases for each\s+of )(?P<operations>\d+)"
    r"(?P<between> operations was answered [^\n]*\n\n)(?P<table>(?:\|[^\n]*\n)+)"
)


def table(lines: list[str]) -> str:
    """Rows of roles: how many calls, and how many of them were answered with what."""
    roles: dict[str, Counter[int]] = {}
    for line in lines:
        for role, answered in json.loads(line).items():
            if role != "operation":
                counted = roles.setdefault(role, Counter())
                counted.update({int(status): n for status, n in answered.items()})
    rows = [["role", "calls", *COLUMNS], ["---"] * (2 + len(COLUMNS))]
    for role, counted in roles.items():
        found = [sum(counted[status] for status in statuses) for statuses in COLUMNS.values()]
        rows.append([f"`{role}`", *map(str, [counted.total(), *found])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cases(lines: Iterable[str]) -> int:
    """How many cases each operation had at least; one role sent each."""
    calls = []
    for line in lines:
        roles = {key: value for key, value in json.loads(line).items() if key != "operation"}
        calls.append(sum(sum(answered.values()) for answered in roles.values()))
    return min(calls, default=0)


def filled(guide: str, lines: list[str]) -> str:
    """The guide with the figures of a run in place of those it has.

    Raises ``ValueError`` for a guide without the table.
    """
    # What was run again counts as it was last.
    last = {json.loads(line)["operation"]: line for line in lines if line.strip()}
    written, times = FIGURES.subn(
        lambda was: (
            f"{was['before']}{_cases(last.values())}{was['each']}{len(last)}{was['between']}"
            f"{table([*last.values()])}\n"
        ),
        guide,
    )
    if times != 1:
        raise ValueError("docs/integrators.md has no table of Schemathesis")
    return written


if __name__ == "__main__":
    noted = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8"), noted), encoding="utf-8")

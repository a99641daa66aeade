"""The table in docs/integrators.md, from what tests/api/test_schemathesis.py noted down.

``SCHEMATHESIS_FIGURES=var/figures.jsonl SCHEMATHESIS_CASES=100 make test \\
ARGS=tests/api/test_schemathesis.py``, then this with the file's name.
"""

import json
import sys
from collections import Counter
from pathlib import Path

COLUMNS = {
    "done": range(200, 300), "304": [304], "400": [400], "403": [403], "404": [404],
    "412, 428": [412, 428], "other": [405, 406, 409, 413, 415, 422],
}  # fmt: skip


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


if __name__ == "__main__":
    print(table(Path(sys.argv[1]).read_text().splitlines()))

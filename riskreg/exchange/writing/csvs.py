"""Tables as CSV that every spreadsheet opens right, and takes nothing in for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

# Also one that has an apostrophe before it already: reading takes one away.
_RUNS = re.compile(r"'*[=+\-@\t\r]")


def disarm_formula(value: Any) -> Any:
    """``value`` so that no spreadsheet runs it: what would be a formula gets an apostrophe."""
    if isinstance(value, str) and _RUNS.match(value):
        return f"'{value}"
    return value


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Piece by piece, a byte order mark first: without one Excel takes UTF-8 for something else."""
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow([disarm_formula(name) for name in header])
    for row in rows:
        writer.writerow(["" if value is None else disarm_formula(value) for value in row])
        if out.tell() > 32_000:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()

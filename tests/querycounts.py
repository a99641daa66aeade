"""Expected numbers of database queries per page and route, kept in ``query_counts.json``.

A list that costs a query per row shows as a count that grows with the rows; any other change shows
as a difference in the file, to be looked at and committed with ``--update-query-counts``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.amounts import THOROUGH

FILE = Path(__file__).parent / "query_counts.json"
LIMITS = {"api": 8, "web": 12}
# Search asks every noun once, and what lists duties every kind of them, whatever there is of it.
EVERY_NOUN = {"api": 12, "web": 16}
# An objective's page shows all that bears on it; comments name what each is about; a decision has
# options, deciders, arguments, votes, conditions and risks, each asked for once.
ASKS_EVERY_NOUN = ("search", "/work/", "/duties/", "/objectives/{}/", "/comments/", "/decisions/")
# The home of leadership asks for the map of two days beside every kind of duty, and once each for
# decisions, all planned work, what a year costs and the past of the highest threats; the pages of a
# risk and of an indicator ask once for each noun that hangs on it, that of a run for each that went
# into it, and what is withheld of estimates and of effects for each of them. Where the reader's
# party has an appetite of its own, the home reads it and counts by it, and that of a risk reads it.
# What waits for the reader is counted where there is more of it than the home shows.
OF_MUCH = {
    "web:/r/{}/home/": 31,
    "web:/r/{}/home/ after other criteria": 32,
    "web:/r/{}/risks/{}/": 17,
    "web:/r/{}/indicators/{}/": 14,
    "web:/r/{}/simulations/{}/": 16,
    "api:/api/v1/registers/{}/simulations/{}/": 9,
    "api:/api/v1/registers/{}/changes/": 9,
    "web:indicator": 14,
}
# A file of several nouns asks for each of them, piece by piece.
OF_MUCH |= {
    "web:/r/{}/risks/{}/export/": 30,
    "api:/api/v1/registers/{}/risks/{}/export/": 18,
    "api:/api/v1/registers/{}/exports/risks/": 10,
    "web:/r/{}/exports/party.zip": 35,
    "api:/api/v1/registers/{}/exports/party/": 35,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-query-counts",
        action="store_true",
        help="write the measured numbers of queries to tests/query_counts.json",
    )


class QueryCounts:
    """Compares measured counts with the file, or rewrites its entries.

    ``check(name, call)`` counts the queries of ``call()``. ``name`` starts with ``api:`` or
    ``web:``, which decides the limit (8 and 12, more where every noun is asked).
    """

    def __init__(self, update: bool) -> None:
        self.update = update

    @staticmethod
    def known() -> dict[str, int]:
        """The counts in the file."""
        return dict(json.loads(FILE.read_text())) if FILE.exists() else {}

    @staticmethod
    def measure(call: Callable[[], Any]) -> int:
        """How many queries ``call`` makes, without the savepoints that only tests cause."""
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(
            [
                q
                for q in captured.captured_queries
                if not q["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO"))
            ]
        )

    def check(self, name: str, call: Callable[[], Any]) -> int:
        """Measure ``call``; fail if it passes its limit or is not what the file says."""
        count = self.measure(call)
        limits = EVERY_NOUN if any(part in name for part in ASKS_EVERY_NOUN) else LIMITS
        limit = OF_MUCH.get(name, limits[name.split(":")[0]])
        assert count <= limit, f"{name} makes {count} queries; at most {limit} are allowed"
        known = self.known()
        if self.update:
            if known.get(name) != count:
                known[name] = count
                FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n")
            return count
        assert known.get(name) == count, (
            f"{name} makes {count} queries, tests/query_counts.json says {known.get(name)}; "
            "if that is meant, run pytest --update-query-counts"
        )
        return count

    def check_growth(self, name: str, call: Callable[[], Any], grow: Callable[[int], None]) -> None:
        """``call`` costs the same with 5 rows and with 12 (25 in a thorough run). ``grow(n)`` sees
        to it that n are there.

        Each is called once before it is measured: of a visit that is the first of all, or the first
        of the day, more may be asked.
        """
        grow(5)
        call()
        few = self.check(name, call)
        size = 25 if THOROUGH else 12
        grow(size)
        call()
        many = self.measure(call)
        assert many == few, f"{name}: {few} queries with 5 rows, {many} with {size}"


@pytest.fixture
def query_counts(request: pytest.FixtureRequest) -> QueryCounts:
    """See ``QueryCounts``."""
    return QueryCounts(request.config.getoption("--update-query-counts"))

"""One size on one database (``DATABASE_URL``): seed, measure, print rows as JSON."""

import contextlib
import itertools
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# From here on risks are spread over registers.
MANY = 1_000_000
PAGES = {
    "HTML risk list": "/r/bench/risks/",
    "HTML risk list, worst first": "/r/bench/risks/?ordering=-score",
    "HTML my work": "/r/bench/work/",
    "HTML coverage": "/r/bench/coverage/",
}


def main(size: int) -> None:
    """Measure everything at ``size`` risks and print the rows as the last line.

    With a year of history, but where a million risks are spread over registers: what lies elsewhere
    is only looked past.
    """
    made_ready()
    from bench.history import add_history
    from bench.seed import seed

    viewer = seed(size)
    if size < MANY:
        add_history(viewer)
    print(json.dumps(list(_measure(size, viewer))))


def made_ready() -> None:
    """Django as a server has it, on the empty database that ``DATABASE_URL`` names."""
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.ROOT_URLCONF = "bench.floors"
    settings.TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    setup_test_environment(debug=False)
    # The test environment instruments every template; people's pages are not.
    from django.template.base import Template
    from django.test.utils import _TestState

    Template._render = _TestState.saved_data.template_render  # type: ignore[method-assign]
    call_command("migrate", verbosity=0)


def _measure(size: int, viewer: Any) -> Iterator[dict[str, object]]:
    label = "1M over 1,000 registers" if size >= MANY else f"{size:,}"
    yield from _data(viewer, label)
    yield from _api(viewer, label)
    yield from _pages(viewer, label)
    yield from _writes(viewer, label)


def _data(viewer: Any, label: str) -> Iterator[dict[str, object]]:
    """Counts, beside the statements that count."""
    from bench import floors
    from bench.rows import beside, best, row
    from riskreg.kernel import clock
    from riskreg.reviews.queries.coverage import coverage, default_first_day
    from riskreg.risks.queries.heatmap import heatmap

    register, party = viewer.register.pk, viewer.party_id

    def ours() -> None:
        heatmap(viewer, stage="residual", at=clock.now())

    timing = beside(ours, lambda: floors.heatmap(register, party), runs=40)
    yield dict(
        row("heatmap data", label, timing, 1.3, queries=queries_of(ours), best_seconds=best(ours))
    )

    at = viewer.asked_at
    today = viewer.today(at)

    def covered() -> None:
        coverage(viewer, by="party", first=default_first_day(today), as_of=today, at=at)

    sent = statements_of(covered)

    def grouped() -> None:
        for one in sent:
            one.fetch()

    timing = beside(covered, grouped)
    yield dict(row("coverage", label, timing, 1.3, queries=len(sent)))


def _api(viewer: Any, label: str) -> Iterator[dict[str, object]]:
    """What programs read, beside hand-written statements and one dump."""
    from bench.rows import beside, best, row

    program = program_of(viewer)

    def get(address: str) -> Callable[[], None]:
        assert len(program.get(address).json()["results"]) == 50

        def asked() -> None:
            assert program.get(address).status_code == 200

        return asked

    api, api_floor = get("/api/v1/registers/bench/risks/?limit=50"), get("/floor/api/")
    timing = beside(api, api_floor)
    yield dict(
        row("API list page", label, timing, 4.0, queries=queries_of(api), best_seconds=best(api))
    )


def _pages(viewer: Any, label: str) -> Iterator[dict[str, object]]:
    """Lists that people read: beside a bare template with the same rows, and (``bare_pages``)
    beside one with every value that the page shows, from the same statements."""
    from django.test import Client

    from bench.bare_pages import record
    from bench.rows import beside, best, row

    person = Client()
    person.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")

    def load(address: str) -> Callable[[], None]:
        def page() -> None:
            response = person.get(address)
            assert response.status_code == 200, response.content[:300]

        return page

    for name, address in PAGES.items():
        page = load(address)
        page()
        record("measured", page)
        timing = beside(page, load("/floor/page/measured/"))
        yield dict(row(name, label, timing, 2.0, queries=queries_of(page), best_seconds=best(page)))
    page = load(PAGES["HTML risk list"])
    timing = beside(page, load("/floor/html/"))
    yield dict(row("HTML risk list, rows alone", label, timing, None, queries=queries_of(page)))


def _writes(viewer: Any, label: str) -> Iterator[dict[str, object]]:
    """What is written, beside a bare transaction with the same rows."""
    from bench import floors
    from bench.rows import beside, row
    from riskreg.kernel import clock
    from riskreg.reviews.services import record_review
    from riskreg.risks.models import Risk

    own = Risk.objects.filter(register=viewer.register, state="open", party=viewer.party)
    risk, other, third = own.order_by("ref_order")[:3]
    program = program_of(viewer, "write")
    ours = patching(program, f"/api/v1/registers/bench/risks/{risk.ref}/", etag_of(program, risk))
    floor = patching(program, f"/floor/patch/{other.ref}/", f'"{other.version}"')
    timing = beside(ours, floor, runs=40)
    yield dict(row("PATCH", label, timing, 2.5, queries=queries_of(ours)))
    floor = patching(program, f"/floor/patch-sql/{third.ref}/", f'"{third.version}"')
    timing = beside(ours, floor, runs=40)
    yield dict(row("PATCH beside SQL by hand", label, timing, None, queries=queries_of(ours)))

    def review() -> None:
        record_review(actor=viewer, ref=risk.ref, version=None, at=clock.now())

    timing = beside(review, lambda: floors.review(risk, viewer.user))
    yield dict(row("review", label, timing, None, queries=queries_of(review)))


def patching(program: Any, address: str, etag: str) -> Callable[[], None]:
    """A function that gives the risk at ``address`` another title each time, under a new key."""
    numbers = itertools.count()

    def patch() -> None:
        nonlocal etag
        answer = program.patch(
            address,
            json.dumps({"title": f"Title number {next(numbers)} of {os.getpid()}"}),
            content_type="application/json",
            headers={"If-Match": etag, "Idempotency-Key": uuid.uuid4().hex},
        )
        assert answer.status_code == 200, answer.content[:300]
        etag = answer["ETag"]

    return patch


def etag_of(program: Any, risk: Any) -> str:
    """The version of ``risk`` that the API gives out."""
    return str(program.get(f"/api/v1/registers/bench/risks/{risk.ref}/")["ETag"])


def program_of(viewer: Any, scope: str = "read") -> Any:
    """A client with a token of the viewer's."""
    from django.test import Client

    from riskreg.accounts.services import create_token
    from riskreg.kernel import clock

    _row, token = create_token(user=viewer.user, scope=scope, days=1, at=clock.now())
    return Client(headers={"authorization": f"Bearer {token}"})


@dataclass(frozen=True)
class Sent:
    """A statement as it was sent to the database, with its values."""

    sql: str
    values: Any
    is_prepared: bool

    def fetch(self) -> None:
        """Send it again in the same way, and read its rows as the driver gives them."""
        from django.db import connection

        opened: Any = connection
        with opened.prepared_cursor() if self.is_prepared else opened.cursor() as cursor:
            cursor.execute(self.sql, self.values)
            if cursor.description:
                cursor.fetchall()


def statements_of(call: Callable[[], object]) -> list[Sent]:
    """What ``call`` sends to the database."""
    from django.db import connection
    from psycopg import RawCursor

    sent: list[Sent] = []

    def remember(execute: Any, sql: str, values: Any, many: bool, context: Any) -> Any:
        sent.append(Sent(sql, values, isinstance(context["cursor"].cursor, RawCursor)))
        return execute(sql, values, many, context)

    with connection.execute_wrapper(remember):
        call()
    return sent


def queries_of(call: Callable[[], object]) -> int:
    """How many statements ``call`` sends, without those of transactions."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call()
    return sum(
        not q["sql"].startswith(("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")) for q in captured
    )


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(int(sys.argv[1]))

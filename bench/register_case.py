"""One size on one database (``DATABASE_URL``): seed, measure, print rows as JSON."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main(size: int) -> None:
    """Measure everything at ``size`` risks and print the rows as the last line."""
    made_ready()
    from bench.seed import seed

    viewer = seed(size)
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


def _measure(size: int, viewer: object) -> Iterator[dict[str, object]]:
    from django.test import Client

    from bench import floors
    from bench.rows import beside, best, row
    from riskreg.accounts.services import create_token
    from riskreg.kernel import clock
    from riskreg.register.access import Viewer
    from riskreg.reviews.services import record_review
    from riskreg.risks.models import Risk
    from riskreg.risks.queries.heatmap import heatmap

    assert isinstance(viewer, Viewer)
    label = "1M over 1,000 registers" if size >= 1_000_000 else f"{size:,}"
    register, party = viewer.register.pk, viewer.party_id
    assert party is not None

    def ours() -> None:
        heatmap(viewer, stage="residual", at=clock.now())

    timing = beside(ours, lambda: floors.heatmap(register, party), runs=40)
    yield dict(
        row("heatmap data", label, timing, 1.3, queries=queries_of(ours), best_seconds=best(ours))
    )

    _row, token = create_token(user=viewer.user, scope="read", days=1, at=clock.now())
    program = Client(headers={"authorization": f"Bearer {token}"})
    person = Client()
    person.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")

    def api() -> None:
        response = program.get("/api/v1/registers/bench/risks/?limit=50")
        assert response.status_code == 200, response.content[:300]
        assert len(response.json()["results"]) == 50

    def api_floor() -> None:
        assert len(program.get("/floor/api/").json()["results"]) == 50

    timing = beside(api, api_floor)
    yield dict(
        row("API list page", label, timing, 2.0, queries=queries_of(api), best_seconds=best(api))
    )

    def html() -> None:
        response = person.get("/r/bench/risks/?ordering=-score")
        assert response.status_code == 200, response.content[:300]

    def html_floor() -> None:
        assert person.get("/floor/html/").status_code == 200

    timing = beside(html, html_floor)
    yield dict(
        row("HTML list page", label, timing, 3.0, queries=queries_of(html), best_seconds=best(html))
    )

    risk = Risk.objects.filter(register=register, state="open", party_id=party).first()
    assert risk is not None

    def review() -> None:
        record_review(actor=viewer, ref=risk.ref, version=None, at=clock.now())

    timing = beside(review, lambda: floors.review(risk, viewer.user))
    yield dict(row("review", label, timing, None, queries=queries_of(review)))


def queries_of(call: object) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call()  # type: ignore[operator]
    return sum(
        not q["sql"].startswith(("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")) for q in captured
    )


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(int(sys.argv[1]))

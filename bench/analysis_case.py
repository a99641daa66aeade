"""One case of ``bench.analysis`` on one database (``DATABASE_URL``): prints rows as JSON."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.register_case import made_ready, queries_of

YEARS = 100_000
# The most that a run may have, of so many risks, and what a worker may take for it in megabytes.
MOST_YEARS, MOST_MB = 10_000_000, 400
# What CISO Assistant took for ten scenarios on three stages; ours has two.
THEIRS, STAGES = 15.3, 3 / 2


def main(case: str) -> None:
    """Measure ``case`` (demo, ten, memory, or a number of risks)."""
    made_ready()
    # Nobody listens for work here, and asking a server that is not there takes its time.
    from config.celery import app

    app.conf.broker_url = "memory://"
    viewer = demo() if case == "demo" else estimated(int(case) if case.isdigit() else 10)
    rows = memory(viewer) if case == "memory" else measure(case, viewer)
    print(json.dumps([dict(row) for row in rows]))


def memory(viewer: Any) -> Iterator[Any]:
    """The most that one process takes for every step of the longest run there may be, and for the
    register that it had to make before."""
    from bench.quant_memory import peak_mb
    from bench.rows import row

    begun = time.perf_counter()
    whole_run(viewer, 1, MOST_YEARS)
    seconds, peak = time.perf_counter() - begun, peak_mb()
    yield row("peak memory of a worker / 400 MB", f"10 risks, {MOST_YEARS:,} years",
              (0, 0, peak / MOST_MB), 1.0, peak_mb=round(peak),
              note=f"{peak:.0f} MB, {seconds:.0f} s")  # fmt: skip


def demo() -> Any:
    """A leader of the demo."""
    from riskreg.accounts.models import User
    from riskreg.demo.loader import load_demo_if_absent
    from riskreg.demo.queries import DEMO_SLUG
    from riskreg.kernel import clock
    from riskreg.register.access import viewer_for

    load_demo_if_absent(at=clock.now())
    return viewer_for(User.objects.get(email="leader@foton.example"), DEMO_SLUG)


def estimated(count: int) -> Any:
    """Somebody in a register of ``count`` shared risks, each with released estimates of today and
    the same of after its mitigations (made by a seed, illustrative)."""
    from bench.seed import seed
    from riskreg.risks.models import Risk

    # Some of those that the seed makes are closed, or private.
    viewer = seed(3 * count)
    rows = Risk.objects.filter(
        register=viewer.register, state="open", visibility="shared", kind="threat"
    )
    risks = list(rows.order_by("pk")[:count])
    assert len(risks) == count
    estimate(viewer, risks, "residual")
    estimate(viewer, risks, "target")
    return viewer


def estimate(viewer: Any, risks: Any, stage: str, share: float = 1) -> None:
    """Say how often and how much of each risk; ``share``: that much of how often. Ten of them have
    a chance of one event, as scenarios of CISO Assistant have, and more of them a rate."""
    from riskreg.analysis.services import record_estimate, release_estimate
    from riskreg.kernel import clock

    drawn = random.Random(7)
    kind, wide = ("probability", 1.2) if len(risks) == 10 else ("rate", 2)
    for risk in risks:
        low, often = drawn.uniform(1e5, 1e7), drawn.uniform(0.05, 0.8) * share
        given = {
            "stage": stage, "frequency_kind": kind, "frequency_low": f"{often / wide:.4f}",
            "frequency_mode": f"{often:.4f}", "frequency_high": f"{often * wide:.4f}",
            "severity_family": "lognormal", "severity_low": f"{low:.0f}",
            "severity_high": f"{low * drawn.uniform(3, 30):.0f}", "base_year": 2026,
            "rationale": "Made by a seed", "label": "illustrative",
        }  # fmt: skip
        row = record_estimate(actor=viewer, ref=risk.ref, given=given, at=clock.now())
        release_estimate(actor=viewer, estimate=row.uuid, at=clock.now())


def measure(case: str, viewer: Any) -> Iterator[Any]:
    """The rows of one case."""
    from django.test import Client

    from bench.rows import beside, row
    from riskreg.analysis.models import Estimate
    from riskreg.analysis.queries.simulations import results_of_done_run
    from riskreg.risks.models import Risk

    seeds = iter(range(1, 1_000))
    made: list[Any] = []
    label = f"{case} risks" if case.isdigit() else case

    def ours() -> None:
        made.append(whole_run(viewer, next(seeds), YEARS))

    if case != "demo":
        ours()
        figures = {one["key"]: one["value"] for one in results_of_done_run(made.pop())["figures"]}
        befores = [key for key in figures if key.endswith(".before")]
        off = max(abs(figures[key] - figures[f"{key[:-6]}after"]) for key in befores)
        yield row("equal stages, largest difference", label, (0, 0, off), 0.0)
        estimated_risks = Estimate.objects.values("risk").distinct()
        risks = Risk.objects.filter(pk__in=estimated_risks).order_by("pk")
        estimate(viewer, risks, "target", share=0.5)
    ours()
    timing = beside(ours, bare(made[0]), runs=5, budget=120)
    if case == "ten":
        seconds = timing[0] * STAGES
        yield row("ten scenarios / CISO Assistant", "3 stages × 100,000 years",
                  (seconds, THEIRS, seconds / THEIRS), round(1 / 30, 3),
                  note=f"{THEIRS / seconds:.0f} × faster")  # fmt: skip
        return
    yield row("run / bare quant calls and inserts", label, timing, 1.3)

    person = Client()
    person.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")
    url = f"/r/{viewer.register.slug}/simulations/{{}}/".format

    def page() -> None:
        response = person.get(url(made[0].uuid))
        assert response.status_code == 200, response.content[:300]

    queries = queries_of(page)
    timing = beside(page, bare_page(made[0]), runs=15)
    yield row("results page / bare template", label, timing, 2.0, queries=queries)
    made.append(whole_run(viewer, 1_000, YEARS // 100))
    fewer = queries_of(lambda: person.get(url(made[-1].uuid)))
    yield row("queries at 100,000 / 1,000 years", label, (0, 0, queries / fewer), 1.0,
              queries=queries)  # fmt: skip


def whole_run(viewer: Any, seed: int, years: int) -> Any:
    """A run asked for and worked through, as workers do it one step after another."""
    from riskreg.analysis.services import request_simulation
    from riskreg.jobs.models import JobState
    from riskreg.jobs.queries import newest_job_of, steps_to_begin
    from riskreg.jobs.services import run_step
    from riskreg.kernel import clock

    given = {"years": years, "seed": seed}
    row, new = request_simulation(actor=viewer, given=given, at=clock.now())
    job = newest_job_of(row.uuid)
    assert new
    assert job is not None
    while steps := steps_to_begin(job, clock.now()):
        for step in steps:
            run_step(step.pk, clock.now)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.failure
    return row


def bare(made: Any) -> Callable[[], None]:
    """The mathematics of the run ``made`` in one process, and one insert of its rows."""
    from django.db import connection, transaction

    from riskreg import quant
    from riskreg.analysis import buying_steps, modelled, objective_steps, steps
    from riskreg.analysis.policy import buying
    from riskreg.analysis.policy import simulations as policy
    from riskreg.jobs.queries import newest_job_of

    inputs = json.loads(made.inputs)
    job = newest_job_of(made.uuid)
    assert job is not None
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_step (key text, result text, blob blob)")

    def on() -> None:
        return None

    def floor() -> None:
        rows: list[tuple[str, str, bytes | None]] = [("inputs", made.inputs, None)]

        def keep(key: str, result: Any, blob: bytes | None = None) -> None:
            rows.append((key, json.dumps(result), blob))

        for side in policy.simulated_sides(inputs["exposures"]):
            portfolio = modelled.portfolio(inputs, side)
            if policy.chunk_count(made.years, len(inputs["exposures"])) == 1:
                run, tail = quant.simulate_with_contributions(
                    portfolio, made.years, made.seed, steps.TAIL
                )
            else:
                run = quant.simulate(portfolio, made.years, made.seed)
                tail = run.contributions(steps.TAIL)
            keep(f"simulate:{side}", {"digest": run.digest}, run.losses.tobytes())
            keep(
                f"measure:{side}",
                steps.sort_and_measure_losses(made, inputs, side, run.losses.copy(), on),
            )
            keep(f"contribute:{side}", steps.contributions_to_json(made, inputs, side, tail))
        for one in inputs.get("objectives", ()):
            name = one["objective"]
            keep(name, objective_steps.objective_results(made, inputs, name, on))
        if inputs.get("mitigations"):
            for percent in buying.FRONTIER:
                keep(f"frontier:{percent}", buying_steps.frontier_point(made, inputs, percent))
            keep("information", buying_steps.information_values(made, inputs))
        keep("tornado", steps.tornado_bars(inputs, on))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO bench_step VALUES (%s, %s, %s)", rows)

    return floor


def bare_page(made: Any) -> Callable[[], None]:
    """A plain template with what the page of the run shows, from one read of it."""
    from django.template.loader import render_to_string

    from riskreg.analysis.queries.simulations import results_of_done_run

    def floor() -> None:
        render_to_string("bare_run.html", {"run": made, "results": results_of_done_run(made)})

    return floor


if __name__ == "__main__":
    main(sys.argv[1])

"""Large files are brought in by a worker: all rows or none, whoever dies, leaves or asks twice."""

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from riskreg.events.queries import all_chains, first_fault_in
from riskreg.exchange.models import Import, ImportDraft
from riskreg.exchange.services import drafts
from riskreg.jobs import services as jobs
from riskreg.jobs.models import Job, Step
from riskreg.jobs.services import CLAIM
from riskreg.kernel import clock
from riskreg.register.models import Membership
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program
from tests.builders import World
from tests.exchange.books import HEADER, ROWS, book, text
from tests.exchange.test_pages import upload
from tests.journeys.test_reminders_process import ROOT, database, postgres_url

FILE = {"file_name": "ice.csv", "content": text([HEADER, *ROWS])}


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_AT_ONCE", 2)


def work(later: dt.timedelta = dt.timedelta()) -> bool:
    return jobs.run_step(Step.objects.latest("pk").pk, lambda: clock.now() + later)


def left_to_a_worker(world: World) -> tuple[Any, str]:
    client = builders.web(world.manager)
    page = upload(client, world, book([HEADER, *ROWS]))
    assert client.post(page, {"act": "take"})["Location"] == page
    return client, page


def test_a_large_file_is_left_to_a_worker_and_its_page_leads_to_what_came_in(world: World) -> None:
    client, page = left_to_a_worker(world)
    html = client.get(page).content.decode()
    assert "It waits for a worker." in html
    assert not Risk.objects.exists()
    # Asked twice, it is done once.
    client.post(page, {"act": "take"})
    assert Job.objects.count() == 1
    # Another file does not push out what is being brought in.
    upload(client, world, text([HEADER, ROWS[0]]).encode(), "other.csv")
    assert work()
    assert Risk.objects.count() == 3
    made = Import.objects.get()
    assert client.get(page)["Location"].endswith(f"/imports/{made.uuid}/")
    assert ImportDraft.objects.get().file_name == "other.csv"
    assert [chain for chain in all_chains() if first_fault_in(chain)] == []


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def test_whoever_dies_half_way_has_brought_nothing_in_and_the_next_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, page = left_to_a_worker(world)
    made: list[int] = []

    def dying(*_given: Any) -> None:
        made.append(Risk.objects.count())
        raise Killed

    with monkeypatch.context() as here:
        here.setattr("riskreg.exchange.services.committing.append", dying)
        with pytest.raises(Killed):
            work()
    assert (made, Risk.objects.count(), Import.objects.count()) == ([3], 0, 0)
    assert "A worker is bringing it in." in client.get(page).content.decode()
    assert not work()
    assert work(later=CLAIM)
    assert (Risk.objects.count(), Import.objects.count()) == (3, 1)
    assert not work(later=CLAIM * 3)


def test_what_cannot_come_in_any_more_says_so_and_leaves_the_file(world: World) -> None:
    client, page = left_to_a_worker(world)
    Membership.objects.filter(user=world.manager).update(role="owner")
    assert not work()
    assert Job.objects.get().state == "failed"
    assert not Risk.objects.exists()
    Membership.objects.filter(user=world.manager).update(role="manager")
    failure = str(Job.objects.get().failure["detail"])
    response = client.get(page)
    assert (response.status_code, failure[:20] in response.content.decode()) == (400, True)


def test_a_file_is_left_while_a_worker_is_to_bring_it_in(world: World) -> None:
    client, page = left_to_a_worker(world)
    client.post(page, {"act": "drop"})
    assert Job.objects.get().state == "cancelled"
    assert not work()
    assert not ImportDraft.objects.exists()
    assert client.get(page).status_code == 404


def test_a_program_polls_what_a_worker_brings_in(world: World) -> None:
    program = Program(world.manager)
    answer = program.post("imports/", FILE)
    assert (answer.status_code, answer.json()["state"]) == (201, "queued")
    name = answer.json()["id"]
    assert answer["Location"].endswith(f"imports/{name}/")
    assert program.get(f"imports/{name}/").json()["state"] == "queued"
    assert Program(world.partner_manager).get(f"imports/{name}/").status_code == 404
    assert work()
    found = program.get(f"imports/{name}/").json()
    assert (found["state"], found["failure"], found["new"]) == ("done", None, 3)


SET_UP = """
import django
django.setup()
from riskreg.exchange.services import Brought, commit_file_or_keep_draft, drafts
from riskreg.kernel import clock
from tests import builders
at = clock.now()
world = builders.build_world.plainly(at)
rows = "".join(f"R{n},Ice number {n} on the ramp,5,4\\n" for n in range(60))
drafts.MAX_AT_ONCE = 2
commit_file_or_keep_draft(
    actor=world.viewer(world.manager), answers_or_remembered=None, at=at,
    brought=Brought("ice.csv", ("ID,Risk,Likelihood,Impact\\n" + rows).encode()))
"""
WORK = """
import datetime as dt, os, signal, sys
import django
django.setup()
from django.db import connection
from riskreg.jobs import services
from riskreg.jobs.models import Step
from riskreg.kernel import clock
seen = [0]
def killed(execute, sql, params, many, context):
    seen[0] += any(f'INSERT INTO "{t}' in sql for t in ("risks_", "events_event"))
    if seen[0] > int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(sql, params, many, context)
with connection.execute_wrapper(killed):
    done = services.run_step(Step.objects.get().pk, lambda: clock.now() + dt.timedelta(
        seconds=int(sys.argv[2])))
print(done)
"""


@pytest.mark.process
@pytest.mark.once
@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kill_9_in_the_midst_of_bringing_in_leaves_all_or_nothing(
    kind: str, tmp_path: Path
) -> None:
    if kind == "postgresql" and not postgres_url():
        pytest.skip("no PostgreSQL server")
    with database(kind, tmp_path) as (address, ask):
        env = {
            **os.environ, "VAR_DIR": str(tmp_path), "DATABASE_URL": address,
            "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT),
        }  # fmt: skip

        def run(*command: str) -> subprocess.CompletedProcess[bytes]:
            argv = [sys.executable, *command]
            return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, timeout=240)

        done = run("-c", SET_UP)
        assert done.returncode == 0, done.stderr.decode()
        for n, killed_at in enumerate((0, 2)):
            died = run("-c", WORK, str(killed_at), str(n * 61))
            assert died.returncode == -signal.SIGKILL, died.stderr.decode()
            assert ask("SELECT count(*) FROM risks_risk")[0][0] == 0
            assert ask("SELECT count(*) FROM exchange_import")[0][0] == 0
        done = run("-c", WORK, "1000", "122")
        assert done.stdout.decode().strip().endswith("True"), done.stderr.decode()
        assert ask("SELECT count(*) FROM risks_risk")[0][0] == 60
        assert ask("SELECT count(*) FROM exchange_import")[0][0] == 1
        assert ask("SELECT count(*) FROM exchange_importdraft")[0][0] == 0

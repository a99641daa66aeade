"""That the engine lives is told by its last proofs, and that it has died by somebody else."""

import contextlib
import datetime as dt
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from celery.signals import heartbeat_sent
from django.core import mail
from django.core.mail import EmailMessage
from django.db import OperationalError
from django.test import Client

from config.beat import Scheduler
from config.celery import app
from riskreg.accounts.models import User
from riskreg.kernel import capacity, health, replica
from riskreg.operations.errors import Refused
from riskreg.operations.metrics import gauges
from riskreg.operations.models import BackupRun, Heartbeat, Outage, RunKind, RunState
from riskreg.operations.queries.backups import is_due
from riskreg.operations.queries.engine import (
    problem_sentences_by_part,
    reasons_reminder_engine_is_dead,
    reminder_engine_state,
)
from riskreg.operations.services import heartbeats
from riskreg.operations.services.heartbeats import record_heartbeat
from riskreg.operations.services.runs import back_up
from riskreg.operations.services.watching import watch_once
from riskreg.register.services import invite
from riskreg.register.services.invitation_sending import send_due_invitations
from riskreg.reminders.models import SweepRun
from riskreg.reminders.queries.runs import last_whole_sweep
from riskreg.reminders.services.recorded import Swept, sweep_and_record
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import AT, World

ROOT = Path(__file__).resolve().parents[2]
MINUTE = dt.timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def swept(minutes_ago: float, broken: int = 0) -> None:
    at = AT - minutes_ago * MINUTE
    SweepRun.objects.create(started_at=at, finished_at=at, moved=0, messages=0, broken=broken)


def lives(minutes_ago: float = 0.5) -> None:
    """Everything that the engine shows, so long ago."""
    for program in ("beat", "worker"):
        record_heartbeat(program, "one", AT - minutes_ago * MINUTE)
    swept(minutes_ago)


def test_an_engine_that_lives() -> None:
    lives()
    assert reasons_reminder_engine_is_dead(reminder_engine_state(AT)) == []
    assert not any(problem_sentences_by_part(reminder_engine_state(AT)).values())


@pytest.mark.parametrize("program", ["beat", "worker"])
def test_a_program_that_has_died_is_named(program: str) -> None:
    lives()
    Heartbeat.objects.filter(program=program).update(at=AT - 16 * MINUTE)
    assert reasons_reminder_engine_is_dead(reminder_engine_state(AT)) == [
        f"no sign of life of {program} for 16 minutes"
    ]
    # Another host does its work.
    record_heartbeat(program, "two", AT)
    assert reasons_reminder_engine_is_dead(reminder_engine_state(AT)) == []


def test_what_never_was_is_no_proof() -> None:
    assert len(reasons_reminder_engine_is_dead(reminder_engine_state(AT))) == 3


def test_a_sweep_in_which_something_broke_is_not_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives(20)
    builders.risk(world)
    Risk.objects.update(next_review_on=world.today)
    for program in ("beat", "worker"):
        record_heartbeat(program, "one", AT)

    def breaks(*_: object) -> int:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[Swept.__module__], "advance_and_readdress", breaks)
        sweep_and_record(lambda: AT)
    state = reminder_engine_state(AT)
    assert state.broken == 1
    assert reasons_reminder_engine_is_dead(state) == ["no whole sweep for 20 minutes"]
    assert problem_sentences_by_part(state)["sweep"] == ["1 registers or people broke in it"]
    sweep_and_record(lambda: AT)
    whole = last_whole_sweep(AT)
    assert whole is not None
    assert whole.finished_at == AT
    assert reasons_reminder_engine_is_dead(reminder_engine_state(AT)) == []


def test_what_a_clock_has_written_that_was_ahead_proves_nothing(settings: Any) -> None:
    """A day on which nobody is reminded would look like one on which all is well."""
    settings.BACKUP_HOURS = 24
    day = 24 * 60
    lives(-day)
    started = AT + day * MINUTE
    BackupRun.objects.create(
        kind=RunKind.BACKUP, state=RunState.DONE, started_at=started, finished_at=started
    )
    state = reminder_engine_state(AT)
    assert len(reasons_reminder_engine_is_dead(state)) == 3
    assert problem_sentences_by_part(state)["backup"] == ["none for as long as is known"]
    assert is_due(RunKind.BACKUP, AT)
    # Clocks of two machines are never quite the same.
    lives(-1)
    assert reasons_reminder_engine_is_dead(reminder_engine_state(AT)) == []


def test_a_backup_that_a_clock_began_which_was_ahead_keeps_no_other_from_its_time(
    tmp_path: Path, at: dt.datetime
) -> None:
    BackupRun.objects.create(
        kind=RunKind.BACKUP, state=RunState.RUNNING, started_at=AT + 24 * 60 * MINUTE
    )
    with contextlib.suppress(Refused):
        back_up(AT, tmp_path / "one.backup.zip")
    found = BackupRun.objects.order_by("pk").values_list("detail", flat=True)
    assert found[0] == "It did not come to an end."
    assert len(found) == 2


def test_readiness_asks_for_the_engine_when_it_is_to(
    client: Client, monkeypatch: pytest.MonkeyPatch, at: dt.datetime
) -> None:
    monkeypatch.setattr(health, "CHECKS", {})
    assert client.get("/readyz").status_code == 200
    answer = client.get("/readyz?deep=1")
    assert answer.status_code == 503
    assert "no whole sweep" in answer.json()["checks"]["engine"]
    lives()
    assert client.get("/readyz?deep=1").json()["checks"] == {
        "engine": "ok", "sweep": "ok", "mail": "ok", "backup": "ok", "verify": "ok",
    }  # fmt: skip

    def away(_at: dt.datetime) -> Any:
        raise OperationalError("postgres://riskreg:secret@db")

    monkeypatch.setattr(health, "DEEP", [away])
    answer = client.get("/readyz?deep=1")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"engine": "unreachable"})


def test_an_old_backup_is_a_broken_promise(settings: Any) -> None:
    settings.BACKUP_HOURS = 24
    assert problem_sentences_by_part(reminder_engine_state(AT))["backup"] == [
        "none for as long as is known"
    ]
    for hours in (40, 30):
        BackupRun.objects.create(
            kind=RunKind.BACKUP, state=RunState.DONE, started_at=AT - hours * 60 * MINUTE,
            finished_at=AT - hours * 60 * MINUTE,
        )  # fmt: skip
    assert problem_sentences_by_part(reminder_engine_state(AT))["backup"] == []
    later = reminder_engine_state(AT + 120 * MINUTE)
    assert problem_sentences_by_part(later)["backup"] == ["none for 32 hours"]


COUNTED = (capacity.IN_WORK, capacity.WAITING, capacity.SHED)


def test_every_metric_that_alerts_and_board_name_is_told() -> None:
    lives()
    told = {family.name for gauge in health.GAUGES for family in gauge(AT)}
    # Only where there is a replica.
    told |= set(replica.FIGURES)
    # What a process counts itself: a counter's figure has its family's name and an ending.
    told |= {
        sample.name for counted in COUNTED for one in counted.collect() for sample in one.samples
    }
    alerts = (ROOT / "docs" / "monitoring" / "alerts.yml").read_text()
    board = json.loads((ROOT / "docs" / "monitoring" / "grafana.json").read_text())
    asked = {target["expr"] for panel in board["panels"] for target in panel["targets"]}
    named = set(re.findall(r"\briskreg_\w+", alerts)) | asked
    assert named - told == set()
    assert {family.name for family in gauges(AT)} - named == set()


def test_invitations_whose_mail_does_not_go_are_counted(world: World, settings: Any) -> None:
    def told() -> float:
        (found,) = (f for f in gauges(world.at) if f.name == "riskreg_invitations_unsent")
        return found.samples[0].value

    invite(actor=world.viewer("manager"), email="new@example.com", role="owner", party="foton",
           at=world.at)  # fmt: skip
    assert told() == 0
    settings.EMAIL_BACKEND = "tests.register.refusing_mail.Backend"
    assert send_due_invitations(lambda: world.at) == 0
    assert told() == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_due_invitations(lambda: world.at + MINUTE * 10) == 1
    assert told() == 0


def test_what_alerts_by_its_rise_is_there_before_the_first_one(db: None) -> None:
    """Prometheus sees no rise in a figure that begins with the first; and of a gauge, which falls
    when deliveries are sent again, `increase` takes every fall for a new beginning."""
    figures = {
        (sample.name, *sample.labels.values())
        for family in (*gauges(AT), *capacity.SHED.collect())
        for sample in family.samples
    }
    alerts = (ROOT / "docs" / "monitoring" / "alerts.yml").read_text()
    rising = re.findall(r"(increase|delta)\((riskreg_\w+)", alerts)
    assert rising == [
        ("delta", "riskreg_deliveries_failed"), ("increase", "riskreg_requests_shed_total"),
    ]  # fmt: skip
    assert {("riskreg_deliveries_failed", how) for how in ("mail", "webhook", "chat")} <= figures
    assert {("riskreg_requests_shed_total", str(why)) for why in capacity.Refused} <= figures


def test_the_operator_hears_of_an_outage_once_and_of_its_end(settings: Any) -> None:
    settings.OPERATOR_MAIL = ["night@register.example"]
    lives(20)
    for minutes in range(3):
        assert not watch_once(AT + minutes * MINUTE)
    assert [m.subject for m in mail.outbox] == ["riskreg: the engine stands still"]
    assert "no whole sweep for 20 minutes" in mail.outbox[0].body
    assert mail.outbox[0].to == ["night@register.example"]
    lives()
    assert watch_once(AT)
    assert watch_once(AT)
    assert [m.subject for m in mail.outbox[1:]] == ["riskreg: the engine works again"]
    assert not watch_once(AT + 60 * MINUTE)
    assert len(mail.outbox) == 3
    assert Outage.objects.filter(ended_at=None).count() == 1


def test_a_mail_that_was_not_taken_is_sent_by_the_next_look(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPERATOR_MAIL = ["night@register.example"]

    def refused(*_: object, **__: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refused)
        assert not watch_once(AT)
    assert not watch_once(AT)
    assert len(mail.outbox) == 1


def test_worker_and_beat_show_that_they_live(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, woken: object
) -> None:
    monkeypatch.setattr(heartbeats, "_last", {})
    monkeypatch.setattr(heartbeats.connection, "close", lambda: None)
    heartbeat_sent.send(sender=None)
    beat = Scheduler(app=app, schedule_filename=str(tmp_path / "beat"))
    assert beat.tick() <= 30
    beat.close()
    first = dict(Heartbeat.objects.values_list("program", "at"))
    assert set(first) == {"worker", "beat"}
    # Not with each of its signs.
    heartbeat_sent.send(sender=None)
    assert dict(Heartbeat.objects.values_list("program", "at")) == first

    def away(*_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(heartbeats, "_last", {})
    monkeypatch.setattr(heartbeats, "record_heartbeat", away)
    # Never raises: a sign that nobody reads ends no program.
    heartbeat_sent.send(sender=None)
    heartbeats.beat_heart("beat")


def test_administrators_see_how_the_system_stands(world: World) -> None:
    lives(20)
    admin, desk = builders.user("admin@register.example"), builders.user("desk@register.example")
    User.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    User.objects.filter(pk=desk.pk).update(is_staff=True)
    assert "/admin/state/" in builders.web(admin).get("/admin/").content.decode()
    shown = builders.web(admin).get("/admin/state/")
    assert shown.status_code == 200
    assert "Not everything is as it should be" in shown.content.decode()
    assert "no whole sweep" in shown.content.decode()
    assert builders.web(desk).get("/admin/state/").status_code == 404
    assert builders.web(world.manager).get("/admin/state/").status_code == 302
    assert Client().get("/admin/state/").status_code == 302

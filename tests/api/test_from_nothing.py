"""The script of docs/integrators.md, run as it stands there against a live server."""

import datetime as dt
import re
import threading
import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from celery.app.base import Celery
from pytest_django.live_server_helper import LiveServer

from riskreg.kernel import clock
from riskreg.notify.services import deliver_due
from riskreg.register.models import Criteria, Membership, Objective, Register, Term
from riskreg.register.services.invitation_sending import send_due_invitations
from riskreg.reminders.services import sweep
from riskreg.risks.models import Control, Risk, State
from tests import builders

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once, pytest.mark.slow]

DOC = Path(__file__).resolve().parents[2] / "docs" / "integrators.md"


def script() -> str:
    """The block of the guide that is one whole script."""
    section = DOC.read_text(encoding="utf-8").split("as one script\n", 1)[1]
    block = re.search(r"```python\n(.*?)```", section, re.S)
    assert block is not None
    return block[1]


def mails_to(folder: Path, address: str) -> list[str]:
    found = []
    for file in sorted(folder.iterdir()):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        body = mail.get_body(("plain",))
        if address in str(mail["To"]) and body is not None:
            found.append(str(body.get_content()))
    return found


def test_the_script_of_the_guide_makes_a_register_with_its_first_reminder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, live_server: LiveServer
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    settings.REGISTER_MAKERS = "everybody"
    monkeypatch.setattr(Celery, "send_task", lambda *arguments, **options: None)
    now = clock.now()
    for who in ("manager", "owner", "partner"):
        person = builders.user(f"{who}@example.com", now)
        monkeypatch.setenv(f"TOKEN_{who.upper()}", builders.token(person, at=now))
    monkeypatch.setenv("RISKREG_URL", live_server.url)
    monkeypatch.setenv("RISKREG_MAILS", str(tmp_path))
    here, rest = threading.current_thread(), time.sleep

    def work_meanwhile(seconds: float) -> None:
        """While the script waits, the worker sends."""
        if threading.current_thread() is here:
            send_due_invitations(clock.now)
        else:
            rest(seconds)

    monkeypatch.setattr(time, "sleep", work_meanwhile)
    exec(compile(script(), str(DOC), "exec"), {"__name__": "__main__"})

    register = Register.objects.get(slug="ours")
    assert [p.key for p in register.parties.order_by("pk")] == ["foton", "catl"]
    people = Membership.objects.filter(register=register, ended_at=None)
    assert {(m.user.email.split("@")[0], m.party.key, m.role) for m in people if m.party} == {
        ("manager", "foton", "manager"), ("owner", "foton", "owner"),
        ("partner", "catl", "manager"),
    }  # fmt: skip
    criteria = register.criteria
    assert isinstance(criteria, Criteria)
    assert (len(criteria.likelihood), len(criteria.impact)) == (4, 4)
    assert Term.objects.get(taxonomy__register=register).key == "eu"
    risk = Risk.objects.get(register=register)
    assert risk.state == State.OPEN
    assert Objective.objects.get(register=register) in risk.objectives.all()
    assert list(Control.objects.get(register=register).risks.all()) == [risk]
    assert risk.next_review_on is not None
    due = dt.datetime.combine(risk.next_review_on, dt.time(12), dt.UTC)
    before = mails_to(tmp_path, "owner@example.com")
    sweep(due)
    deliver_due(lambda: due, seconds=60, limit=100)
    # Files of one second have no order.
    (first,) = [m for m in mails_to(tmp_path, "owner@example.com") if m not in before]
    assert "R-001 Overseas policy barriers" in first

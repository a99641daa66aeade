"""The block of docs/start.md that sets a register up by commands, run as it stands there."""

import datetime as dt
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from riskreg.kernel import clock
from riskreg.notify.services import deliver_due
from riskreg.register.models import Invitation, Membership, Objective, Register
from riskreg.register.people import invitation_token
from riskreg.register.services import accept_with_new_account
from riskreg.reminders.services import sweep
from riskreg.risks.models import Control, Risk
from tests import builders
from tests.dump import nothing_changes

pytestmark = [pytest.mark.django_db, pytest.mark.once]
DOC = Path(__file__).resolve().parents[2] / "docs" / "start.md"


def blocks() -> tuple[str, str]:
    """The file of risks and the commands."""
    section = DOC.read_text(encoding="utf-8").split("## The same by command\n", 1)[1]
    found = re.findall(r"```\w*\n(.*?)```", section.partition("\n## ")[0], re.S)
    assert len(found) == 2
    return found[0], found[1]


def run(script: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each command of the script printed."""
    printed = []
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        if "|" in words:
            at = words.index("|")
            monkeypatch.setattr("sys.stdin", io.StringIO(" ".join(words[1:at]) + "\n"))
            words = words[at + 1 :]
        assert words[0] == "manage.py"
        out = io.StringIO()
        call_command(*words[1:], stdout=out)
        printed.append(out.getvalue())
    return printed


def test_the_commands_of_the_guide_make_a_register_with_its_first_reminder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    risks, script = blocks()
    (tmp_path / "risks.csv").write_text(risks, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(script, monkeypatch)
    register = Register.objects.get()
    assert register.criteria is not None
    assert len(register.criteria.likelihood) == 4
    assert [p.key for p in register.parties.order_by("pk")] == ["foton", "catl"]
    waiting = {(i.email, i.role) for i in Invitation.objects.all()}
    assert waiting == {("them@example.com", "manager"), ("owner@example.com", "owner")}
    risk = Risk.objects.get()
    assert (risk.state, [t.ref for t in risk.terms.all()]) == ("open", ["market:export"])
    assert list(risk.objectives.all()) == [Objective.objects.get()]
    assert list(Control.objects.get().risks.all()) == [risk]
    made = [
        script_line for script_line in script.splitlines() if "import_register" not in script_line
    ]
    with nothing_changes():
        run("\n".join(made), monkeypatch)
    for row in Invitation.objects.all():
        accept_with_new_account(
            token=invitation_token(row), name="New", password="four words are enough",
            at=clock.now(),
        )  # fmt: skip
    assert Membership.objects.filter(ended_at=None).count() == 3
    assert risk.next_review_on is not None
    due = dt.datetime.combine(risk.next_review_on, dt.time(12), dt.UTC)
    due += dt.timedelta(days=7 - due.weekday() if due.weekday() > 4 else 0)
    mail.outbox.clear()
    sweep(due)
    deliver_due(lambda: due, seconds=60, limit=100)
    assert any(risk.ref in m.body for m in mail.outbox if m.to == ["you@example.com"])


FOUND = ("create_register", "--slug", "ours", "--name", "Ours", "--party", "foton:Foton",
         "--manager", "foton:boss@example.com")  # fmt: skip


def found(*more: str) -> Any:
    call_command(*FOUND, *more, stdout=io.StringIO())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--member", "foton:owner"), "KEY:ROLE:E-MAIL"),
        (("--member", "bosch:owner:x@example.com"), "bosch"),
        (("--member", "foton:integration:x@example.com"), "make a program account"),
        (("--member", "foton:king:x@example.com"), "Unknown role"),
        (("--member", ":owner:x@example.com"), "Unknown role"),
        (("--member", "foton:owner:nobody"), "not an e-mail address"),
        (("--member", "foton:owner:boss@example.com"), "member already"),
        (("--party", "second:FOTON"), "Another one is called “Foton” already"),
        (("--objective", "units:Units:12"), "KEY:NAME:VALUE:UNIT:DAY"),
        (("--objective", "units:Units:12:units:soon"), "2030-12-31"),
        (("--objective", "units:Units:many:units:2090-12-31"), "finite number"),
        (("--objective", "units:Units:12:units:2020-12-31"), "This day has passed"),
    ],
)
def test_what_cannot_be_is_refused_and_no_register_is_made(
    more: tuple[str, ...], said: str
) -> None:
    builders.user("boss@example.com")
    with nothing_changes(), pytest.raises(CommandError, match=said):
        found(*more)


def test_a_register_keeps_its_currency_unless_another_one_is_named() -> None:
    builders.user("boss@example.com")
    found("--currency", "CNY")
    with nothing_changes():
        found()
    with nothing_changes(), pytest.raises(CommandError, match="its currency is CNY, not EUR"):
        found("--currency", "EUR")


def test_members_and_objectives_are_added_to_a_register_that_is_there() -> None:
    builders.user("boss@example.com")
    auditor = builders.user("auditor@example.com")
    found()
    more = ("--member", ":auditor:auditor@example.com",
            "--objective", "units:Units:12:units:2090-12-31")  # fmt: skip
    found(*more)
    assert Membership.objects.get(user=auditor).role == "auditor"
    assert Objective.objects.get().key == "units"
    with nothing_changes():
        found(*more)

"""A variable that is set wrong is told by its name, whatever it is; an empty one is as not set."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import capacity
from config.database import database, databases
from config.logs import log_settings
from config.retention import kept_days
from config.schedule import schedule
from config.variables import Env, mail_server

ROOT = Path(__file__).resolve().parents[2]
NUMBER = re.compile(r"\benv\.(int|float|bool)\(\s*\"([A-Z_]+)\"")
POSTGRESQL = "postgres://u:p@localhost/n"


def read() -> list[tuple[str, str]]:
    """(kind, name) of every number and switch that the settings read."""
    found = set()
    for path in (ROOT / "config").glob("*.py"):
        found |= set(NUMBER.findall(path.read_text()))
    return sorted(found)


def test_no_number_is_read_past_these_rules() -> None:
    assert len(read()) > 30
    for path in (ROOT / "config").glob("*.py"):
        assert path.name == "variables.py" or "environ.Env()" not in path.read_text(), path.name


@pytest.mark.parametrize(("kind", "name"), read())
def test_what_cannot_be_meant_is_told_by_its_name(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("abc", "5 min", "1,5", "nan", "inf", "-1"):
        monkeypatch.setenv(name, text)
        if text == "-1" and name in ("DATABASE_POOL", "DATABASE_REPLICA_WAIT_SECONDS"):
            continue
        with pytest.raises(ImproperlyConfigured, match=rf"^{name} is .*, not '{text}'$"):
            getattr(Env(), kind)(name, default=7)
    for text in ("", "  "):
        monkeypatch.setenv(name, text)
        assert getattr(Env(), kind)(name, default=7) == 7


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "abc"}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://u:p@h/n"}, "DATABASE_URL"),
        ({"DATABASE_URL": POSTGRESQL, "DATABASE_REPLICA_URL": "abc"}, "DATABASE_REPLICA_URL"),
        ({"DATABASE_URL": POSTGRESQL, "DATABASE_POOL": "-1"}, "DATABASE_POOL"),
        ({"DATABASE_REPLICA_WAIT_SECONDS": "-1"}, "DATABASE_REPLICA_WAIT_SECONDS"),
    ],
)
def test_an_address_of_no_database_that_there_is(
    env: dict[str, str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=rf"^{named} is "):
        databases(Env(), tmp_path)


def test_words_of_a_mail_server_and_of_a_level(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("abc", "http://mail.example", "smtp://mail.example:abc"):
        monkeypatch.setenv("EMAIL_URL", text)
        with pytest.raises(ImproperlyConfigured, match=r"^EMAIL_URL is "):
            mail_server(Env())
    with pytest.raises(ImproperlyConfigured, match=r"^LOG_LEVEL is .*, not 'abc'$"):
        log_settings("abc", lines_for_people=False)


def test_what_the_web_server_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Any
    for name, asked in (
        ("WEB_WORKERS", capacity.workers), ("WEB_THREADS", capacity.threads),
        ("WEB_PLACES", capacity.places), ("WEB_PLACES_EACH", capacity.places_each),
    ):  # fmt: skip
        usual = asked()
        with monkeypatch.context() as changed:
            changed.setenv(name, "")
            assert asked() == usual
            changed.setenv(name, "-1")
            with pytest.raises(SystemExit, match=f"^{name} is "):
                asked()


def test_what_is_meant_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": POSTGRESQL, "DATABASE_POOLER": "yes", "DATABASE_STATEMENT_SECONDS": "0",
        "SWEEP_SECONDS": "7.5", "KEEP_MESSAGES_DAYS": "0", "KEEP_SIGN_INS_DAYS": " 30 ",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = database(Env(), tmp_path)
    assert found["DISABLE_SERVER_SIDE_CURSORS"]
    assert found["OPTIONS"]["answer_within"] is None
    assert schedule(Env())["sweep-reminders"]["schedule"] == 7.5
    assert kept_days(Env()) == (30, 0)


@pytest.mark.process
@pytest.mark.parametrize(
    ("address", "command", "said"),
    [
        ("postgres://nobody:secret@127.0.0.1:1/nothing", "migrate", "cannot serve: connection"),
        ("sqlite:///{folder}", "verify_events", "cannot serve: unable to open"),
        ("sqlite:///{folder}/empty.sqlite3", "first_link", r"Run manage\.py migrate first"),
    ],
)
def test_a_command_whose_database_is_away_says_so_in_one_line(
    address: str, command: str, said: str, tmp_path: Path
) -> None:
    env = {
        **os.environ, "DATABASE_URL": address.format(folder=tmp_path), "VAR_DIR": str(tmp_path),
        "DATABASE_CONNECT_SECONDS": "2",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT, env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert re.search(said, told)
    assert "DATABASE_URL" in told
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr

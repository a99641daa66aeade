"""The security log: what it tells, of whom, in which form; and that no secret is ever in it."""

import datetime as dt
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config.logs import SecurityFile, log_settings, security_log
from riskreg.accounts.models import Scope, User
from riskreg.accounts.services import accounts, administration, last_use
from riskreg.kernel import security_log as written
from tests import builders
from tests.builders import World
from tests.endpoints import receiver

CLIENT = "198.51.100.77"
Lines = list[dict[str, Any]]


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    def of(self, *events: str) -> Lines:
        """The lines of those events."""
        lines = [json.loads(text) for text in self.texts]
        return [line for line in lines if line["event"] in events]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """What is written, with the log switched on."""
    handler, logger = Kept(), logging.getLogger(written.NAME)
    monkeypatch.setattr(last_use, "_noted", set())
    usual = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.setLevel(usual)
    logger.removeHandler(handler)


@pytest.fixture
def person(db: None, at: dt.datetime) -> User:
    return accounts.create_user(
        email="wang.fang@foton.example", name="Wang Fang", password="a-right-password", at=at
    )


def sign_in(client: Client, email: str, password: str) -> None:
    client.post(
        "/accounts/login/", {"login": email, "password": password},
        REMOTE_ADDR=CLIENT, HTTP_X_REQUEST_ID="night-1",
    )  # fmt: skip


def test_signing_in_and_out(kept: Kept, person: User, client: Client) -> None:
    sign_in(client, person.email, "a-wrong-password")
    sign_in(client, "nobody@catl.example", "a-wrong-password")
    sign_in(client, person.email, "a-right-password")
    client.post("/accounts/logout/", REMOTE_ADDR=CLIENT)
    first, other = kept.of("sign_in_failed")
    (in_, out) = kept.of("signed_in", "signed_out")
    assert first["tried"] == in_["tried"] != other["tried"]
    assert "account" not in first
    assert in_["account"] == out["account"] == str(person.uuid)
    assert in_["from"] == first["from"] == "198.51.100.0/24"
    assert first["request_id"] == in_["request_id"] == "night-1"
    assert dt.datetime.fromisoformat(first["at"]).tzinfo is not None


def test_whoever_has_to_wait_is_told_of(kept: Kept, person: User, client: Client) -> None:
    for _ in range(9):
        sign_in(client, person.email, "a-wrong-password")
    assert len(kept.of("sign_in_failed")) == 8
    assert kept.of("sign_in_refused")


def test_refusals_on_both_faces(kept: Kept, world: World) -> None:
    builders.web(world.onlooker).get(f"/r/{world.register.slug}/criteria/edit/", REMOTE_ADDR=CLIENT)
    program = builders.api(world.owner, scope=Scope.READ)
    program.post(f"/api/v1/registers/{world.register.slug}/risks/", {}, "application/json")
    refused = kept.of("refused")
    assert {line["account"] for line in refused} >= {str(world.owner.uuid)}
    assert any(line["asked"].startswith("POST /api/v1/") for line in refused)
    assert all(line["page"] for line in refused)


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json", "ndjson"])
def test_what_went_out_and_how_much_of_it(kept: Kept, world: World, kind: str) -> None:
    for _ in range(3):
        builders.risk(world)
    base = f"{world.register.slug}/risks/export/?format={kind}"
    for client, path in (
        (builders.web(world.owner), f"/r/{base}"),
        (builders.api(world.owner), f"/api/v1/registers/{world.register.slug}/exports/risks/"
         f"?format={kind}"),
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        size = len(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
        (line,) = kept.of("exported")
        assert (line["rows"], line["bytes"], line["whole"]) == (3, size, True)
        assert line["account"] == str(world.owner.uuid)
        kept.texts.clear()


def test_a_file_that_broke_off_is_not_whole(kept: Kept, world: World) -> None:
    builders.risk(world)
    answer = builders.web(world.owner).get(f"/r/{world.register.slug}/risks/export/?format=csv")
    next(iter(answer.streaming_content))  # type: ignore[attr-defined]
    # As the server does once the caller has gone.
    for close in answer._resource_closers:  # type: ignore[attr-defined]
        close()
    assert [line["whole"] for line in kept.of("exported")] == [False]


def test_a_token_is_told_of_once_a_day_and_for_each_client(
    kept: Kept, person: User, at: dt.datetime
) -> None:
    row, token = accounts.create_token(user=person, scope="read", days=9, at=at)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    for address in (CLIENT, CLIENT, "203.0.113.9"):
        assert client.get("/api/v1/me/", REMOTE_ADDR=address).status_code == 200
    used = kept.of("token_used")
    assert [(line["token"], line["scope"]) for line in used] == [(str(row.uuid), "read")] * 2
    accounts.revoke_token(token=row, at=at)
    assert client.get("/api/v1/me/").status_code == 401
    Client(headers={"Authorization": "Bearer rr_nothing"}).get("/api/v1/me/")
    assert [line["why"] for line in kept.of("token_refused")] == ["revoked", "unknown"]


def test_accounts_and_how_a_register_is_set_up(
    kept: Kept,
    world: World,
    at: dt.datetime,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.stub_names(monkeypatch)["hook.example.com"] = ["93.184.215.14"]
    with django_capture_on_commit_callbacks(execute=True):
        administration.change_account(
            user=world.owner, at=at, actor=None, name="Somebody Else", email="new@foton.example"
        )
        row, _token = accounts.create_token(user=world.owner, scope="read", days=9, at=at)
        accounts.revoke_token(token=row, at=at)
    renamed, made, ended = kept.of("user.renamed", "token.created", "token.revoked")
    assert (renamed["changed"], renamed["subject"]) == (["name"], str(world.owner.uuid))
    assert made["account"] == ended["account"] == str(world.owner.uuid)
    assert "Somebody" not in " ".join(kept.texts)
    assert "new@foton" not in " ".join(kept.texts)
    kept.texts.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = builders.api(world.manager).post(
            f"/api/v1/registers/{world.register.slug}/webhooks/",
            {"name": "Ours", "address": "https://hook.example.com/s3cret-path"},
            "application/json",
        )
    assert answer.status_code == 201, answer.content
    (added,) = kept.of("endpoint.added")
    assert added["account"] == str(world.manager.uuid)
    for secret in ("s3cret-path", answer.json().get("secret") or "s3cret-path"):
        assert secret not in " ".join(kept.texts)


def test_what_is_taken_back_is_not_told(
    kept: Kept, person: User, at: dt.datetime, django_capture_on_commit_callbacks: Any
) -> None:
    from django.db import transaction

    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                accounts.create_token(user=person, scope="read", days=9, at=at)
                raise KeyError
        except KeyError:
            pass
    assert kept.of("token.created") == []


def test_nothing_typed_and_no_secret_is_ever_in_it(
    kept: Kept, person: User, client: Client, at: dt.datetime,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        sign_in(client, person.email, "a-typed-secret")
        sign_in(client, person.email, "a-right-password")
        client.post("/accounts/password/reset/", {"email": person.email})
        client.get("/join/an-invitation-secret/")
        client.get("/first/a-first-secret/")
        client.get("/calendar/a-calendar-secret.ics")
        _row, token = accounts.create_token(user=person, scope="read", days=9, at=at, name="Mine")
        feed = accounts.replace_calendar_secret(user=person, at=at)
        program = Client(headers={"Authorization": f"Bearer {token}"})
        program.get("/api/v1/me/", REMOTE_ADDR=CLIENT)
        program.post("/api/v1/registers/", {}, "application/json", REMOTE_ADDR=CLIENT)
        Client(headers={"Authorization": f"Bearer {token}x"}).get("/api/v1/me/")
    text = "\n".join(kept.texts)
    assert len(kept.texts) > 5
    secrets = (
        "a-typed-secret", "a-right-password", "an-invitation-secret", "a-first-secret",
        "a-calendar-secret", token, token[:12], feed, person.email, person.name, CLIENT,
        client.cookies["sessionid"].value, client.cookies["csrftoken"].value,
    )  # fmt: skip
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    ("how", "address", "named"),
    [
        ("truncated", "198.51.100.77", "198.51.100.0/24"),
        ("truncated", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("truncated", "", ""),
        ("whole", "198.51.100.77", "198.51.100.77"),
    ],
)
def test_how_a_client_is_named(settings: Any, how: str, address: str, named: str) -> None:
    settings.SECURITY_LOG_ADDRESSES = how
    assert written.address_for_log(address) == named


def test_a_keyed_client_is_equal_for_equal_ones_alone(settings: Any) -> None:
    settings.SECURITY_LOG_ADDRESSES = "keyed"
    same = [written.address_for_log(a) for a in ("2001:db8::1", "2001:db8::2", CLIENT, CLIENT)]
    assert same[0] == same[1] != same[2] == same[3]
    assert "198" not in same[2]


def test_where_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep" / "security.log"
    handler = SecurityFile(str(path))
    line = logging.LogRecord("x", logging.INFO, "", 0, '{"event": "x"}', None, None)
    handler.emit(line)
    path.rename(path.with_suffix(".1"))
    handler.emit(line)
    assert path.read_text() == path.with_suffix(".1").read_text() == '{"event": "x"}\n'
    assert os.stat(path).st_mode & 0o077 == 0
    handler.close()
    # A folder is no file: the line is somewhere all the same.
    SecurityFile(str(tmp_path)).handle(line)
    assert '{"event": "x"}' in capsys.readouterr().err


def test_settings(tmp_path: Path) -> None:
    def given(local: bool = False, **values: str) -> tuple[str, str]:
        env = environ.Env()
        env.ENVIRON = values
        return security_log(env, tmp_path, local)

    assert given() == ("console", "truncated")
    assert given(True) == (str(tmp_path / "log" / "security.log"), "truncated")
    assert given(SECURITY_LOG="off", SECURITY_LOG_ADDRESSES="keyed") == ("off", "keyed")
    for name, value in (("SECURITY_LOG", "log/x"), ("SECURITY_LOG_ADDRESSES", "hashed")):
        with pytest.raises(ImproperlyConfigured, match=name):
            given(**{name: value})
    quiet = log_settings("ERROR", lines_for_people=True, security="console")
    assert quiet["loggers"]["riskreg.security"]["level"] == "INFO"

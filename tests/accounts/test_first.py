"""The first account of an empty system, by the link that its start prints."""

import datetime as dt
import io
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services.first import (
    GOOD_FOR,
    first_account_link_or_empty,
    make_first_account,
)
from riskreg.events.models import Event
from riskreg.kernel.errors import Forbidden
from riskreg.notify.models import Message
from tests import builders
from tests.builders import AT
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
FORM = {
    "name": "The first", "email": "first@example.com", "password": "four words are enough",
    "again": "four words are enough", "language": "zh-hans", "time_zone": "Asia/Shanghai",
    "digest_hour": "8",
}  # fmt: skip


def path() -> str:
    return urlsplit(first_account_link_or_empty(AT)).path


@pytest.fixture
def client() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


@pytest.fixture(autouse=True)
def stands_still() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


def test_whoever_has_the_link_becomes_the_administrator_and_is_signed_in(client: Client) -> None:
    address = path()
    assert client.get(address).status_code == 200
    response = client.post(address, FORM)
    assert (response.status_code, response["Location"]) == (302, "/")
    user = User.objects.get()
    assert (user.email, user.language, user.time_zone, user.digest_hour) == (
        "first@example.com", "zh-hans", "Asia/Shanghai", 8,
    )  # fmt: skip
    assert user.is_superuser
    assert user.is_staff
    assert user.check_password("four words are enough")
    assert client.get("/admin/").status_code == 200


def test_the_sign_in_of_an_empty_system_says_where_the_link_is(client: Client) -> None:
    words = "Nobody has an account yet"
    assert words in client.get("/accounts/login/").content.decode()
    builders.user("first@example.com")
    assert words not in client.get("/accounts/login/").content.decode()


def test_nobody_is_told_that_the_access_of_a_new_account_was_changed(client: Client) -> None:
    client.post(path(), FORM)
    assert Event.objects.filter(verb="user.access_changed").exists()
    assert not Message.objects.exists()


def test_the_link_makes_one_account_and_no_second(client: Client) -> None:
    address = path()
    client.post(address, FORM)
    assert first_account_link_or_empty(AT) == ""
    other = Client(SERVER_NAME="127.0.0.1")
    with nothing_changes():
        for response in (
            other.get(address),
            other.post(address, {**FORM, "email": "b@example.com"}),
        ):
            assert response.status_code == 403
            assert "Sign in" in response.content.decode()


def test_it_is_good_for_an_hour(client: Client) -> None:
    address = path()
    for later, status in ((GOOD_FOR, 200), (GOOD_FOR + dt.timedelta(seconds=2), 403)):
        with time_machine.travel(AT + later, tick=False):
            assert client.get(address).status_code == status


@pytest.mark.parametrize("change", ["x", "/x", ""])
def test_another_link_is_none(client: Client, change: str) -> None:
    address = path().rstrip("/") + change + "/" if change else "/first/1.abc/"
    with nothing_changes():
        assert client.get(address).status_code == 404
        assert client.post(address, FORM).status_code == 404


def test_it_opens_under_the_systems_own_name_alone(client: Client, settings: object) -> None:
    address = path()
    settings.ALLOWED_HOSTS = ["127.0.0.1", "other.example", "register.example"]  # type: ignore[attr-defined]
    settings.BASE_URL = "https://register.example"  # type: ignore[attr-defined]
    for host, status in (("other.example", 404), ("register.example", 200), ("127.0.0.1", 200)):
        assert client.get(address, headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"again": "four words are different"}, "two passwords differ"),
        ({"password": "short", "again": "short"}, "too short"),
        ({"email": "nobody"}, "email"),
        ({"name": "a\0b"}, "name"),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    client: Client, change: dict[str, str], said: str
) -> None:
    with nothing_changes():
        response = client.post(path(), {**FORM, **change})
    assert response.status_code == 400
    text = response.content.decode()
    assert said in text
    assert FORM["password"] not in text


def test_of_two_at_once_one_is_refused() -> None:
    link = path().strip("/").partition("/")[2]
    builders.user("faster@example.com")
    with nothing_changes(), pytest.raises(Forbidden):
        make_first_account(
            token=link, email="b@example.com", name="B", password="four words are enough", at=AT
        )


def test_the_command_prints_it_while_there_is_nobody() -> None:
    for there, wanted in ((False, True), (True, False)):
        if there:
            builders.user("somebody@example.com")
        out = io.StringIO()
        call_command("first_link", stdout=out)
        assert ("/first/" in out.getvalue()) is wanted

"""Signing in under attack: failures are counted per account and per client, apart."""

import datetime as dt
import io
import json
import logging
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.http import HttpRequest
from django.test import Client

from riskreg.accounts import attempts
from riskreg.accounts.attempts import Failures, time_to_wait
from riskreg.accounts.models import SignInFailure, User
from riskreg.accounts.services import administration, sign_in
from riskreg.events.models import Event
from riskreg.kernel import security_log, sorting
from riskreg.kernel.client import client_ip_or_empty, client_key_of_ip_or_empty
from riskreg.notify.models import Delivery, Message
from tests import builders

PAGE = "/accounts/login/"
OFFICE = "203.0.113.77"
STRANGER = "198.51.100.9"


@pytest.fixture
def person(db: None, at: dt.datetime) -> User:
    return builders.user("owner@foton.example", at)


@pytest.fixture
def other(db: None, at: dt.datetime) -> User:
    return builders.user("other@catl.example", at)


def attempt(
    email: str, password: str = "wrong", address: str = OFFICE, browser: Client | None = None,
    **extra: str,
) -> int:  # fmt: skip
    """The status of one attempt: 302 in, 200 wrong, 429 kept out."""
    # allauth's own limits, counted in the cache, are not what these tests are about.
    cache.clear()
    client = browser or Client()
    given = {"login": email, "password": password}
    return client.post(PAGE, given, REMOTE_ADDR=address, **extra).status_code


def is_let_in(email: str, address: str = OFFICE, browser: Client | None = None, **x: str) -> bool:
    return attempt(email, builders.PASSWORD, address, browser, **x) == 302


def test_failures_on_other_accounts_keep_nobody_out(person: User) -> None:
    for n in range(attempts.ATTEMPTS + 1):
        assert attempt(f"nobody{n}@foton.example") == 200
    assert is_let_in(person.email)


def test_failures_on_one_account_keep_out_of_that_account_alone(person: User, other: User) -> None:
    statuses = [attempt(person.email) for _n in range(attempts.ATTEMPTS + 1)]
    assert statuses == [200] * (attempts.ATTEMPTS - 1) + [429, 429]
    assert not is_let_in(person.email)
    assert is_let_in(other.email)


def test_a_strangers_failures_never_keep_out_who_comes_from_elsewhere(person: User) -> None:
    for _n in range(60):
        attempt(person.email, address=STRANGER)
    assert is_let_in(person.email)


def test_one_spelling_of_an_account_counts_for_all(person: User) -> None:
    for n in range(attempts.ATTEMPTS):
        attempt(person.email.upper() if n % 2 else person.email)
    assert not is_let_in(person.email)


@pytest.mark.parametrize("typed", ["RISK", " risk", "R\u0131\u017f\u212a"])
def test_letters_that_a_database_takes_for_others_are_no_other_account(typed: str) -> None:
    typed += "@foton.example"
    assert sign_in.account_hash(typed) == sign_in.account_hash("risk@foton.example")


def test_an_account_tried_from_many_addresses_is_slowed_and_its_owner_told_once(
    person: User, at: dt.datetime
) -> None:
    for n in range(attempts.MANY_ATTEMPTS):
        assert attempt(person.email, address=f"192.0.2.{n}") == 200
    message = Message.objects.get(kind="account")
    assert (message.recipient, message.address) == (person.uuid, person.email)
    assert "trying to sign in" in message.subject
    assert "192.0.2" not in message.text
    assert set(Delivery.objects.values_list("channel", flat=True)) == {"mail", "inbox"}
    # Everybody has fewer attempts now, and for longer; who has the right password needs only one.
    tries = [attempt(person.email, address=STRANGER) for _n in range(3)]
    assert tries == [200, 429, 429]
    with time_machine.travel(at + dt.timedelta(minutes=20), tick=False):
        assert attempt(person.email, address=STRANGER) == 429
        assert attempt(person.email, address=OFFICE) == 200
        assert is_let_in(person.email, OFFICE)
    assert Message.objects.filter(kind="account").count() == 1
    assert Event.objects.filter(verb="user.sign_in_slowed").count() == 1


def test_attempts_on_an_account_that_is_none_are_slowed_alike_and_nobody_is_told(
    person: User,
) -> None:
    for n in range(attempts.MANY_ATTEMPTS):
        assert attempt("nobody@foton.example", address=f"192.0.2.{n}") == 200
    tries = [attempt("nobody@foton.example", address=STRANGER) for _n in range(3)]
    assert tries == [200, 429, 429]
    assert not Message.objects.exists()


def test_one_client_cannot_try_account_after_account_without_end(person: User) -> None:
    for n in range(attempts.CLIENT_ATTEMPTS):
        attempt(f"nobody{n}@foton.example", address=STRANGER)
    assert attempt("somebody@foton.example", address=STRANGER) == 429
    assert is_let_in(person.email, OFFICE)


def test_a_browser_that_was_in_before_is_not_kept_out_by_its_neighbours(person: User) -> None:
    browser = Client()
    assert is_let_in(person.email, browser=browser)
    browser.post("/accounts/logout/")
    for n in range(attempts.CLIENT_ATTEMPTS):
        attempt(f"nobody{n}@foton.example")
    for _n in range(attempts.ATTEMPTS):
        attempt(person.email)
    assert not is_let_in(person.email)
    assert is_let_in(person.email, browser=browser)


def test_a_known_browser_has_no_attempts_without_end_and_is_known_to_one_account(
    person: User, other: User
) -> None:
    browser = Client()
    assert is_let_in(person.email, browser=browser)
    browser.post("/accounts/logout/")
    statuses = [attempt(person.email, browser=browser) for _n in range(attempts.ATTEMPTS)]
    assert statuses[-1] == 429
    assert not is_let_in(person.email, browser=browser)
    for _n in range(attempts.ATTEMPTS):
        attempt(other.email)
    assert not is_let_in(other.email, browser=browser)
    # A mark that somebody made up or changed is no mark.
    browser.cookies["known_browser"] = browser.cookies["known_browser"].value + "x"
    assert not is_let_in(other.email, browser=browser)


def test_waiting_ends_and_trying_does_not_make_it_longer(person: User, at: dt.datetime) -> None:
    for _n in range(attempts.ATTEMPTS):
        attempt(person.email)
    with time_machine.travel(at + dt.timedelta(minutes=14), tick=False):
        assert not is_let_in(person.email)
    with time_machine.travel(at + dt.timedelta(minutes=15, seconds=1), tick=False):
        assert is_let_in(person.email)


def test_success_forgets_what_failed_here_and_nothing_of_others(person: User, other: User) -> None:
    attempt(person.email)
    attempt(person.email, address=STRANGER)
    attempt(other.email)
    assert is_let_in(person.email)
    left = set(SignInFailure.objects.values_list("account", "client"))
    assert left == {
        (sign_in.account_hash(person.email), sign_in.client_hash(STRANGER)),
        (sign_in.account_hash(other.email), sign_in.client_hash(OFFICE)),
    }


def test_a_new_password_opens_at_once(person: User, at: dt.datetime) -> None:
    for _n in range(attempts.ATTEMPTS):
        attempt(person.email)
    new = "another-illustrative-one"
    administration.set_password(user=person, password=new, at=at, actor_for_log=person)
    assert attempt(person.email, new) == 302


def test_the_page_says_for_how_long_and_the_way_around(person: User) -> None:
    for _n in range(attempts.ATTEMPTS):
        attempt(person.email)
    answer = Client().post(
        PAGE, {"login": person.email, "password": "x"}, REMOTE_ADDR=OFFICE,
        HTTP_X_REQUESTED_WITH="XMLHttpRequest",
    )  # fmt: skip
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Wait 15 minutes" in answer.content.decode()
    assert "/accounts/password/reset/" in answer.content.decode()
    assert "Access-Control-Allow-Origin" not in answer


# The proxy ---------------------------------------------------------------------------------------
def proxied(address: str) -> dict[str, str]:
    return {"address": "10.0.0.2", "HTTP_X_FORWARDED_FOR": address}


def test_behind_a_proxy_clients_are_told_apart(person: User, settings: Any) -> None:
    settings.TRUST_PROXY_HEADERS = True
    statuses = [attempt(person.email, **proxied(STRANGER)) for _n in range(attempts.ATTEMPTS)]
    assert statuses[-1] == 429
    assert is_let_in(person.email, **proxied(OFFICE))


def test_a_forged_header_makes_no_other_client(person: User, settings: Any) -> None:
    settings.TRUST_PROXY_HEADERS = True
    for n in range(attempts.ATTEMPTS):
        attempt(person.email, **proxied(f"192.0.2.{n}, {STRANGER}"))
    assert attempt(person.email, **proxied(f"{OFFICE}, {STRANGER}")) == 429
    # Nor does it lay one's own failures at another's door.
    for _n in range(attempts.ATTEMPTS):
        attempt(person.email, **proxied(f"{OFFICE}, 198.51.100.10"))
    assert is_let_in(person.email, **proxied(OFFICE))


def test_without_a_trusted_proxy_no_header_is_believed(person: User) -> None:
    for n in range(attempts.ATTEMPTS):
        attempt(person.email, address=STRANGER, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}")
    assert attempt(person.email, address=STRANGER, HTTP_X_FORWARDED_FOR="192.0.2.99") == 429


@pytest.mark.parametrize(
    ("trusted", "hops", "header", "expected"),
    [
        (False, 1, "192.0.2.1", "10.0.0.2"),
        (True, 1, "", "10.0.0.2"),
        (True, 1, "192.0.2.1", "192.0.2.1"),
        (True, 1, "192.0.2.1, 192.0.2.2", "192.0.2.2"),
        (True, 2, "192.0.2.1, 192.0.2.2, 10.0.0.1", "192.0.2.2"),
        # It did not pass both proxies, so nothing in it is ours.
        (True, 2, "192.0.2.1", "10.0.0.2"),
        (True, 1, "not an address", "10.0.0.2"),
        (True, 1, "192.0.2.1:5555", "192.0.2.1"),
        (True, 1, "[2001:db8::1]:5555", "2001:db8::1"),
        (True, 1, "2001:DB8:0::1", "2001:db8::1"),
        (True, 1, "::ffff:192.0.2.1", "192.0.2.1"),
        (True, 1, "fe80::1%eth0", "fe80::1"),
    ],
)
def test_whose_machine_it_is(
    settings: Any, trusted: bool, hops: int, header: str, expected: str
) -> None:
    settings.TRUST_PROXY_HEADERS, settings.PROXY_HOPS = trusted, hops
    request = HttpRequest()
    request.META = {"REMOTE_ADDR": "10.0.0.2", "HTTP_X_FORWARDED_FOR": header}
    assert client_ip_or_empty(request) == expected


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("nonsense", ""),
    ],
)
def test_one_ipv6_customer_is_one_client(address: str, network: str) -> None:
    assert client_key_of_ip_or_empty(address) == network


# The rules ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("failures", "minutes"),
    [
        (Failures(), None),
        (Failures(here=7, here_in_an_hour=7, client=39, elsewhere=19), None),
        (Failures(here=8, here_in_an_hour=8, client=8), 15),
        (Failures(client=40), 15),
        (Failures(elsewhere=20), None),
        (Failures(elsewhere=1000, here_in_an_hour=1, here=1), None),
        (Failures(elsewhere=20, here_in_an_hour=2), 60),
        (Failures(browser=7, elsewhere=1000, client=1000), None),
        (Failures(browser=8), 15),
    ],
)
def test_how_long_one_waits(failures: Failures, minutes: int | None) -> None:
    waits = time_to_wait(failures)
    assert (waits and waits.total_seconds() / 60) == minutes


# What is written ---------------------------------------------------------------------------------
def test_the_log_tells_attempts_on_one_account_apart_and_names_nobody(
    person: User, other: User, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger(security_log.NAME)
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        for email in (person.email, person.email, other.email):
            attempt(email, "a-secret-typed-wrongly")
    finally:
        logger.setLevel(logging.CRITICAL)
        logger.removeHandler(caplog.handler)
    lines = [json.loads(r.msg) for r in caplog.records if "sign_in_failed" in str(r.msg)]
    accounts = [line["tried"] for line in lines]
    assert accounts[0] == accounts[1] != accounts[2]
    assert {line["client"] for line in lines} == {sign_in.client_hash(OFFICE)[:12]}
    text = json.dumps([str(r.msg) for r in caplog.records]) + caplog.text
    text += str(list(SignInFailure.objects.values()))
    for secret in (person.email, other.email, OFFICE, "a-secret-typed-wrongly"):
        assert secret not in text


def test_failures_are_kept_for_a_day(person: User, at: dt.datetime) -> None:
    attempt(person.email)
    with time_machine.travel(at + dt.timedelta(days=1, minutes=1), tick=False):
        attempt("nobody@foton.example")
    assert SignInFailure.objects.count() == 1


def test_an_operator_unlocks_an_account_a_client_or_all(person: User, other: User) -> None:
    def say(*arguments: str) -> str:
        out = io.StringIO()
        call_command("unlock_sign_in", *arguments, stdout=out)
        return out.getvalue()

    for email in (person.email, other.email):
        for _n in range(attempts.ATTEMPTS):
            attempt(email)
    message = say("--account", person.email.upper())
    assert "8 failed attempts forgotten" in message
    assert sign_in.account_hash(person.email)[:12] in message
    assert is_let_in(person.email)
    assert not is_let_in(other.email)
    assert "8 failed" in say("--client", OFFICE)
    assert is_let_in(other.email)
    attempt(other.email)
    assert "1 failed" in say("--all")
    for wrong in ([], ["--all", "--account", other.email], ["--client", "nonsense"]):
        with pytest.raises(CommandError):
            say(*wrong)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
def test_nonsense_as_a_name_is_refused_like_any_other(person: User, name: str) -> None:
    assert attempt(name) == 200
    assert is_let_in(person.email)


def test_the_admin_has_no_sign_in_of_its_own(person: User) -> None:
    answer = Client().post(
        "/admin/login/", {"username": person.email, "password": builders.PASSWORD}
    )
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")
    client = Client()
    client.force_login(person)
    assert client.get("/admin/login/").status_code == 403


@pytest.mark.django_db
def test_a_sign_in_makes_no_sort_key(
    world: builders.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a row is sorted and found by needs a large table; the moment of a sign-in is no part."""
    user = world.owner
    user.names = {"zh-hans": "海外负责人"}
    user.save()
    before = user.sort_key_zh

    def unwanted(text: str) -> str:
        raise AssertionError(text)

    with monkeypatch.context() as patch:
        patch.setattr(sorting, "sort_key", unwanted)
        user.last_login = world.at
        user.save(update_fields=["last_login"])
    user.names = {"zh-hans": "电池负责人"}
    user.save(update_fields=["names"])
    user.refresh_from_db()
    assert user.last_login == world.at
    assert user.sort_key_zh != before

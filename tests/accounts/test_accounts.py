"""Accounts, preferences and API tokens."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from riskreg.accounts import queries, services
from riskreg.accounts.models import ApiToken, CalendarFeed, User, check_time_zone
from riskreg.accounts.policy import token_digest
from riskreg.accounts.services.last_use import note_day_of_use
from riskreg.events.models import Event
from riskreg.kernel.errors import Invalid
from tests import builders
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(at: dt.datetime) -> User:
    return builders.user("Owner@Foton.example", at)


def test_people_are_named_by_their_address_in_small_letters(person: User) -> None:
    assert person.email == "owner@foton.example"
    assert User.objects.get_by_natural_key("OWNER@foton.EXAMPLE") == person
    assert person.check_password(builders.PASSWORD)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=builders.user("b@foton.example").pk).update(
            email="OWNER@FOTON.EXAMPLE"
        )


@pytest.mark.parametrize(
    "change, field",
    [
        ({"email": "OWNER@foton.example"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a\0@b.example"}, "email"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"language": "xx"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
    ],
)
def test_a_bad_account_is_refused_by_field(
    person: User, at: dt.datetime, change: dict[str, str], field: str
) -> None:
    given = {"email": "new@foton.example", "name": "Somebody", "password": "x", **change}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.create_user(at=at, **given)
    assert set(refused.value.fields) == {field}


def test_an_account_that_is_made_is_logged_without_its_name(person: User) -> None:
    event = Event.objects.get(verb="user.created")
    assert event.chain.key == "system"
    assert (event.actor, event.subject_uuid) == (person.uuid, person.uuid)
    assert "foton" not in event.changes


def test_preferences(person: User, at: dt.datetime) -> None:
    before = Event.objects.count()
    services.set_preferences(user=person, language="zh-hans", time_zone="Asia/Shanghai", at=at)
    services.set_preferences(user=person, language="zh-hans", time_zone="Asia/Shanghai", at=at)
    person.refresh_from_db()
    assert (person.language, person.time_zone) == ("zh-hans", "Asia/Shanghai")
    assert Event.objects.count() == before + 1
    for language, zone in (("fr", "UTC"), ("en", "Nowhere"), ("en", "")):
        with nothing_changes(), pytest.raises(Invalid):
            services.set_preferences(user=person, language=language, time_zone=zone, at=at)


def test_how_one_is_reached_is_a_preference(at: dt.datetime) -> None:
    person = services.create_user(
        email="new@foton.example", name="New", password=builders.PASSWORD, at=at
    )
    assert (person.digest_hour, person.working_days) == (7, [1, 2, 3, 4, 5])
    assert (person.holiday_calendar, person.digest_by_mail) == ("", True)
    services.set_preferences(
        user=person, digest_hour=0, working_days=[7, 2, 2], holiday_calendar="CN",
        digest_by_mail=False, at=at,
    )  # fmt: skip
    person.refresh_from_db()
    assert (person.digest_hour, person.working_days) == (0, [2, 7])
    assert (person.holiday_calendar, person.digest_by_mail) == ("CN", False)
    assert person.language == "en"
    event = Event.objects.latest("pk")
    assert json.loads(event.changes)["working_days"] == [[1, 2, 3, 4, 5], [2, 7]]


def test_a_holiday_calendar_that_went_away_may_stay_but_is_not_chosen_anew(
    person: User, at: dt.datetime
) -> None:
    User.objects.filter(pk=person.pk).update(holiday_calendar="XX")
    person.refresh_from_db()
    services.set_preferences(user=person, digest_hour=9, holiday_calendar="XX", at=at)
    person.refresh_from_db()
    assert (person.digest_hour, person.holiday_calendar) == (9, "XX")
    with nothing_changes(), pytest.raises(Invalid):
        services.set_preferences(user=person, holiday_calendar="YY", at=at)
    services.set_preferences(user=person, holiday_calendar="CN", at=at)
    person.refresh_from_db()
    with nothing_changes(), pytest.raises(Invalid):
        services.set_preferences(user=person, holiday_calendar="XX", at=at)


@pytest.mark.parametrize(
    "field, value",
    [
        ("digest_hour", 24), ("digest_hour", -1), ("digest_hour", "7"), ("digest_hour", True),
        ("digest_hour", None), ("working_days", []), ("working_days", [0]), ("working_days", [8]),
        ("working_days", "12345"), ("working_days", [True]), ("working_days", None),
        ("working_days", [[1]]), ("holiday_calendar", "XX"), ("holiday_calendar", None),
        ("holiday_calendar", {}), ("digest_by_mail", "yes"), ("digest_by_mail", None),
        ("email", "b@foton.example"), ("is_staff", True),
    ],
)  # fmt: skip
def test_a_bad_preference_is_refused_by_field(
    person: User, at: dt.datetime, field: str, value: Any
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.set_preferences(user=person, at=at, language="zh-hans", **{field: value})
    assert set(refused.value.fields) == {field}


def test_a_calendar_address_is_kept_only_as_its_hash(person: User, at: dt.datetime) -> None:
    secret = services.replace_calendar_secret(user=person, at=at)
    assert len(secret) > 40
    row = CalendarFeed.objects.get()
    assert secret not in str(CalendarFeed.objects.values().get())
    assert all(secret not in e.changes for e in Event.objects.all())
    assert queries.live_feed_of_secret(secret) == row
    assert queries.live_feed_of_user(person) == row
    for other in ("", "\ud800", "a\0b", secret + "x", row.digest):
        assert queries.live_feed_of_secret(other) is None


def test_a_new_calendar_address_ends_the_old_one(person: User, at: dt.datetime) -> None:
    first, second = (services.replace_calendar_secret(user=person, at=at) for _n in range(2))
    assert queries.live_feed_of_secret(first) is None
    assert queries.live_feed_of_secret(second) is not None
    services.revoke_calendar_feed(user=person, at=at)
    services.revoke_calendar_feed(user=person, at=at)
    assert queries.live_feed_of_secret(second) is None
    assert queries.live_feed_of_user(person) is None
    assert Event.objects.filter(verb="calendar.revoked").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        CalendarFeed.objects.update(revoked_at=None)


def test_the_calendar_of_who_is_not_active_is_shut(person: User, at: dt.datetime) -> None:
    secret = services.replace_calendar_secret(user=person, at=at)
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert queries.live_feed_of_secret(secret) is None


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_zones_that_are(zone: str) -> None:
    assert check_time_zone(zone) is None


def test_zones_that_are_not() -> None:
    with pytest.raises(ValidationError):
        check_time_zone("Mars/Olympus")


def test_a_token_is_kept_only_as_its_hash(person: User, at: dt.datetime) -> None:
    row, token = services.create_token(user=person, scope="write", days=90, at=at)
    assert token.startswith("rr_")
    assert len(token) > 40
    assert token not in str(ApiToken.objects.values().get())
    assert row.digest == token_digest(token)
    assert row.expires_at == at + dt.timedelta(days=90)
    assert all(token[4:] not in e.changes for e in Event.objects.all())
    assert services.create_token(user=person, scope="read", days=1, at=at)[1] != token


def test_only_a_live_token_of_an_active_account_opens(person: User, at: dt.datetime) -> None:
    row, token = services.create_token(user=person, scope="read", days=1, at=at)
    day = dt.timedelta(days=1)
    assert queries.live_token_or_none(token, at) == row
    assert queries.live_token_or_none(token, at + day - dt.timedelta(seconds=1)) == row
    assert queries.live_token_or_none(token, at + day) is None
    assert queries.live_token_or_none(token + "x", at) is None
    assert queries.live_token_or_none("", at) is None
    assert queries.live_token_or_none("\ud800", at) is None
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert queries.live_token_or_none(token, at) is None
    User.objects.filter(pk=person.pk).update(is_active=True)
    services.revoke_token(token=row, at=at)
    assert queries.live_token_or_none(token, at) is None


def test_revoking_twice_is_no_error_and_one_event(person: User, at: dt.datetime) -> None:
    row, _token = services.create_token(user=person, scope="read", days=1, at=at)
    services.revoke_token(token=row, at=at)
    services.revoke_token(token=row, at=at + dt.timedelta(hours=1))
    row.refresh_from_db()
    assert row.revoked_at == at
    assert Event.objects.filter(verb="token.revoked").count() == 1


@pytest.mark.parametrize(
    "scope, days, fields",
    [
        ("admin", 5, {"scope"}),
        ("read", 0, {"days"}),
        ("read", 367, {"days"}),
        ("", -1, {"scope", "days"}),
    ],
)
def test_bad_tokens_are_refused(
    person: User, at: dt.datetime, scope: str, days: int, fields: set[str]
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.create_token(user=person, scope=scope, days=days, at=at)
    assert set(refused.value.fields) == fields


def test_the_day_of_use_is_written_once_a_day(person: User, at: dt.datetime) -> None:
    row, _token = services.create_token(user=person, scope="read", days=9, at=at)
    note_day_of_use(row, at.date())
    row.refresh_from_db()
    assert row.last_used_on == at.date()


def test_people_find_their_own_tokens_only(person: User, at: dt.datetime) -> None:
    other = builders.user("other@catl.example", at)
    row, _token = services.create_token(user=person, scope="read", days=9, at=at)
    assert queries.own_token(person, row.uuid) == row
    assert queries.own_token(other, row.uuid) is None
    assert queries.live_and_ended_tokens_of(person) == [row]
    assert queries.live_and_ended_tokens_of(other) == []
    assert queries.users_by_uuid([person.uuid]) == {person.uuid: person}


def test_the_command_prints_a_token_that_works(person: User, at: dt.datetime) -> None:
    out = io.StringIO()
    call_command(
        "create_token", "--user", person.email, "--scope", "write", "--days", "90", stdout=out
    )
    row = queries.live_token_or_none(out.getvalue().strip(), at)
    assert row is not None
    assert (row.user, row.scope) == (person, "write")
    assert row.expires_at == at + dt.timedelta(days=90)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--user", "nobody@foton.example"], "there is no active account"),
        (["--user", "owner@foton.example", "--scope", "root"], "--scope"),
        (["--user", "owner@foton.example", "--days", "0"], "--days"),
    ],
)
def test_the_command_refuses_by_argument(person: User, arguments: list[str], said: str) -> None:
    with nothing_changes(), pytest.raises(CommandError, match=said):
        call_command("create_token", *arguments, stdout=io.StringIO())

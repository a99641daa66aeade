"""No door beside the services: what changes an account is logged, and its owner is told."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client

from riskreg.accounts import services
from riskreg.accounts.models import User
from riskreg.accounts.services import administration
from riskreg.events.models import Event
from riskreg.events.personal import personal_values_in_changes
from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.notify.models import Delivery, Message
from riskreg.register.models import Membership
from tests import builders
from tests.dump import nothing_changes

NEW = "moved@foton.example"


@pytest.fixture
def boss(db: None, at: dt.datetime) -> User:
    return administration.create_administrator(
        email="boss@foton.example", name="Boss", password=builders.PASSWORD, at=at
    )


@pytest.fixture
def person(boss: User, at: dt.datetime) -> User:
    row = builders.user("owner@foton.example", at, language="zh-hans")
    Message.objects.all().delete()
    return row


@pytest.fixture
def desk(boss: User) -> Client:
    """The admin, with the administrator before it."""
    client = Client()
    client.force_login(boss)
    return client


def change(desk: Client, person: User, **values: Any) -> Any:
    form = {
        "email": person.email, "name": person.name, "language": person.language,
        "time_zone": person.time_zone,
        **{name: "on" for name in ("is_active", "is_staff", "is_superuser")
           if getattr(person, name)},
    }  # fmt: skip
    form.update({name: value for name, value in values.items() if value is not None})
    for name in [name for name, value in values.items() if value is None]:
        form.pop(name, None)
    return desk.post(f"/admin/accounts/user/{person.pk}/change/", form)


def latest(verb: str) -> tuple[Event, dict[str, Any]]:
    event = Event.objects.filter(verb=verb).latest("pk")
    return event, json.loads(event.changes)


def beside(text: str) -> str:
    """What stands beside the event that holds ``text``."""
    return personal_values_in_changes(text)[text]


def test_a_new_address_is_logged_and_told_at_the_old_one(
    desk: Client, boss: User, person: User
) -> None:
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    assert change(desk, person, email=NEW.upper()).status_code == 302
    before = person.email
    person.refresh_from_db()
    assert person.email == NEW
    event, changes = latest("user.address_changed")
    assert (event.chain.key, event.actor, event.subject_uuid) == ("system", boss.uuid, person.uuid)
    assert [beside(text) for text in changes["email"]] == [before, NEW]
    assert NEW not in event.changes
    message = Message.objects.get()
    assert (message.address, message.recipient, message.language) == (
        before, person.uuid, "zh-hans",
    )  # fmt: skip
    assert NEW in message.text
    assert Delivery.objects.filter(message=message, channel="mail", state="pending").exists()
    # The old address opens nothing any more.
    assert not EmailAddress.objects.exists()
    entered = Client().post("/accounts/login/", {"login": before, "password": builders.PASSWORD})
    assert entered.status_code == 200


@pytest.mark.parametrize(
    ("values", "verb", "changes"),
    [
        ({"is_active": None}, "user.activity_changed", {"is_active": [True, False]}),
        ({"is_superuser": "on"}, "user.access_changed", {"is_superuser": [False, True]}),
        (
            {"is_staff": "on", "is_superuser": "on"},
            "user.access_changed",
            {"is_staff": [False, True], "is_superuser": [False, True]},
        ),
    ],
)
def test_a_change_of_access_is_logged_and_told(
    desk: Client, boss: User, person: User, values: Any, verb: str, changes: Any
) -> None:
    assert change(desk, person, **values).status_code == 302
    event, logged = latest(verb)
    assert (event.actor, logged) == (boss.uuid, changes)
    assert Message.objects.get().address == person.email


def test_a_name_and_a_language_are_logged_and_nobody_is_told(
    desk: Client, boss: User, person: User
) -> None:
    assert change(desk, person, name="New Name", language="en").status_code == 302
    assert list(map(beside, latest("user.renamed")[1]["name"])) == [person.name, "New Name"]
    event, changes = latest("user.preferences_set")
    assert (event.actor, changes) == (boss.uuid, {"language": ["zh-hans", "en"]})
    assert not Message.objects.exists()


def test_saving_without_a_change_changes_nothing(desk: Client, person: User) -> None:
    events = Event.objects.count()
    assert change(desk, person).status_code == 302
    assert (Event.objects.count(), Message.objects.count()) == (events, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"email": "boss@foton.example"}, "There is an account with this e-mail address already."),
        ({"email": "BOSS@foton.example"}, "There is an account with this e-mail address already."),
        ({"email": "nonsense"}, "valid email address"),
        ({"name": "a\u202eb"}, ""),
    ],
)
def test_what_the_service_refuses_is_said_beside_the_field(
    desk: Client, person: User, values: dict[str, str], said: str
) -> None:
    events = Event.objects.count()
    answer = change(desk, person, **values)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert 'class="errorlist"' in answer.content.decode()
    person.refresh_from_db()
    assert (person.email, person.name) == ("owner@foton.example", "Owner")
    assert Event.objects.count() == events


def test_the_last_administrator_cannot_be_taken_away(
    desk: Client, boss: User, person: User, at: dt.datetime
) -> None:
    for values in ({"is_superuser": None}, {"is_active": None}):
        answer = change(desk, boss, **values)
        assert "last active administrator" in answer.content.decode()
    administration.change_account(user=person, at=at, actor=boss, is_superuser=True)
    assert change(desk, boss, is_superuser=None).status_code == 302


def test_an_account_made_in_the_admin_is_made_by_the_service(desk: Client, boss: User) -> None:
    form = {
        "email": NEW.upper(), "name": "Moved", "usable_password": "true",
        "password1": builders.PASSWORD, "password2": builders.PASSWORD,
    }  # fmt: skip
    answer = desk.post("/admin/accounts/user/add/", form)
    assert answer.status_code == 302, answer.content.decode()
    user = User.objects.get(email=NEW)
    assert user.check_password(builders.PASSWORD)
    assert answer["Location"] == f"/admin/accounts/user/{user.pk}/change/"
    event = Event.objects.get(verb="user.created", subject_uuid=user.uuid)
    assert event.actor == boss.uuid


def test_a_password_set_in_the_admin_is_logged_and_told(
    desk: Client, boss: User, person: User
) -> None:
    page = f"/admin/accounts/user/{person.pk}/password/"
    new = "another-illustrative-one"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    assert desk.post(page, form).status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)
    assert latest("user.password_set")[0].actor == boss.uuid
    assert Message.objects.get().address == person.email
    assert new not in Message.objects.get().text


def test_a_password_of_ones_own_is_logged(person: User) -> None:
    client = Client()
    client.force_login(person)
    form = {
        "oldpassword": builders.PASSWORD, "password1": "another-illustrative-one",
        "password2": "another-illustrative-one",
    }  # fmt: skip
    assert client.post("/accounts/password/change/", form).status_code == 302
    assert latest("user.password_set")[0].actor == person.uuid
    # Whoever changed it stays signed in.
    assert client.get("/preferences/").status_code == 200


def test_only_an_administrator_changes_accounts(boss: User, person: User, at: dt.datetime) -> None:
    clerk = builders.user("clerk@foton.example", at)
    administration.change_account(user=clerk, at=at, actor=boss, is_staff=True)
    clerk.refresh_from_db()
    for actor in (clerk, person):
        with nothing_changes(), pytest.raises(Forbidden):
            administration.change_account(user=person, at=at, actor=actor, is_superuser=True)
    client = Client()
    client.force_login(clerk)
    assert client.get(f"/admin/accounts/user/{person.pk}/change/").status_code == 403
    assert change(client, person, email=NEW).status_code == 403


@pytest.mark.parametrize("field", ["password", "uuid", "digest_hour", "nonsense"])
def test_other_fields_are_refused(boss: User, person: User, at: dt.datetime, field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        administration.change_account(user=person, at=at, actor=boss, **{field: "x"})
    assert set(refused.value.fields) == {field}


def test_the_admin_offers_no_way_around_the_services(desk: Client, person: User) -> None:
    models = {model._meta.label for model in admin.site._registry}
    assert models == {"accounts.User", "accounts.ApiToken", "register.Membership"}
    page = desk.get(f"/admin/accounts/user/{person.pk}/change/").content.decode()
    for name in ("groups", "user_permissions"):
        assert f'name="{name}"' not in page
    delete = f"/admin/accounts/user/{person.pk}/delete/"
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    act = {"action": "delete_selected", "_selected_action": person.pk, "post": "yes"}
    desk.post("/admin/accounts/user/", act)
    assert User.objects.filter(pk=person.pk).exists()
    _row, _token = services.create_token(user=person, scope="read", days=1, at=person.created_at)
    assert desk.post(f"/admin/accounts/apitoken/{_row.pk}/change/", {}).status_code == 403


def test_a_superuser_made_by_command_is_logged(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", builders.PASSWORD)
    out = io.StringIO()
    call_command("createsuperuser", "--noinput", "--email", NEW, "--name", "New", stdout=out)
    user = User.objects.get(email=NEW)
    assert user.is_superuser
    assert user.is_staff
    assert user.check_password(builders.PASSWORD)
    event, changes = latest("user.access_changed")
    assert event.actor is None
    assert changes["is_superuser"] == [False, True]
    with pytest.raises(CommandError, match="already"):
        call_command("createsuperuser", "--noinput", "--email", NEW, "--name", "New", stdout=out)
    with pytest.raises(CommandError, match="--name"):
        call_command("createsuperuser", "--noinput", "--email", "b@foton.example", stdout=out)


def test_a_password_set_by_command_is_logged_and_told(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["short", "short", *["another-illustrative-one"] * 2])
    monkeypatch.setattr("getpass.getpass", lambda prompt="": next(answers))
    call_command("changepassword", person.email, stdout=io.StringIO(), stderr=io.StringIO())
    person.refresh_from_db()
    assert person.check_password("another-illustrative-one")
    assert latest("user.password_set")[0].actor is None
    assert Message.objects.get().address == person.email


def test_an_administrator_page_is_shut_for_staff_who_are_none(boss: User, at: dt.datetime) -> None:
    clerk = builders.user("clerk@foton.example", at)
    administration.change_account(user=clerk, at=at, actor=boss, is_staff=True)
    client = Client()
    client.force_login(clerk)
    page = f"/admin/accounts/user/{boss.pk}/password/"
    new = "another-illustrative-one"
    form = {"password1": new, "password2": new, "usable_password": "true"}
    assert client.post(page, form).status_code == 403
    assert client.get("/admin/accounts/user/add/").status_code == 403


def test_memberships_are_read_in_the_admin_and_written_nowhere_there(desk: Client) -> None:
    world = builders.build_world()
    row = Membership.objects.get(register=world.register, user=world.owner)
    listed = desk.get("/admin/register/membership/?q=owner")
    assert listed.status_code == 200
    assert str(world.owner) in listed.content.decode()
    one = f"/admin/register/membership/{row.pk}/change/"
    assert desk.get(one).status_code == 200
    with nothing_changes():
        for act in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
            address = f"/admin/register/membership/{act}"
            assert desk.post(address, {"role": "manager", "post": "yes"}).status_code == 403

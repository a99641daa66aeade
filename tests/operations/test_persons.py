"""Of a person who has left nothing is found any more, and every chain is as whole as it was."""

import datetime as dt
import io
import json
import resource
import stat
import uuid
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client

from riskreg.accounts.models import ApiToken, User
from riskreg.accounts.services import create_token
from riskreg.accounts.services.administration import change_account
from riskreg.events.models import Event, PersonalValue
from riskreg.events.personal import personal_values_in_changes
from riskreg.events.queries import all_chains, first_fault_in
from riskreg.events.services import store_personal_value
from riskreg.notify.models import Delivery, Message
from riskreg.operations.rows import all_tables, column_names
from riskreg.operations.services.backing_up import make_backup
from riskreg.operations.services.restoring import restore
from riskreg.register.models import Invitation
from riskreg.register.services.members import end_membership
from tests import builders
from tests.builders import World
from tests.dump import dump

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = (
    "Ouyang Qianru",
    "欧阳倩茹",
    "ouyang@foton.example",
    "Ouyang Before",
    "before@foton.example",
)


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def held() -> list[str]:
    """Where one of ``WORDS`` stands, in any column of any table."""
    found = []
    for model in all_tables():
        for row in model._base_manager.order_by("pk").values_list(*column_names(model)):
            text = json.dumps([str(value) for value in row], ensure_ascii=False).lower()
            found += [model._meta.label for word in WORDS if word.lower() in text]
    return found


@pytest.fixture
def person(world: World, at: dt.datetime) -> User:
    """Somebody who has reviewed, signed in, been written to and been renamed."""
    user: User = world.deputy
    user.name, user.email, user.names = WORDS[3], WORDS[4], {"zh-hans": WORDS[1]}
    user.save()
    change_account(user=user, at=at, actor=None, name=WORDS[0], email=WORDS[2])
    user.refresh_from_db()
    row = builders.risk(world, owner=user)
    builders.review(world, row, by=user)
    create_token(user=user, scope="read", days=9, at=at, name="Ouyang Qianru's script")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Client().post("/accounts/login/", {"login": user.email, "password": builders.PASSWORD})
    message = Message.objects.create(
        key="k", kind="digest", recipient=user.uuid, address=user.email, language="en",
        local_day=at.date(), subject="For Ouyang Qianru", text="Ouyang Qianru", message_id="k",
        created_at=at,
    )  # fmt: skip
    Delivery.objects.create(
        message=message, channel="mail", destination="d", state="pending", allowed_attempts=1,
        next_attempt_at=at, created_at=at,
    )  # fmt: skip
    return user


def leave(world: World, user: User, at: dt.datetime) -> None:
    end_membership(register=world.register, user=user, at=at, by=world.manager)


def whole() -> bool:
    return all(first_fault_in(chain) is None for chain in all_chains())


def test_nothing_is_found_of_who_was_forgotten_and_chains_are_whole(
    world: World, person: User, at: dt.datetime
) -> None:
    leave(world, person, at)
    assert held()
    assert Session.objects.count() == 1
    heads = [(chain.key, chain.seq, chain.head) for chain in all_chains()]
    assert "Former member 1" in run("forget_person", "OUYANG@foton.example")
    assert held() == []
    assert whole()
    # What had been written stands as it was: the chain has grown, and nothing else.
    for key, seq, head in heads:
        assert Event.objects.get(chain__key=key, seq=seq).hash == head
    person.refresh_from_db()
    assert (person.is_active, person.has_usable_password()) == (False, False)
    assert not Session.objects.exists()
    assert not ApiToken.objects.filter(user=person, revoked_at=None).exists()
    assert Delivery.objects.get(message__key="k").state == "dropped"
    page = builders.web(world.owner).get(f"/r/{world.register.slug}/risks/R-001/").content.decode()
    assert "Former member 1" in page
    # Twice is as once, and the next one has another number.
    again = run("forget_person", person.email, "--json")
    assert json.loads(again)["name"] == "Former member 1"
    assert Event.objects.filter(verb="user.forgotten").count() == 1
    leave(world, world.onlooker, at)
    assert "Former member 2" in run("forget_person", world.onlooker.email)


def test_a_dry_run_says_the_same_and_changes_nothing(
    world: World, person: User, at: dt.datetime
) -> None:
    leave(world, person, at)
    before = dump()
    dry = json.loads(run("forget_person", person.email, "--dry-run", "--json"))
    assert dump() == before
    done = json.loads(run("forget_person", person.email, "--json"))
    assert {**dry, "dry_run": False} == done
    assert (done["sessions"], done["values"]) == (1, 4)
    assert done["messages"] >= 1


def test_what_is_in_the_way_is_said_and_nothing_is_done(
    world: World, person: User, at: dt.datetime
) -> None:
    before = dump()
    with pytest.raises(CommandError, match=f"member of {world.register.slug}"):
        run("forget_person", person.email)
    assert dump() == before
    leave(world, person, at)
    Invitation.objects.create(
        register=world.register, party=world.foton, role="viewer", email=person.email,
        language="en", invited_by=world.manager, expires_at=at + dt.timedelta(days=1),
        created_at=at,
    )  # fmt: skip
    with pytest.raises(CommandError, match="An invitation to this address"):
        run("forget_person", person.email)
    Invitation.objects.update(revoked_at=at)
    run("forget_person", person.email)
    assert held() == []
    with pytest.raises(CommandError, match="Nobody has an account"):
        run("forget_person", "nobody@foton.example")


def test_who_was_invited_and_never_came_is_forgotten_too(world: World, at: dt.datetime) -> None:
    bound = {"register": world.register, "role": "viewer", "language": "en",
             "invited_by": world.manager, "created_at": at}  # fmt: skip
    over = {"expires_at": at - dt.timedelta(days=1), "email": "never@foton.example"}
    Invitation.objects.create(party=world.foton, **bound, **over)
    waiting = Invitation.objects.create(
        party=None, **{**bound, **over, "expires_at": at + dt.timedelta(days=1)}
    )
    with pytest.raises(CommandError, match="An invitation to this address"):
        run("forget_person", "never@foton.example")
    waiting.revoked_at = at
    waiting.save()
    assert "invitations: 2" in run("forget_person", "never@foton.example", "--dry-run")
    assert "invitations: 2" in run("forget_person", "Never@foton.example")
    assert not Invitation.objects.filter(email__contains="never").exists()
    with pytest.raises(CommandError, match="nor was invited"):
        run("forget_person", "never@foton.example")


def test_the_last_administrator_is_not_forgotten(world: World) -> None:
    User.objects.update(is_superuser=False)
    User.objects.filter(pk=world.outsider.pk).update(is_superuser=True)
    with pytest.raises(CommandError, match="last active administrator"):
        run("forget_person", world.outsider.email)


def test_who_was_forgotten_does_not_come_back_with_a_backup(
    world: World, person: User, at: dt.datetime, tmp_path: Path
) -> None:
    leave(world, person, at)
    make_backup(tmp_path / "before", at)
    run("forget_person", person.email)
    restore(tmp_path / "before", at, replace=True)
    assert held() == []
    assert whole()


def test_what_is_held_of_a_person_can_be_given_to_them(
    world: World, person: User, tmp_path: Path
) -> None:
    file = tmp_path / "person.json"
    run("export_person", person.email, str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    body = json.loads(file.read_text())
    assert body["account"]["email"] == person.email
    assert body["memberships"][0]["register__slug"] == world.register.slug
    assert body["messages"][-1]["text"] == "Ouyang Qianru"
    assert set(body["earlier_names_and_addresses"]) == {WORDS[0], *WORDS[2:]}
    assert "Ouyang Before" in json.dumps(body["events_about_the_account"])
    assert body["tokens"][0]["name"].endswith("script")
    assert body["named_by"]["risks.Risk.owner"] == ["R-001"]
    assert "reviews.Review.reviewer" in body["named_by"]
    secrets = (person.password, ApiToken.objects.get(user=person).digest)
    assert [secret for secret in secrets if secret in file.read_text()] == []
    with pytest.raises(CommandError, match="File exists"):
        run("export_person", person.email, str(file))
    assert json.loads(run("export_person", person.email))["account"] == body["account"]
    # Half of it, where the disk is full, would pass for all of it.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    half = file.with_name("half.json")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(CommandError, match=r"half\.json: "):
            call_command("export_person", person.email, str(half))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not half.exists()


def test_a_value_beside_an_event_is_believed_only_as_it_was_written() -> None:
    named = store_personal_value(uuid.uuid4(), "wang@foton.example")
    assert "wang" not in named
    assert personal_values_in_changes(json.dumps(["", named])) == {named: "wang@foton.example"}
    PersonalValue.objects.update(value="li@foton.example")
    assert personal_values_in_changes(named) == {}
    # Equal values are not seen to be equal.
    assert len({store_personal_value(uuid.uuid4(), "same") for _ in range(2)}) == 2

"""From an empty system to an own register with people in it, page by page."""

import re
from typing import Any

import pytest
from django.test import Client

from riskreg.accounts.models import User
from riskreg.register import services
from riskreg.register.models import Invitation, Register
from riskreg.register.people import invitation_token
from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Battery swap pilot", "name_zh": "换电试点", "slug": "", "currency": "cny",
    "time_zone": "Asia/Shanghai", "languages": ["en", "zh-hans"], "party": "BAIC Foton",
}  # fmt: skip


def text(response: Any) -> str:
    return response.content.decode()


@pytest.fixture
def boss(db: None) -> User:
    user = builders.user("boss@example.com")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    user.refresh_from_db()
    return user


def test_who_may_make_registers_is_led_to_it_and_others_are_told_whom_to_ask(boss: User) -> None:
    assert "/registers/new/" in text(builders.web(boss).get("/"))
    other = builders.web(builders.user("other@example.com"))
    assert "/registers/new/" not in text(other.get("/"))
    with nothing_changes():
        assert other.get("/registers/new/").status_code == 403
        assert other.post("/registers/new/", FORM).status_code == 403
        assert Client().post("/registers/new/", FORM).status_code == 302


def test_a_register_is_set_up_step_by_step_left_and_resumed(boss: User) -> None:
    client = builders.web(boss)
    made = client.post("/registers/new/", FORM)
    register = Register.objects.get()
    assert register.slug == "battery-swap-pilot"
    assert (register.currency, register.names["zh-hans"]) == ("CNY", "换电试点")
    here = f"/r/{register.slug}/setup/"
    assert made["Location"] == here
    assert client.get(here)["Location"] == here + "parties/"
    # Left: My work leads back.
    assert here in text(client.get(f"/r/{register.slug}/work/"))
    added = client.post(here + "parties/", {"name": "CATL"})
    assert added["Location"] == here + "parties/", "one can add another"
    assert [p.prefix for p in register.parties.order_by("pk")] == ["B", "C"]
    with nothing_changes():
        twice = client.post(here + "parties/", {"name": "Third", "letters": "C"})
    assert twice.status_code == 400
    assert client.post(here + "parties/", {"act": "on"})["Location"] == here + "scale/"
    assert "Very likely" in text(client.get(here + "scale/"))
    done = client.post(here + "scale/", {"template": "4x4"})
    assert done["Location"] == here + "classification/"
    register.refresh_from_db()
    assert register.criteria is not None
    assert len(register.criteria.likelihood) == 4
    done = client.post(here + "classification/", {"template": "it"})
    assert done["Location"] == here + "people/"
    assert register.taxonomies.count() == 3
    page = text(client.get(here + "people/"))
    assert "CATL" in page
    person = {"email": "them@example.com", "party": "catl", "language": "en"}
    with nothing_changes():
        refused = client.post(here + "people/", {**person, "role": "owner"})
    assert refused.status_code == 400
    assert "first manager" in text(refused)
    client.post(here + "people/", {**person, "role": "manager"})
    assert Invitation.objects.get().party == register.parties.get(key="catl")
    assert client.post(here + "people/", {"act": "on"})["Location"] == here + "risk/"
    last = client.post(here + "risk/", {"act": "on"})
    assert last["Location"] == f"/r/{register.slug}/risks/new/"
    register.refresh_from_db()
    assert register.setup_steps == []
    after = text(client.get(f"/r/{register.slug}/work/"))
    assert here not in after
    assert "/registers/new/" in after, "the way to another one"
    assert client.get(here).status_code == 200
    with nothing_changes():
        assert client.post(here + "parties/", {"name": "Fourth"}).status_code == 403


def test_two_parties_with_three_members_and_an_open_risk(boss: User) -> None:
    """The whole way, and the other party's manager goes it with the link in the mail."""
    client = builders.web(boss)
    client.post("/registers/new/", FORM)
    here = "/r/battery-swap-pilot/"
    client.post(here + "setup/parties/", {"name": "CATL"})
    for person in (
        {"email": "them@example.com", "party": "catl", "role": "manager"},
        {"email": "us@example.com", "party": "baic-foton", "role": "owner"},
    ):
        client.post(here + "members/invite/", {**person, "language": "zh-hans"})
    for row in Invitation.objects.order_by("pk"):
        joiner = Client()
        account = {
            "name": row.email, "password": "four words are enough", "language": "en",
            "again": "four words are enough", "time_zone": "UTC", "digest_hour": "7",
        }  # fmt: skip
        joined = joiner.post(f"/join/{invitation_token(row)}/", account)
        assert joiner.get(joined["Location"]).status_code == 200
    assert Register.objects.get().memberships.count() == 3
    owner = User.objects.get(email="us@example.com")
    risk = {
        "title": "Swap stations wait for grid connections", "cause": "c", "event": "e",
        "consequence": "q", "kind": "threat", "owner": str(owner.uuid), "visibility": "shared",
        "sources-TOTAL_FORMS": "0", "sources-INITIAL_FORMS": "0",
    }  # fmt: skip
    written = client.post(here + "risks/new/", risk)
    assert written.status_code == 302, re.findall("(?s)error-summary.*?</div>", text(written))
    assert Risk.objects.get().ref == "R-001"


def test_another_register_starts_like_the_first(boss: User) -> None:
    client = builders.web(boss)
    assert 'name="copy_of"' not in text(client.get("/registers/new/"))
    client.post("/registers/new/", FORM)
    assert 'name="copy_of"' in text(client.get("/registers/new/"))
    more = {**FORM, "name": "Second", "copy_of": "battery-swap-pilot"}
    client.post("/registers/new/", more)
    assert Register.objects.get(slug="second").setup_steps == ["parties", "people", "risk"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "admin"}, "kept for the system"),
        ({"slug": "Two Words"}, "lower-case letters"),
        ({"currency": "yu"}, "three-letter"),
        ({"name": "", "name_zh": ""}, "name is needed"),
        ({"party": ""}, "required"),
        ({"party": "a\0b"}, "party"),
        ({"languages": []}, "required"),
    ],
)
def test_a_register_that_cannot_be_says_why_and_keeps_what_was_typed(
    boss: User, change: dict[str, Any], said: str
) -> None:
    with nothing_changes():
        response = builders.web(boss).post("/registers/new/", {**FORM, **change})
    assert response.status_code == 400
    assert said in text(response)
    assert "Asia/Shanghai" in text(response)


def test_a_taken_slug_is_refused_with_the_way_out(boss: User) -> None:
    client = builders.web(boss)
    client.post("/registers/new/", FORM)
    with nothing_changes():
        again = client.post("/registers/new/", {**FORM, "party": "Other"})
    assert "choose another" in text(again)


@pytest.mark.parametrize("who", ["manager", "owner", "auditor", "partner_manager"])
def test_the_set_up_is_the_makers(world: World, who: str) -> None:
    """The world's maker is the founder, who is no member."""
    client = builders.web(getattr(world, who))
    with nothing_changes():
        for path in ("setup/", "setup/scale/", "setup/nonsense/"):
            assert client.get(f"/r/{builders.SLUG}/{path}").status_code == 403
        assert (
            client.post(f"/r/{builders.SLUG}/setup/scale/", {"template": "3x3"}).status_code == 403
        )


def test_a_step_that_is_not_there(boss: User) -> None:
    client = builders.web(boss)
    client.post("/registers/new/", FORM)
    here = "/r/battery-swap-pilot/setup/nonsense/"
    assert client.get(here).status_code == 404
    assert client.post(here, {"act": "on"}).status_code == 404


def test_the_scale_can_be_kept(boss: User) -> None:
    viewer = services.found_register(
        by=boss, slug="ours", names="Ours", parties=[{"key": "a", "names": "A"}], acts_for="a",
        currency="EUR", time_zone="UTC", at=builders.AT, scale="3x3", steps=["scale"],
    )  # fmt: skip
    client = builders.web(boss)
    done = client.post("/r/ours/setup/scale/", {"template": "3x3"})
    assert done["Location"] == "/r/ours/setup/"
    viewer.register.refresh_from_db()
    assert viewer.register.criteria_versions.count() == 1

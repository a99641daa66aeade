"""The page that an invitation's link leads to, for everybody who may open it."""

from typing import Any

import pytest
from django.test import Client

from riskreg.accounts.models import User
from riskreg.register import services
from riskreg.register.access import present_memberships_of
from riskreg.register.models import Invitation
from riskreg.register.people import invitation_token
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
FORM = {
    "name": "The joiner", "password": "four words are enough", "again": "four words are enough",
    "language": "zh-hans", "time_zone": "Asia/Shanghai", "digest_hour": "8",
}  # fmt: skip


@pytest.fixture
def path(world: World) -> str:
    row = services.invite(
        actor=world.viewer("manager"), email="new@example.com", role="owner", party="foton",
        language="zh-hans", at=world.at,
    )  # fmt: skip
    return f"/join/{invitation_token(row)}/"


def text(response: Any) -> str:
    return response.content.decode()


def test_somebody_without_an_account_makes_one_and_is_in(world: World, path: str) -> None:
    client = Client()
    page = client.get(path)
    assert page.status_code == 200
    assert 'name="password"' in text(page)
    assert "电动化合作项目" in text(page), "in the language of the invitation"
    with nothing_changes():
        refused = client.post(path, {**FORM, "again": "something else here"})
    assert refused.status_code == 400
    assert FORM["password"] not in text(refused)
    done = client.post(path, FORM)
    assert (done.status_code, done["Location"]) == (302, f"/r/{builders.SLUG}/work/")
    assert client.get(done["Location"]).status_code == 200
    user = User.objects.get(email="new@example.com")
    assert (user.name, user.language, user.digest_hour) == ("The joiner", "zh-hans", 8)


def test_somebody_with_an_account_signs_in_first(world: World, path: str) -> None:
    joiner = builders.user("new@example.com")
    page = Client().get(path)
    assert 'name="password"' not in text(page)
    assert f"/accounts/login/?next={path}" in text(page)
    with nothing_changes():
        assert Client().post(path, FORM).status_code == 403
    client = builders.web(joiner)
    assert "<form" in text(client.get(path))
    assert client.post(path).status_code == 302
    assert [m.role for m in present_memberships_of(joiner)] == ["owner"]


def test_who_is_signed_in_as_somebody_else_is_told_so(world: World, path: str) -> None:
    client = builders.web(world.outsider)
    page = text(client.get(path))
    assert world.outsider.email in page
    assert "new@example.com" in page
    with nothing_changes():
        assert client.post(path).status_code == 403


def test_a_link_that_is_over_says_why(world: World, path: str) -> None:
    row = Invitation.objects.get()
    services.revoke_invitation(
        actor=world.viewer("manager"), invitation=row.uuid, version=1, at=world.at
    )
    for response in (Client().get(path), Client().post(path, FORM)):
        assert response.status_code == 403
        assert str(world.manager) in text(response)
        # Nobody is told that they may not do what they were asked to do.
        assert "<h1>This invitation cannot be used</h1>" in text(response)
    assert Client().get("/join/0-1.x/").status_code == 404

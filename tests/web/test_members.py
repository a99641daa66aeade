"""Members, invitations and programs on their pages."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from riskreg.accounts.models import ApiToken
from riskreg.accounts.queries import live_token_or_none
from riskreg.register import services
from riskreg.register.access import present_memberships_of, viewer_for
from riskreg.register.models import Invitation, Membership
from riskreg.register.permissions import PERMISSIONS
from riskreg.risks.models import Risk
from riskreg.web.people.roles import action_labels
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
HERE = f"/r/{builders.SLUG}/members/"
PERSON = {"email": "new@example.com", "role": "owner", "party": "foton", "language": "zh-hans"}


def text(response: Any) -> str:
    return response.content.decode()


def test_every_action_of_the_table_has_words() -> None:
    assert set(action_labels()) == set(PERMISSIONS)


def test_everybody_sees_who_is_here_and_managers_what_they_do(world: World) -> None:
    for who, manages in (("manager", True), ("owner", False), ("auditor", False)):
        page = text(builders.web(getattr(world, who)).get(HERE))
        assert str(world.partner_owner) in page
        assert "Change scale, classifications and settings" in page
        assert ("members/invite/" in page) is manages
        assert world.owner.email not in page


def test_a_manager_invites_sends_again_and_takes_back(world: World) -> None:
    client = builders.web(world.manager)
    client.post(HERE + "invite/", PERSON)
    row = Invitation.objects.get()
    assert (row.email, row.language, row.party) == ("new@example.com", "zh-hans", world.foton)
    assert "new@example.com" in text(client.get(HERE))
    assert "new@example.com" not in text(builders.web(world.partner_manager).get(HERE))
    with nothing_changes():
        again = client.post(HERE + "invite/", {**PERSON, "form_key": ""})
    assert again.status_code == 400
    assert "invited already" in text(again)
    client.post(f"{HERE}invitations/{row.uuid}/again/")
    row.refresh_from_db()
    assert row.issue == 2
    client.post(f"{HERE}invitations/{row.uuid}/back/")
    client.get(HERE)  # the words of what was done
    assert "new@example.com" not in text(client.get(HERE))
    with nothing_changes():
        assert client.post(f"{HERE}invitations/{row.uuid}/again/").status_code == 400


def send(client: Any, rows: str, **more: str) -> Any:
    sent = SimpleUploadedFile("people.csv", rows.encode("utf-8"), "text/csv")
    return client.post(HERE + "invite/file/", {"rows": sent, **more})


def test_a_file_is_refused_by_line_or_its_good_rows_are_taken(world: World) -> None:
    client = builders.web(world.manager)
    rows = "email,role,party,language\na@example.com,owner,foton,en\nb@example.com,king,foton,\n"
    with nothing_changes():
        refused = send(client, rows)
    assert refused.status_code == 400
    assert "Line 3:" in text(refused)
    taken = send(client, rows, take_good="on")
    assert "1 person is invited" in text(taken)
    assert "Line 3:" in text(taken)
    assert [row.email for row in Invitation.objects.all()] == ["a@example.com"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [("", "empty"), ("email,role\n", "no row"), ("email,role\n\ufffe,owner", "Line"),
     ("email,rank\na@example.com,owner\n", "no column “rank”"),
     ("email,role\na@example.com,owner,foton,en,more\n", "more cells")],
)  # fmt: skip
def test_a_file_that_is_none_is_refused(world: World, rows: str, said: str) -> None:
    with nothing_changes():
        response = send(builders.web(world.manager), rows)
    assert response.status_code == 400
    assert said in text(response)


def test_a_role_is_changed_on_the_members_page(world: World) -> None:
    client, path = builders.web(world.manager), f"{HERE}{world.deputy.uuid}/"
    page = text(client.get(path))
    assert world.deputy.email in page
    client.post(path + "role/", {"version": "1", "role": "leader"})
    assert viewer_for(world.deputy, builders.SLUG).role == "leader"
    with nothing_changes():
        stale = client.post(path + "role/", {"version": "1", "role": "viewer"})
    assert stale.status_code == 409


def test_the_last_manager_is_told_what_to_do_first(world: World) -> None:
    client, path = builders.web(world.manager), f"{HERE}{world.manager.uuid}/"
    with nothing_changes():
        for act, data in (("role/", {"role": "owner"}), ("end/", {})):
            response = client.post(path + act, {"version": "1", **data})
            assert response.status_code == 400
            assert "last manager" in text(response)


def test_a_membership_ends_with_a_word_on_what_was_theirs(world: World) -> None:
    builders.risk(world)
    client, path = builders.web(world.manager), f"{HERE}{world.owner.uuid}/"
    with nothing_changes():
        refused = client.post(path + "end/", {"version": "1"})
    assert refused.status_code == 400
    assert "R-001" in text(refused)
    client.post(path + "end/", {"version": "1", "to": str(world.deputy.uuid)})
    assert Risk.objects.get().owner == world.deputy
    assert present_memberships_of(world.owner) == []
    assert builders.web(world.owner).get(f"/r/{builders.SLUG}/work/").status_code == 404


def test_somebody_leaves_by_themselves(world: World) -> None:
    client = builders.web(world.deputy)
    done = client.post(f"{HERE}{world.deputy.uuid}/end/", {"version": "1", "to": "nobody"})
    assert done["Location"] == "/"
    assert client.get("/").status_code == 200
    assert not Membership.objects.filter(user=world.deputy, ended_at=None).exists()


def test_the_page_of_another_partys_member_offers_nothing(world: World) -> None:
    page = builders.web(world.partner_manager).get(f"{HERE}{world.owner.uuid}/")
    assert page.status_code == 200
    assert world.owner.email not in text(page)
    assert "<form" not in text(page).split("<main")[1]
    with nothing_changes():
        for act in ("role/", "end/"):
            data = {"version": "1", "role": "viewer", "to": "nobody"}
            response = builders.web(world.partner_manager).post(
                f"{HERE}{world.owner.uuid}/{act}", data
            )
            assert response.status_code == 403


def test_a_programs_token_is_shown_once(world: World) -> None:
    client, path = builders.web(world.manager), f"/r/{builders.SLUG}/programs/"
    made = client.post(path, {"name": "Loader", "scope": "write", "days": "30"})
    token = ApiToken.objects.get()
    secret = next(part for part in text(made).split("<code>") if part.startswith("rr_"))
    secret = secret.partition("<")[0]
    assert live_token_or_none(secret, world.at) == token
    assert secret not in text(client.get(path))
    assert "Loader" in text(client.get(path))
    program = token.user
    more = client.post(f"{path}{program.uuid}/tokens/", {"scope": "read", "days": "9"})
    assert more.status_code == 200
    client.post(f"{path}{program.uuid}/tokens/{token.uuid}/end/")
    assert live_token_or_none(secret, world.at) is None
    assert "Loader" not in text(builders.web(world.partner_manager).get(path))
    assert builders.web(world.owner).get(path).status_code == 403


def test_the_maker_is_shown_which_party_lacks_a_manager(world: World) -> None:
    world.register.made_by = world.manager
    world.register.save(update_fields=["made_by"])
    services.end_membership(
        register=world.register, user=world.partner_manager, at=world.at, by=world.founder
    )
    page = text(builders.web(world.manager).get(HERE))
    assert "Without a manager yet: CATL" in " ".join(page.split())
    row = services.invite(
        actor=world.viewer("manager"), email="new@example.com", role="manager", party="catl",
        at=world.at,
    )  # fmt: skip
    asked = text(builders.web(world.manager).get(HERE))
    assert "Without a manager yet" not in asked, "one was invited"
    Invitation.objects.filter(pk=row.pk).update(expires_at=world.at)
    assert "Without a manager yet" in text(builders.web(world.manager).get(HERE))

"""Parties: added, renamed in both languages, removed while nothing is theirs."""

from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Membership, Party, Register
from riskreg.register.services import add_party_or_ask_others, edit_party, invite, remove_party
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@builders.shared_world
def single(world: World) -> World:
    """Nobody is left who could speak for the partner."""
    Membership.objects.filter(party__key="catl", role__in=["manager", "leader"]).update(
        ended_at=world.at
    )
    return world


def add(world: World, who: str = "manager", **given: Any) -> Any:
    return add_party_or_ask_others(
        actor=world.viewer(who), at=world.at, **{"names": {"en": "Third"}, **given}
    )


def edit(world: World, key: str, who: str = "manager", **fields: Any) -> Party:
    version = fields.pop("version", None)
    return edit_party(actor=world.viewer(who), key=key, fields=fields, version=version, at=world.at)


def codes(refused: Any) -> dict[str, list[str]]:
    return {n: [e.code for e in errors] for n, errors in refused.value.fields.items()}


def test_a_party_is_added_with_key_and_letters_made_from_its_name(single: World) -> None:
    party = add(single, names={"en": "Third Party", "zh-hans": "第三方"})
    assert (party.key, party.prefix, party.version) == ("third-party", "T", 1)
    assert Event.objects.filter(verb="party.added", subject_ref="third-party").exists()


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"key": "foton"}, {"key": ["taken"]}),
        ({"key": "Not a key"}, {"key": ["malformed"]}),
        ({"prefix": "F"}, {"prefix": ["taken"]}),
        ({"prefix": "R"}, {"prefix": ["malformed"]}),
        ({"prefix": "ABCD"}, {"prefix": ["malformed"]}),
        ({"names": {}}, {"names": ["required"]}),
        ({"names": None}, {"names": ["required"]}),
    ],
)
def test_a_bad_party_is_refused(
    single: World, given: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        add(single, **given)
    assert codes(refused) == expected


def test_one_party_alone_adds_nobody_who_would_see_what_others_share(world: World) -> None:
    with nothing_changes():
        for who in ("owner", "leader", "auditor", "integration"):
            with pytest.raises(Forbidden):
                add(world, who)
    asked = add(world)
    assert isinstance(asked, ChangeRequest)
    assert asked.is_open
    page = f"/r/{world.register.slug}/settings/parties/"
    client = builders.web(world.manager)
    answered = client.post(page, {"name": "Fourth", "name_zh": "", "prefix": ""})
    assert (answered.status_code, "/change-requests/" in answered["Location"]) == (302, True)
    api = builders.api(world.manager).post(
        f"/api/v1/registers/{world.register.slug}/parties/", {"names": {"en": "Fifth"}},
        content_type="application/json",
    )  # fmt: skip
    assert api.status_code == 202
    assert Party.objects.filter(register=world.register).count() == 2


def test_its_own_managers_rename_it_and_nobody_else(world: World) -> None:
    done = edit(world, "foton", names={"en": "BAIC Foton", "zh-hans": "北汽福田"}, version=1)
    assert (done.names["zh-hans"], done.version) == ("北汽福田", 2)
    with nothing_changes():
        assert edit(world, "foton", names=done.names).version == 2
        with pytest.raises(Conflict):
            edit(world, "foton", names={"en": "x"}, version=1)
        with pytest.raises(Forbidden):
            edit(world, "foton", "partner_manager", names={"en": "x"})
        with pytest.raises(NotFound):
            edit(world, "nobody", names={"en": "x"})
        with pytest.raises(Invalid) as refused:
            edit(world, "foton", names={"en": Party.objects.get(key="catl").names["en"].upper()})
        assert codes(refused) == {"names": ["taken"]}


def test_its_letters_change_while_no_ref_was_given_with_them(world: World) -> None:
    assert edit(world, "foton", prefix="FO").prefix == "FO"
    assert builders.risk(world, visibility="party").ref == "FO-001"
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, "foton", prefix="FT")
    assert codes(refused) == {"prefix": ["in_use"]}


def test_what_is_in_use_stays_and_says_why(single: World) -> None:
    def why(key: str) -> str:
        with nothing_changes(), pytest.raises(Invalid) as refused:
            remove_party(actor=single.viewer("manager"), key=key, version=None, at=single.at)
        assert codes(refused) == {"party": ["in_use"]}
        return str(refused.value.fields["party"][0].detail)

    assert "yourself" in why("foton")
    assert "members" in why("catl")
    add(single)
    Register.objects.filter(pk=single.register.pk).update(made_by=single.manager)
    single.register.refresh_from_db()
    invite(
        actor=single.viewer("manager"), email="x@example.com", role="manager", party="third",
        at=single.at,
    )  # fmt: skip
    assert "invited" in why("third")
    fresh = add(single, names={"en": "Fourth"})
    remove_party(actor=single.viewer("manager"), key="fourth", version=1, at=single.at)
    assert not Party.objects.filter(pk=fresh.pk).exists()
    assert Event.objects.get(verb="party.removed").subject_uuid == fresh.uuid


def test_by_page(single: World) -> None:
    client, page = builders.web(single.manager), f"/r/{single.register.slug}/settings/parties/"
    with nothing_changes():
        bad = client.post(page, {"name": "", "name_zh": "", "prefix": "F"})
        assert bad.status_code == 400
        assert builders.web(single.owner).post(page, {"name": "x"}).status_code == 403
    assert client.post(page, {"name": "Third", "name_zh": "第三方"}).status_code == 302
    assert "Third" in builders.web(single.onlooker).get(page).content.decode()
    one = f"{page}third/"
    stale = {"version": "9", "name": "Other", "name_zh": "", "prefix": "T"}
    with nothing_changes():
        assert client.post(one, stale).status_code == 409
    assert client.post(one, {**stale, "version": "1"}).status_code == 302
    assert Party.objects.get(key="third").names == {"en": "Other"}
    with nothing_changes():
        kept = client.post(f"{page}catl/remove/")
        assert (kept.status_code, "has members" in kept.content.decode()) == (400, True)
    assert client.post(f"{one}remove/").status_code == 302
    assert not Party.objects.filter(key="third").exists()

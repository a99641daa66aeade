"""The risks of another register as drafts, as of last year's."""

import re

import pytest

from riskreg.kernel.errors import Forbidden, Invalid
from riskreg.register import services as register_services
from riskreg.register.services import found_register
from riskreg.risks.models import Risk
from riskreg.risks.services import Copied, copy_open_risks_from_register
from riskreg.web.imports import copying
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
LAST = "last-year"


@pytest.fixture
def last(world: World) -> World:
    """Last year's register, in which this year's manager was manager of the same party."""
    there = builders.build_world(slug=LAST)
    register_services.add_member(
        register=there.register, user=world.manager, role="manager", party=there.foton,
        at=there.at, by=there.founder,
    )  # fmt: skip
    return there


def copy(world: World, who: str = "manager", **given: str) -> Copied:
    return copy_open_risks_from_register(actor=world.viewer(who), slug=LAST, at=world.at, **given)


def test_open_ones_become_drafts_once_and_what_was_private_stays_so(
    world: World, last: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {"cause": "Rain", "translations": {"zh-hans": {"title": "冰"}}}
    builders.risk(last, title="Ice", external_id="their-id", **words)
    builders.risk(last, title="Ours alone", visibility="party")
    builders.risk(last, by=last.partner_owner, title="Theirs alone", visibility="party")
    builders.risk(last, title="No more", opened=False)
    builders.risk(last, title="Here already")
    builders.risk(world, title="here ALREADY")
    copied = copy(world, visibility="shared")
    assert (len(copied.made), copied.there, copied.left) == (2, 1, 0)
    seen = {risk.title: (risk.visibility, risk.party) for risk in copied.made}
    assert seen == {
        "Ice": ("shared", world.foton),
        "Ours alone": ("party", world.foton),
    }
    ice = next(risk for risk in copied.made if risk.title == "Ice")
    assert (ice.state, ice.cause, ice.owner) == ("draft", "Rain", world.manager)
    assert ice.translations == words["translations"]
    assert (ice.external_id, ice.register) == (None, world.register)
    with nothing_changes():
        again = copy(world)
    assert (again.made, again.there) == ([], 3)
    # Whoever stops at the limit goes on where they were.
    Risk.objects.filter(register=world.register, title="Ice").update(title="Another name")
    monkeypatch.setattr("riskreg.risks.services.cloning.MOST_AT_ONCE", 0)
    assert (copy(world).made, copy(world).left) == ([], 1)


def test_drafts_are_the_partys_own_unless_they_are_to_be_shared(world: World, last: World) -> None:
    builders.risk(last, title="Seen by all there")
    (made,) = copy(world).made
    assert made.visibility == "party"


def test_who_acts_for_another_party_here_takes_nothing_private_along(world: World) -> None:
    there = builders.build_world(slug=LAST)
    register_services.add_member(
        register=there.register, user=world.manager, role="manager", party=there.catl,
        at=there.at, by=there.founder,
    )  # fmt: skip
    builders.risk(there, by=there.partner_owner, title="CATL's own", visibility="party")
    assert copy(world) == Copied([], 0, 0)


def test_terms_and_objectives_go_along_where_they_are_called_alike(
    world: World, last: World
) -> None:
    for each in (world, last):
        builders.taxonomy(each, "market")
        builders.objective(each, key="overseas")
    builders.taxonomy(last, "gone", {"old": "Old"})
    builders.risk(last, terms=["market:eu", "gone:old"], objectives=["overseas"])
    (made,) = copy(world).made
    assert [term.key for term in made.terms.all()] == ["eu"]
    assert [row.key for row in made.objectives.all()] == ["overseas"]


@pytest.mark.parametrize(
    ("slug", "given", "field"),
    [
        (builders.SLUG, {}, "register"),
        ("nowhere", {}, "register"),
        ("not mine", {}, "register"),
        (LAST, {"visibility": "all"}, "visibility"),
    ],
)
def test_what_cannot_be_copied_is_said(
    world: World, last: World, slug: str, given: dict[str, str], field: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        copy_open_risks_from_register(
            actor=world.viewer("manager"), slug=slug, at=world.at, **given
        )
    assert set(refused.value.fields) == {field}


def test_by_program_and_page(world: World, last: World) -> None:
    for title in ("Ice", "Snow"):
        builders.risk(last, title=title)
    web = builders.web(world.manager)
    page = f"/r/{world.register.slug}/imports/"
    assert f'value="{LAST}"' in web.get(page).content.decode()
    done = web.post(page + "copy/", {"register": LAST, "visibility": "party"}, follow=True)
    assert "2 drafts were made." in done.content.decode()
    other = web.post(page + "copy/", {"register": "nowhere", "visibility": "party"})
    assert other.status_code == 400
    api = builders.api(world.manager)
    address = f"/api/v1/registers/{world.register.slug}/imports/copy/"
    sent = {"content_type": "application/json"}
    answer = api.post(address, {"register": LAST}, **sent)
    assert (answer.status_code, answer.json()) == (200, {"made": [], "there": 2, "left": 0})
    for wrong in ({"register": "nowhere"}, {}, {"register": ""}, {"register": None}):
        refused = api.post(address, wrong, **sent)
        assert refused.status_code == 400, wrong
        assert refused.json()["errors"][0]["pointer"] == "#/register", wrong
    with pytest.raises(Forbidden):
        copy(world, "owner")


def test_of_many_registers_so_many_are_offered_and_the_rest_is_found(
    world: World, last: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "OFFERED", 2)
    for number in range(3):
        founded = found_register(
            by=world.manager, slug=f"old-{number}", names={"en": f"Old {number}"}, currency="CNY",
            time_zone=builders.ZONE, parties=[{"key": "foton", "names": {"en": "Foton"}}],
            acts_for="foton", at=world.at, by_operator=True,
        )  # fmt: skip
        assert founded.register.slug == f"old-{number}"
    web = builders.web(world.manager)
    page = f"/r/{world.register.slug}/imports/"

    def offered(query: str) -> list[str]:
        text = web.get(page + query).content.decode()
        chosen = text.partition('name="register"')[2].partition("</select>")[0]
        return re.findall(r'value="([^"]+)"', chosen)

    assert len(offered("")) == 2
    assert "2 registers are offered" in web.get(page).content.decode()
    assert offered("?q=Old+2") == ["old-2"]
    assert offered(f"?q={world.register.slug}") == []
    assert "No register of that name" in web.get(page + "?q=nowhere").content.decode()
    # Whichever was found can be chosen, and none that is not one's own.
    builders.risk(last, title="Ice")
    done = web.post(page + "copy/", {"register": LAST, "visibility": "party"}, follow=True)
    assert "1 draft was made." in done.content.decode()
    for wrong in ("nowhere", world.register.slug, "a\0b", ""):
        sent = {"register": wrong, "visibility": "party"}
        assert web.post(page + "copy/", sent).status_code == 400, wrong

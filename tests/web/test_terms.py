"""Pages of classifications and terms."""

from typing import Any

import pytest

from riskreg.register.models import Taxonomy, Term
from riskreg.register.services import edit_term
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
PAGE = f"/r/{SLUG}/settings/terms/"


def test_a_register_is_classified_page_by_page(world: World) -> None:
    client = builders.web(world.manager)
    assert "Nothing is classified yet" in client.get(PAGE).content.decode()
    names = {"name": "Market", "name_zh": "市场"}
    assert client.post(PAGE, names).url == f"{PAGE}#market"
    added = client.post(PAGE, {"taxonomy": "market", "name": "European Union", "name_zh": "欧盟"})
    assert added.url == f"{PAGE}#market"
    term = Term.objects.get()
    assert (term.ref, term.names) == (
        "market:european-union", {"en": "European Union", "zh-hans": "欧盟"},
    )  # fmt: skip
    text = client.get(PAGE).content.decode()
    assert "“European Union” is added." in text
    row = builders.risk(world, terms=[term.ref])
    builders.risk(world, by=world.partner_owner, visibility="party", terms=[term.ref])
    assert '?term=market%3Aeuropean-union">1</a>' in client.get(PAGE).content.decode()
    assert row.ref in client.get(f"/r/{SLUG}/risks/?term={term.ref}").content.decode()


@pytest.mark.parametrize(
    "given, said",
    [
        ({"taxonomy": "market", "name": "European Union"}, "called “European Union” already"),
        ({"taxonomy": "market"}, "A name is needed"),
        ({"taxonomy": "market", "name": "Typed here", "key": "No Key"}, "lower-case letters"),
        ({"name": "Market"}, "called “Market” already"),
    ],
)
def test_what_is_wrong_is_said_where_it_was_typed(
    world: World, given: dict[str, str], said: str
) -> None:
    builders.taxonomy(world)
    with nothing_changes():
        response = builders.web(world.manager).post(PAGE, given)
    text = response.content.decode()
    assert response.status_code == 400
    assert said in text
    assert f'value="{given["name"]}"' in text if "name" in given else True


def test_a_term_is_renamed_retired_brought_back_and_merged(world: World) -> None:
    builders.taxonomy(world)
    row = builders.risk(world, terms=["market:eu"])
    client = builders.web(world.manager)
    page = PAGE + "market:eu/"
    sent: dict[str, Any] = {"version": "1", "name": "EU", "source_title": "Treaty"}
    assert client.post(page, sent).status_code == 302
    assert Term.objects.get(key="eu").source == {"title": "Treaty"}
    assert client.post(page, {"version": "2", "action": "retire"}).status_code == 302
    assert Term.objects.get(key="eu").retired_at is None
    builders.agree(world)
    assert "out of use" in client.get(page).content.decode().lower()
    edit = f"/r/{SLUG}/risks/{row.ref}/edit/"
    assert "EU (out of use)" in builders.web(world.owner).get(edit).content.decode()
    new = builders.web(world.owner).get(f"/r/{SLUG}/risks/new/").content.decode()
    assert "market:eu" not in new
    assert client.post(page, {"version": "3", "action": "restore"}).status_code == 302
    with nothing_changes():
        itself = client.post(page + "merge/", {"version": "4", "into": "market:eu"})
        assert itself.status_code == 400
        assert "cannot be merged into itself" in itself.content.decode()
    assert (
        client.post(page + "merge/", {"version": "4", "into": "market:mideast"}).status_code == 302
    )
    assert [t.key for t in row.terms.all()] == ["eu"]
    builders.agree(world)
    assert [t.key for t in row.terms.all()] == ["mideast"]
    assert "Merged into" in client.get(page).content.decode()


def test_a_second_writer_keeps_what_they_typed(world: World) -> None:
    builders.taxonomy(world)
    partner = world.viewer("partner_manager")
    edit_term(actor=partner, ref="market:eu", fields={"names": "EU"}, version=1, at=world.at)
    client = builders.web(world.manager)
    with nothing_changes():
        response = client.post(PAGE + "market:eu/", {"version": "1", "name": "Europe (mine)"})
    text = response.content.decode()
    assert response.status_code == 409
    assert "Somebody changed this while you were writing" in text
    assert 'value="Europe (mine)"' in text
    assert 'name="version" value="2"' in text
    taxonomy = f"/r/{SLUG}/settings/taxonomies/market/"
    assert client.post(taxonomy, {"version": "1", "name": "Region"}).status_code == 302
    with nothing_changes():
        assert client.post(taxonomy, {"version": "1", "name": "Area"}).status_code == 409
    assert Taxonomy.objects.get().name == "Region"


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "integration"])
def test_others_read_and_change_nothing(world: World, who: str) -> None:
    builders.taxonomy(world)
    client = builders.web(getattr(world, who))
    assert "Add a term" not in client.get(PAGE).content.decode()
    assert "Take it out of use" not in client.get(PAGE + "market:eu/").content.decode()
    with nothing_changes():
        assert client.post(PAGE, {"name": "x"}).status_code == 403
        assert client.post(PAGE + "market:eu/", {"name": "x"}).status_code == 403
        assert client.post(PAGE + "market:eu/merge/", {"into": "market:eu"}).status_code == 403
        assert client.get(f"/r/{SLUG}/settings/taxonomies/market/").status_code == 403

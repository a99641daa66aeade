"""Two people change the same control, objective, term or classification: field by field as well."""

from dataclasses import dataclass
from typing import Any

import pytest

from riskreg.register.models import Taxonomy, Term
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.web.test_conflicts import form_at, typed

pytestmark = pytest.mark.django_db
R = f"/r/{SLUG}/"


@dataclass
class Edited:
    """A row, the address of its form, and the fields that are changed: a name and another one."""

    row: Any
    address: str
    second: str
    values: tuple[str, str] = ("As I see it", "Otherwise")

    def shown(self) -> dict[str, str]:
        """What its form shows now."""
        data = form_at(builders.web(self.who).get(self.address), self.address).data()
        return {name: "".join(data[name]) for name in ("name", self.second)}

    who: Any = None


@pytest.fixture(params=["control", "objective", "term", "taxonomy"])
def edited(request: pytest.FixtureRequest, world: World) -> Edited:
    builders.taxonomy(world)
    if request.param == "control":
        row: Any = builders.control(world, builders.risk(world))
        found = Edited(row, f"{R}controls/{row.uuid}/edit/", "test_every_days", ("30", "60"))
    elif request.param == "objective":
        row = builders.objective(world)
        found = Edited(row, f"{R}objectives/{row.key}/edit/", "unit")
    elif request.param == "term":
        row = Term.objects.select_related("taxonomy").get(key="eu")
        found = Edited(row, f"{R}settings/terms/{row.ref}/", "source_title")
    else:
        row = Taxonomy.objects.get(key="market")
        found = Edited(row, f"{R}settings/taxonomies/{row.key}/", "name_zh", ("市场", "地区"))
    found.who = world.manager
    return found


def test_changes_of_different_fields_are_both_kept(edited: Edited) -> None:
    mine, theirs = builders.web(edited.who), builders.web(edited.who)
    wish = edited.values[0]
    slower = typed(mine, edited.address, **{edited.second: wish})
    faster = typed(theirs, edited.address, name="A better name")
    assert theirs.post(edited.address, faster).status_code == 302
    with nothing_changes():
        clash = mine.post(edited.address, slower)
    assert clash.status_code == 409
    assert [(d["name"], d["both"]) for d in clash.context["differing"]] == [(edited.second, False)]
    assert mine.post(edited.address, form_at(clash, edited.address).data()).status_code == 302
    assert edited.shown() == {"name": "A better name", edited.second: wish}


def test_who_changed_the_same_field_is_asked_and_overwrites_nothing_unasked(
    edited: Edited,
) -> None:
    mine, theirs = builders.web(edited.who), builders.web(edited.who)
    for take, kept in (({}, "Theirs"), ({"take_name": "mine"}, "Mine")):
        slower = typed(mine, edited.address, name="Mine")
        assert theirs.post(
            edited.address, typed(theirs, edited.address, name="Theirs")
        ).status_code in (302, 200)
        bump = typed(theirs, edited.address, **{edited.second: edited.values[len(take)]})
        assert theirs.post(edited.address, bump).status_code == 302
        clash = mine.post(edited.address, slower)
        assert clash.status_code == 409
        (asked,) = clash.context["differing"]
        assert (asked["mine"], asked["theirs"]) == ("Mine", "Theirs")
        chosen = {**form_at(clash, edited.address).data(), **take}
        assert mine.post(edited.address, chosen).status_code == 302
        # What somebody else changed meanwhile, and nobody here, stays.
        assert edited.shown() == {"name": kept, edited.second: edited.values[len(take)]}


def test_what_was_only_sent_back_is_no_change(edited: Edited) -> None:
    mine, theirs = builders.web(edited.who), builders.web(edited.who)
    echo = typed(mine, edited.address)
    newer = typed(theirs, edited.address, **{edited.second: edited.values[1]})
    assert theirs.post(edited.address, newer).status_code == 302
    with nothing_changes():
        clash = mine.post(edited.address, echo)
    assert clash.status_code == 409
    assert clash.context["differing"] == []
    assert edited.shown()[edited.second] == edited.values[1]


def test_who_is_slower_again_is_asked_again(edited: Edited) -> None:
    mine, theirs = builders.web(edited.who), builders.web(edited.who)
    slower = typed(mine, edited.address, name="Mine")
    for name in ("First", "Second"):
        faster = typed(theirs, edited.address, name=name)
        assert theirs.post(edited.address, faster).status_code == 302
        clash = mine.post(edited.address, slower)
        assert clash.status_code == 409
        (asked,) = clash.context["differing"]
        assert (asked["mine"], asked["theirs"]) == ("Mine", name)
        slower = {**form_at(clash, edited.address).data(), "take_name": "mine"}
    assert mine.post(edited.address, slower).status_code == 302
    assert edited.shown()["name"] == "Mine"

"""What a party's systems call its mitigations, indicators, objectives: that party's own affair."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from riskreg.indicators.services import edit_indicator
from riskreg.kernel.errors import Invalid
from riskreg.register.services import edit_objective
from riskreg.risks.models import Risk
from riskreg.risks.services import edit_mitigation
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.indicators import making

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@dataclass(frozen=True)
class Noun:
    """How rows of a noun are made and changed, and where they are."""

    name: str
    make: Make
    edit: Make

    def row(self, world: World, external_id: str | None = None, **given: Any) -> Any:
        return self.make(world, external_id=external_id, **given)

    def change(self, world: World, row: Any, who: str, **fields: Any) -> Any:
        name = "key" if self.name == "objectives" else "ref"
        return self.edit(
            actor=world.viewer(who), version=None, fields=fields, at=world.at,
            **{name: getattr(row, name)},
        )  # fmt: skip

    def path(self, row: Any) -> str:
        return f"{self.name}/{row.key if self.name == 'objectives' else row.ref}/"


def a_mitigation(world: World, by: Any = None, visibility: str = "shared", **given: Any) -> Any:
    party = world.viewer(by or world.owner).party
    row = Risk.objects.filter(party=party).first() or builders.risk(world, by=by or world.owner)
    return builders.mitigation(world, row, by=by or world.owner, visibility=visibility, **given)


def an_indicator(world: World, **given: Any) -> Any:
    return making.indicator(world, **given)


def an_objective(world: World, by: Any = None, **given: Any) -> Any:
    party = world.catl if by in (world.partner_owner, world.partner_manager) else world.foton
    manager = world.partner_manager if party == world.catl else world.manager
    return builders.objective(world, by=manager, party=party, key=None, **given)


NOUNS = [
    Noun("mitigations", a_mitigation, edit_mitigation),
    Noun("indicators", an_indicator, edit_indicator),
    Noun("objectives", an_objective, edit_objective),
]
every_noun = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)


def answer(client: Client, world: World, path: str) -> Any:
    return client.get(f"/api/v1/registers/{world.register.slug}/{path}")


@every_noun
def test_it_is_shown_to_its_own_party_alone(world: World, noun: Noun) -> None:
    row = noun.row(world, "ERP-7")
    for who, seen in (("owner", "ERP-7"), ("partner_owner", None), ("auditor", None)):
        client, web = builders.api(getattr(world, who)), builders.web(getattr(world, who))
        assert answer(client, world, noun.path(row)).json()["external_id"] == seen
        found = answer(client, world, f"{noun.name}/?external_id=ERP-7").json()["results"]
        assert len(found) == (1 if seen else 0)
        assert answer(client, world, f"{noun.name}/?q=ERP-7").json()["results"] == []
        assert ("ERP-7" in answer(client, world, "changes/").content.decode()) == bool(seen)
        page = web.get(f"/r/{world.register.slug}/{noun.path(row)}").content.decode()
        assert ("ERP-7" in page) == bool(seen)
        listed = web.get(f"/r/{world.register.slug}/{noun.name}/?external_id=ERP-7")
        assert listed.context["page"].paginator.count == (1 if seen else 0)
    more = {"unit": "lorries"} if noun.name == "objectives" else {"owner": world.deputy.email}
    noun.change(world, row, "manager", external_id="ERP-8", **more)
    for who, seen in (("owner", True), ("auditor", False), ("partner_owner", False)):
        feed = answer(builders.api(getattr(world, who)), world, "changes/").content.decode()
        assert ("ERP-8" in feed) == seen


@every_noun
def test_it_is_one_things_alone_and_each_partys_own_affair(world: World, noun: Noun) -> None:
    noun.row(world, "ERP-7", visibility="party")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        noun.row(world, "ERP-7")
    assert refused.value.fields["external_id"][0].code == "taken"
    free = noun.row(world, "ERP-8")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        noun.change(world, free, "manager", external_id="ERP-7")
    assert refused.value.fields["external_id"][0].code == "taken"
    assert noun.change(world, free, "manager", external_id="ERP-8").external_id == "ERP-8"
    assert noun.change(world, free, "manager", external_id="").external_id is None
    # What one party calls its own tells the other nothing, not even by “taken”.
    assert noun.row(world, "ERP-7", by=world.partner_owner).external_id == "ERP-7"


@every_noun
@pytest.mark.parametrize("given", ["x" * 121, 7, "two\nlines", "nul\x00"])
def test_what_is_no_id_is_refused(world: World, noun: Noun, given: Any) -> None:
    row = noun.row(world)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        noun.change(world, row, "manager", external_id=given)
    assert list(refused.value.fields) == ["external_id"]


@pytest.mark.parametrize("noun", NOUNS[:2], ids=lambda noun: noun.name)
def test_who_answers_for_another_partys_thing_learns_nothing_by_guessing(
    world: World, noun: Noun
) -> None:
    row = noun.row(world, "ERP-7", owner=world.partner_owner.email)
    told = []
    for guess in ("ERP-7", "ERP-9"):
        with nothing_changes(), pytest.raises(Invalid) as refused:
            noun.change(world, row, "partner_owner", external_id=guess)
        told.append(refused.value.fields["external_id"][0])
    assert told[0] == told[1]
    assert told[0].code == "other_party"
    # What they were shown is none; sending that back changes nothing.
    noun.change(world, row, "partner_owner", external_id=None)
    row.refresh_from_db()
    assert row.external_id == "ERP-7"
    form = builders.web(world.partner_owner).get(f"/r/{world.register.slug}/{noun.path(row)}edit/")
    assert form.status_code == 200
    assert 'name="external_id"' not in form.content.decode()


@every_noun
def test_the_form_offers_it_and_keeps_it(world: World, noun: Noun) -> None:
    row = noun.row(world, "ERP-7")
    form = builders.web(world.manager).get(f"/r/{world.register.slug}/{noun.path(row)}edit/")
    field = form.context["form"]["external_id"]
    assert field.value() == "ERP-7"
    assert "Only your party sees it" in form.content.decode()

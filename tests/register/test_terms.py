"""Classifications and terms: added, renamed, out of use and back, merged across the boundary."""

import json
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.events.queries import history_of
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register import services
from riskreg.register.models import Taxonomy, Term
from riskreg.register.queries import choices_for
from riskreg.register.services.terms import MAX_TAXONOMIES, MAX_TERMS
from riskreg.register.terms import term_for
from riskreg.risks.models import Risk
from riskreg.risks.services import create_risk, edit_risk, merge_terms
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def add(world: World, names: Any, key: Any = None, taxonomy: str = "market") -> Term:
    manager = world.viewer("manager")
    return services.add_term(actor=manager, taxonomy=taxonomy, key=key, names=names, at=world.at)


def edit(world: World, ref: str, version: int | None = None, **fields: Any) -> Term:
    manager = world.viewer("manager")
    given = {"actor": manager, "ref": ref, "fields": fields, "version": version, "at": world.at}
    builders.agreed(world, services.edit_term(**given))
    return term_for(manager, ref)


def merge(world: World, ref: str, into: Any, version: int | None = None) -> Term:
    manager = world.viewer("manager")
    made = merge_terms(actor=manager, ref=ref, into=into, version=version, at=world.at)
    builders.agreed(world, made)
    return term_for(manager, into)


@pytest.fixture
def market(world: World) -> Taxonomy:
    row: Taxonomy = builders.taxonomy(world)
    return row


def test_a_term_is_added_under_a_key_of_its_own(world: World, market: Taxonomy) -> None:
    assert (
        add(world, {"en": "South-East Asia", "zh-hans": "东南亚"}).ref == "market:south-east-asia"
    )
    assert add(world, {"zh-hans": "中亚"}).ref == "market:term"
    assert add(world, {"zh-hans": "南亚"}).ref == "market:term-2"
    assert add(world, "Africa", key="af").position == 5
    event = Event.objects.filter(verb="term.added").latest("pk")
    assert (event.subject_ref, json.loads(event.changes)["names"]) == (
        "market:af", [None, {"en": "Africa"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    "given, field, code",
    [
        ({"names": "European union"}, "names", "taken"),
        ({"names": "Europe", "key": "eu"}, "key", "taken"),
        ({"names": "Europe", "key": "Two Words"}, "key", "malformed"),
        ({"names": "Europe", "key": 7}, "key", "malformed"),
        ({"names": {}}, "names", "required"),
        ({"names": {"en": "x" * 121}}, "names", "too_long"),
        ({"names": {"xx": "Europe"}}, "names", "unknown_language"),
    ],
)
def test_a_bad_term_is_refused(
    world: World, market: Taxonomy, given: dict[str, Any], field: str, code: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        add(world, **given)
    assert [error.code for error in refused.value.fields[field]] == [code]


def test_there_is_an_end_to_terms(world: World, market: Taxonomy) -> None:
    Term.objects.bulk_create(
        Term(taxonomy=market, key=f"k{n}", names={"en": f"K{n}"}, created_at=world.at)
        for n in range(MAX_TERMS - 2)
    )
    with nothing_changes(), pytest.raises(Invalid) as refused:
        add(world, "One more")
    assert refused.value.fields["key"][0].code == "too_many"
    Taxonomy.objects.bulk_create(
        Taxonomy(register=world.register, key=f"k{n}", names={"en": f"K{n}"}, created_at=world.at)
        for n in range(MAX_TAXONOMIES - 1)
    )
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.taxonomy(world, "region")
    assert refused.value.fields["key"][0].code == "too_many"


def test_a_name_is_changed_once_and_a_second_writer_is_told(world: World, market: Taxonomy) -> None:
    assert edit(world, "market:eu", 1, names="EU").version == 2
    with nothing_changes():
        assert edit(world, "market:eu", 2, names="EU").version == 2
        with pytest.raises(Conflict):
            edit(world, "market:eu", 1, names="Europe")
        with pytest.raises(NotFound):
            edit(world, "market:nowhere", 1, names="Europe")
        with pytest.raises(NotFound):
            edit(world, "a\0b", 1, names="Europe")
    services.rename_taxonomy(
        actor=world.viewer("manager"), key="market", names="Region", version=1, at=world.at
    )
    with nothing_changes(), pytest.raises(Conflict):
        services.rename_taxonomy(
            actor=world.viewer("manager"), key="market", names="Area", version=1, at=world.at
        )


def test_a_term_out_of_use_stays_where_it_was_used(world: World, market: Taxonomy) -> None:
    row = builders.risk(world, terms=["market:eu"])
    edit(world, "market:eu", active=False)
    choices = choices_for(world.viewer("owner"))
    assert choices.taxonomies[0][2] == [("market:mideast", "Middle East")]
    assert choices.terms_with_held_retired("market", [], ["market:eu"]) == [
        ("market:eu", "European Union (out of use)")
    ]
    act = {"actor": world.viewer("owner"), "at": world.at}
    edit_risk(ref=row.ref, version=None, fields={"terms": ["market:eu", "market:mideast"]}, **act)
    assert {t.key for t in row.terms.all()} == {"eu", "mideast"}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        create_risk(fields={"title": "x", "terms": ["market:eu"]}, **act)
    assert refused.value.fields["terms"][0].code == "retired"
    edit(world, "market:eu", active=True)
    create_risk(fields={"title": "x", "terms": ["market:eu"]}, **act)
    verbs = ["term.retired", "term.restored"]
    assert [e.verb for e in Event.objects.filter(verb__in=verbs).order_by("pk")] == verbs


def test_a_name_may_be_taken_again_and_then_the_old_one_cannot_come_back(
    world: World, market: Taxonomy
) -> None:
    edit(world, "market:eu", active=False)
    add(world, "European Union", key="eu-27")
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, "market:eu", active=True)
    assert refused.value.fields["names"][0].code == "taken"


def test_merging_files_everything_anew_on_both_sides_of_the_boundary(
    world: World, market: Taxonomy
) -> None:
    shared = builders.risk(world, terms=["market:eu"])
    both = builders.risk(world, terms=["market:eu", "market:mideast"])
    theirs = builders.risk(world, by=world.partner_owner, visibility="party", terms=["market:eu"])
    versions = {row.pk: row.version for row in (shared, both, theirs)}
    assert merge(world, "market:eu", "market:mideast").ref == "market:mideast"
    for row in (shared, both, theirs):
        row.refresh_from_db()
        assert [t.key for t in row.terms.all()] == ["mideast"]
        assert row.version == versions[row.pk] + 1
    term = Term.objects.get(key="eu")
    assert (term.merged_into, term.retired_at) == (Term.objects.get(key="mideast"), world.at)

    def filed(who: str) -> set[str]:
        found = history_of(world.viewer(who).audience, [shared.uuid, theirs.uuid])
        return {event.subject_ref for event in found.filter(verb="risk.refiled")}

    assert filed("manager") == {shared.ref}
    assert filed("partner_manager") == {shared.ref, theirs.ref}
    refused: Any
    with nothing_changes(), pytest.raises(Invalid) as refused:
        edit(world, "market:eu", active=True)
    assert refused.value.fields["active"][0].code == "merged"
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.risk(world, terms=["market:eu"])
    assert "market:mideast" in refused.value.detail


def test_links_that_name_a_merged_term_find_what_it_became(world: World, market: Taxonomy) -> None:
    row = builders.risk(world, terms=["market:eu"])
    add(world, "Gulf")
    merge(world, "market:eu", "market:mideast")
    merge(world, "market:mideast", "market:gulf")
    client = builders.web(world.owner)
    assert row.ref in client.get(f"/r/{builders.SLUG}/risks/?term=market:eu").content.decode()


@pytest.mark.parametrize(
    "into, code",
    [
        ("market:eu", "itself"), ("", "required"), (None, "required"),
        ("region:eu", "other_taxonomy"), ("market:nowhere", "unknown_term"),
        ("market:a\0b", "unknown_term"), ("market:old", "retired"), ({}, "required"),
    ],
)  # fmt: skip
def test_a_merger_without_sense_is_refused(
    world: World, market: Taxonomy, into: Any, code: str
) -> None:
    builders.taxonomy(world, "region", {"eu": "Europe"})
    add(world, "Old", key="old")
    edit(world, "market:old", active=False)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        merge(world, "market:eu", into)
    assert [error.code for error in refused.value.fields["into"]] == [code]


def test_a_merger_is_of_the_version_that_was_seen(world: World, market: Taxonomy) -> None:
    edit(world, "market:eu", names="EU")
    with nothing_changes(), pytest.raises(Conflict):
        merge(world, "market:eu", "market:mideast", version=1)


def test_only_managers_touch_terms(world: World, market: Taxonomy) -> None:
    for name in set(world.members) - {"manager", "partner_manager"}:
        actor: dict[str, Any] = {"actor": world.viewer(name), "at": world.at}
        with nothing_changes():
            with pytest.raises(Forbidden):
                services.add_term(taxonomy="market", key="x", names="X", **actor)
            with pytest.raises(Forbidden):
                services.edit_term(ref="market:eu", fields={"active": False}, version=1, **actor)
            with pytest.raises(Forbidden):
                services.rename_taxonomy(key="market", names="X", version=1, **actor)
            with pytest.raises(Forbidden):
                merge_terms(ref="market:eu", into="market:mideast", version=1, **actor)
    assert Risk.objects.count() == 0

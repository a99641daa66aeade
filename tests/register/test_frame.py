"""The frame of a register: making it, its members, terms, objectives and refs."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from riskreg.events.models import Event
from riskreg.kernel.errors import Errors, Forbidden, Invalid, NotFound
from riskreg.register import queries, services
from riskreg.register.access import present_memberships_of, viewer_for
from riskreg.register.models import Membership, Objective, RefSequence
from riskreg.register.terms import find_usable_terms
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change, field",
    [
        ({"slug": "Two Words"}, "slug"),
        ({"slug": "a\n"}, "slug"),
        ({"slug": builders.SLUG}, "slug"),
        ({"names": {}}, "names"),
        ({"names": "a\u202eb"}, "names"),
        ({"currency": "yuan"}, "currency"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_a_bad_register_is_refused(world: World, change: dict[str, Any], field: str) -> None:
    given = {"slug": "new", "names": "New", "currency": "CNY", "time_zone": "UTC", **change}
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.create_register(at=world.at, by=world.founder, **given)
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("prefix", ["R", "", "f", "FOUR", "F", "F1", "F\n"])
def test_a_partys_prefix_is_its_own(world: World, prefix: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.add_party(
            register=world.register,
            key="third",
            names="Third",
            prefix=prefix,
            at=world.at,
            by=world.founder,
        )
    assert set(refused.value.fields) == {"prefix"}


@pytest.mark.parametrize(
    "who, role, party, field",
    [
        ("outsider", "king", "foton", "role"),
        ("outsider", "owner", None, "party"),
        ("owner", "viewer", None, "user"),
    ],
)
def test_a_bad_member_is_refused(
    world: World, who: str, role: str, party: str | None, field: str
) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        services.add_member(
            register=world.register,
            user=getattr(world, who),
            role=role,
            party=getattr(world, party) if party else None,
            at=world.at,
            by=world.founder,
        )
    assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("slug", [builders.SLUG, "no-such-register", "", "a\0b", "x" * 500])
def test_a_stranger_cannot_tell_a_register_from_none(world: World, slug: str) -> None:
    with pytest.raises(NotFound) as refused:
        viewer_for(world.outsider, slug)
    assert refused.value.detail == "There is no such register."


def test_a_membership_that_ended_opens_nothing(world: World) -> None:
    assert [m.register for m in present_memberships_of(world.owner)] == [world.register]
    Membership.objects.filter(user=world.owner).update(ended_at=world.at)
    with pytest.raises(NotFound):
        world.viewer(world.owner)
    assert present_memberships_of(world.owner) == []


def test_registers_do_not_see_each_other(world: World) -> None:
    other = builders.build_world(world.at, slug="other")
    ours = builders.risk(world)
    builders.risk(other)
    builders.taxonomy(other)
    builders.objective(other)
    viewer = world.viewer(world.manager)
    assert queries.taxonomies_for(viewer) == []
    assert not queries.objectives_for(viewer).exists()
    assert {m.user for m in queries.active_members_for(viewer)} == set(world.members.values())
    assert {p.pk for p in queries.parties_for(viewer)} == {world.foton.pk, world.catl.pk}
    errors = Errors()
    assert queries.find_answerable_member(viewer, errors, "owner", other.owner.email) is None
    assert find_usable_terms(viewer, errors, "terms", ["market:eu"]) == []
    assert queries.find_objectives(viewer, errors, "objectives", ["overseas-units-2030"]) == []
    with pytest.raises(Invalid) as refused:
        errors.raise_if_any()
    assert set(refused.value.fields) == {"owner", "terms", "objectives"}
    assert ours.ref == "R-001"


def test_members_are_found_by_id_or_address_if_they_can_answer(world: World) -> None:
    viewer = world.viewer(world.owner)
    errors = Errors()
    for name in (world.partner_owner.email.upper(), str(world.partner_owner.uuid)):
        assert queries.find_answerable_member(viewer, errors, "owner", name) == world.partner_owner
    errors.raise_if_any()
    for nobody, code in (
        (world.outsider.email, "unknown_member"),
        ("", "unknown_member"),
        (None, "unknown_member"),
        ("a\0b", "unknown_member"),
        ({"id": 1}, "unknown_member"),
        (world.auditor.email, "cannot_own"),
        (world.integration.email, "cannot_own"),
    ):
        errors = Errors()
        assert queries.find_answerable_member(viewer, errors, "owner", nobody) is None
        with pytest.raises(Invalid) as refused:
            errors.raise_if_any()
        assert refused.value.fields["owner"][0].code == code


def test_choices_are_of_the_register(world: World) -> None:
    builders.taxonomy(world)
    choices = queries.choices_for(world.viewer(world.partner_owner))
    assert choices.parties == [("foton", "Foton"), ("catl", "CATL")]
    assert {key for *_x, key in choices.people} == {"foton", "catl"}
    assert len(choices.people) == 8
    assert [
        (key, [value for value, _name in terms]) for key, _name, terms in choices.taxonomies
    ] == [("market", ["market:eu", "market:mideast"])]
    own = queries.answerable_members(world.viewer("owner"), private_to=world.catl)
    assert {m.user for m in own} == {
        world.partner_owner, world.partner_deputy, world.partner_manager, world.partner_leader,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change, field",
    [
        ({"value": "NaN"}, "value"),
        ({"value": "many"}, "value"),
        ({"value": "1e30"}, "value"),
        ({"label": "guess"}, "label"),
        ({"names": {"en": "x\0"}}, "names"),
        ({"names": {"en": "x" * 200_000}}, "names"),
        ({"unit": ""}, "unit"),
        ({"unit": "a\nb"}, "unit"),
        ({"key": "Two Words"}, "key"),
        ({"due_on": "2030-12-32"}, "due_on"),
        ({"due_on": "2026-09-15"}, "due_on"),
        ({"baseline": "some"}, "baseline"),
        ({"source": {"colour": "red"}}, "source.colour"),
        ({"visibility": "secret"}, "visibility"),
    ],
)
def test_a_bad_objective_is_refused(world: World, change: dict[str, Any], field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        builders.objective(world, **change)
    assert set(refused.value.fields) == {field}


def test_objectives_of_a_party_are_seen_by_that_party(world: World) -> None:
    shared = builders.objective(world)
    own = builders.objective(world, key="own", visibility="party")
    assert shared.value == Decimal(300_000)
    for name, seen in (("owner", {shared, own}), ("partner_manager", {shared}),
                       ("auditor", {shared})):  # fmt: skip
        assert set(queries.objectives_for(world.viewer(name))) == seen
    assert Event.objects.get(subject_uuid=own.uuid).chain.key.endswith(str(world.foton.uuid))
    with nothing_changes(), pytest.raises(Invalid):
        builders.objective(world)
    with nothing_changes(), pytest.raises(Invalid):
        builders.objective(world, key="theirs", visibility="party", party=world.catl)


def test_the_other_party_can_use_a_key_that_is_taken_in_private(world: World) -> None:
    builders.objective(world, key="secret-plan", visibility="party")
    theirs = builders.objective(
        world, by=world.partner_manager, party=world.catl, key="secret-plan"
    )
    assert Objective.objects.filter(key="secret-plan").count() == 2
    assert theirs.visibility == "shared"


def test_only_managers_shape_the_frame(world: World) -> None:
    for name in set(world.members) - {"manager", "partner_manager"}:
        viewer = world.viewer(name)
        with nothing_changes():
            with pytest.raises(Forbidden):
                builders.taxonomy(world, actor=viewer)
            with pytest.raises(Forbidden):
                builders.objective(world, by=viewer.user)
            with pytest.raises(Forbidden):
                services.add_criteria(actor=viewer, data={}, at=world.at)


def test_bad_terms_are_refused(world: World) -> None:
    builders.taxonomy(world)
    for key, terms in (("market", None), ("Two Words", None), ("region", {"a b": "x"}),
                       ("region", {"eu": "x\0"})):  # fmt: skip
        with nothing_changes(), pytest.raises(Invalid):
            builders.taxonomy(world, key, terms)


def test_refs_are_gapless_for_each_audience_and_noun(world: World) -> None:
    def ref(noun: str, party: Any) -> str:
        with transaction.atomic():
            return services.take_next_ref(world.register, noun, party)

    assert [ref("risk", None), ref("risk", world.foton), ref("risk", None)] == [
        "R-001", "F-001", "R-002",
    ]  # fmt: skip
    assert [ref("mitigation", None), ref("mitigation", world.catl)] == ["M-001", "CM-001"]
    with transaction.atomic():
        services.take_next_ref(world.register, "risk", None)
        transaction.set_rollback(True)
    assert ref("risk", None) == "R-003"
    RefSequence.objects.filter(party=None, noun="risk").update(last=999)
    assert ref("risk", None) == "R-1000"


def test_the_day_is_that_of_the_register(world: World) -> None:
    late = dt.datetime(2026, 9, 16, 17, 0, tzinfo=dt.UTC)
    assert world.viewer("owner").today(late) == dt.date(2026, 9, 17)

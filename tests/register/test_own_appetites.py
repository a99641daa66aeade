"""A party's own appetite: set, changed and ended in its own chain, known to its people alone."""

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.register.appetite import MAX_TERM_APPETITES
from riskreg.register.models import OwnAppetite, Term
from riskreg.register.own_appetites import (
    has_rating_not_in,
    own_appetite_in_force_for,
    own_appetites_in_force_for,
    own_rule,
)
from riskreg.register.services import (
    archive_register,
    change_own_appetite,
    edit_term,
    end_own_appetite,
)
from riskreg.risks.services import merge_terms, publish_criteria
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db

LATER = dt.timedelta(hours=1)


def events(row: OwnAppetite) -> list[Event]:
    return list(Event.objects.filter(subject_uuid=row.uuid).order_by("seq"))


def refused(world: World, **given: Any) -> dict[str, list[str]]:
    """The codes of what is wrong, by field; nothing of it is written."""
    before = OwnAppetite.objects.count()
    with pytest.raises(Invalid) as error:
        builders.own_appetite(world, **given)
    assert OwnAppetite.objects.count() == before
    return {name: [e.code for e in found] for name, found in error.value.fields.items()}


def publish(world: World, **changes: Any) -> None:
    """Criteria of 4 × 4 with the ratings low, medium and high."""
    actor = world.viewer("manager")
    given: dict[str, Any] = {"data": builders.matrix(4, 4, **{"appetite": "medium", **changes})}
    if len(actor.criteria.impact) == 5:
        given["mapping"] = {axis: {5: 4} for axis in ("likelihood", "impact")}
    made = publish_criteria(actor=actor, seen_number=actor.criteria.number, at=world.at, **given)
    builders.agreed(world, made, world.at)


# Written, and in whose log ----------------------------------------------------------------------
def test_it_is_set_changed_and_ended_in_the_chain_of_its_party(world: World) -> None:
    builders.taxonomy(world)
    row = builders.own_appetite(world, "low", term="market:eu")
    assert (row.party, row.visibility, row.term.ref) == (world.foton, "party", "market:eu")
    assert (row.set_by, row.set_at, row.label) == (world.manager, world.at, "judgement")
    row = change_own_appetite(
        actor=world.viewer("manager"),
        appetite=row.uuid,
        fields={"rating": "moderate", "term": None},
        version=1,
        at=world.at + LATER,
    )
    end_own_appetite(
        actor=world.viewer("manager"), appetite=row.uuid, version=2, at=world.at + 2 * LATER
    )
    made, changed, ended = events(row)
    told = [json.loads(event.changes) for event in (made, changed, ended)]
    own = world.viewer("manager").audience.key
    assert {event.chain.key for event in events(row)} == {own}
    assert made.verb == "own_appetite.set"
    assert told[0] == {
        "term": [None, "market:eu"],
        "rating": [None, "low"],
        "reasons": [None, row.reasons],
        "label": [None, "judgement"],
        "party": [None, "foton"],
        "visibility": [None, "party"],
        "set_by": [None, str(world.manager.uuid)],
        "set_at": [None, told[0]["set_at"][1]],
    }
    assert changed.verb == "own_appetite.changed"
    assert told[1]["rating"] == ["low", "moderate"]
    assert told[1]["term"] == ["market:eu", None]
    assert (ended.verb, list(told[2])) == ("own_appetite.ended", ["ended_at"])
    assert [event.subject_version for event in (made, changed, ended)] == [1, 2, 3]
    assert list(own_appetites_in_force_for(world.viewer("manager"))) == []


def test_nothing_is_logged_where_nothing_differs(world: World) -> None:
    row = builders.own_appetite(world, "low")
    same = change_own_appetite(
        actor=world.viewer("manager"),
        appetite=row.uuid,
        fields={"rating": "low", "reasons": row.reasons},
        at=world.at + LATER,
    )
    assert (same.version, same.set_at, len(events(row))) == (1, world.at, 1)


def test_whoever_was_slower_is_told(world: World) -> None:
    row, actor = builders.own_appetite(world, "low"), world.viewer("manager")
    change_own_appetite(
        actor=actor, appetite=row.uuid, fields={"rating": "high"}, version=1, at=world.at
    )
    with pytest.raises(Conflict):
        change_own_appetite(
            actor=actor, appetite=row.uuid, fields={"rating": "moderate"}, version=1, at=world.at
        )
    with pytest.raises(Conflict):
        end_own_appetite(actor=actor, appetite=row.uuid, version=1, at=world.at)
    assert own_appetite_in_force_for(actor, row.uuid).rating == "high"


def test_what_has_ended_is_gone_and_another_takes_its_place(world: World) -> None:
    row, actor = builders.own_appetite(world, "low"), world.viewer("manager")
    end_own_appetite(actor=actor, appetite=row.uuid, at=world.at)
    with pytest.raises(NotFound):
        end_own_appetite(actor=actor, appetite=row.uuid, at=world.at)
    assert builders.own_appetite(world, "moderate").rating == "moderate"


# Whose it is ------------------------------------------------------------------------------------
def test_the_other_party_and_who_acts_for_none_know_nothing_of_it(world: World) -> None:
    row = builders.own_appetite(world, "low")
    for who in ("partner_manager", "partner_leader", "auditor"):
        viewer = world.viewer(who)
        assert list(own_appetites_in_force_for(viewer)) == []
        rule = own_rule(viewer)
        assert (rule.general, rule.named) == (None, {})
        with pytest.raises(NotFound):
            own_appetite_in_force_for(viewer, row.uuid)
    for who in ("partner_manager", "partner_leader"):
        for act in (
            lambda v: change_own_appetite(
                actor=v, appetite=row.uuid, fields={"rating": "high"}, at=world.at
            ),
            lambda v: end_own_appetite(actor=v, appetite=row.uuid, at=world.at),
        ):
            with pytest.raises(NotFound):
                act(world.viewer(who))
    for who in ("owner", "leader", "manager"):
        assert own_appetite_in_force_for(world.viewer(who), row.uuid) == row


def test_managers_of_the_party_set_it_and_nobody_else(world: World) -> None:
    row = builders.own_appetite(world, "low")
    for who in ("owner", "leader", "auditor"):
        with pytest.raises(Forbidden):
            builders.own_appetite(world, "low", by=who)
    for who in ("owner", "leader"):
        with pytest.raises(Forbidden):
            end_own_appetite(actor=world.viewer(who), appetite=row.uuid, at=world.at)
    assert builders.own_appetite(world, "high", by="partner_manager").party == world.catl


def test_an_archived_register_takes_none(world: World) -> None:
    made = archive_register(
        actor=world.viewer("manager"), reason="It has ended", version=None, at=world.at
    )
    builders.agreed(world, made)
    with pytest.raises(Forbidden):
        builders.own_appetite(world, "low")


def test_the_database_keeps_it_private_and_one_of_each(world: World) -> None:
    row = builders.own_appetite(world, "low")
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnAppetite.objects.filter(pk=row.pk).update(visibility="shared")
    row.pk, row.uuid = None, uuid.uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


# Refused in words -------------------------------------------------------------------------------
def test_bad_input_is_named(world: World) -> None:
    builders.taxonomy(world)
    assert refused(world, rating="severe") == {"rating": ["unknown_rating"]}
    assert refused(world, rating="") == {"rating": ["required"]}
    assert refused(world, rating=["low"]) == {"rating": ["not_text"]}
    assert refused(world, reasons="") == {"reasons": ["required"]}
    assert refused(world, reasons={}) == {"reasons": ["required"]}
    assert refused(world, reasons={"fr": "Parce que"}) == {"reasons": ["unknown_language"]}
    assert refused(world, reasons={"en": "x" * 301}) == {"reasons": ["too_long"]}
    assert refused(world, term="market:mars") == {"term": ["unknown_term"]}
    assert refused(world, term=["market:eu"]) == {"term": ["malformed"]}
    assert refused(world, label="sourced") == {"label": ["needs_source"]}
    assert refused(world, label="certain") == {"label": ["unknown"]}
    assert refused(world, rating="severe", term="x", reasons=None) == {
        "rating": ["unknown_rating"], "term": ["unknown_term"], "reasons": ["required"],
    }  # fmt: skip
    with pytest.raises(Invalid) as error:
        change_own_appetite(
            actor=world.viewer("manager"),
            appetite=builders.own_appetite(world, "low").uuid,
            fields={"party": "catl"},
            at=world.at,
        )
    assert error.value.fields["party"][0].code == "unknown_field"


def test_there_is_one_in_general_and_one_for_each_term(world: World) -> None:
    builders.taxonomy(world)
    builders.own_appetite(world, "low")
    eu = builders.own_appetite(world, "moderate", term="market:eu")
    assert refused(world) == {"term": ["taken"]}
    assert refused(world, term="market:eu") == {"term": ["taken"]}
    assert builders.own_appetite(world, "moderate", term="market:mideast").pk != eu.pk
    with pytest.raises(Invalid) as error:
        change_own_appetite(
            actor=world.viewer("manager"), appetite=eu.uuid, fields={"term": None}, at=world.at
        )
    assert error.value.fields["term"][0].code == "taken"
    # The partner's is the partner's.
    assert builders.own_appetite(world, "low", by="partner_manager").party == world.catl


def test_a_party_has_a_bounded_number_of_them(world: World) -> None:
    terms = {f"m{n}": f"Market {n}" for n in range(MAX_TERM_APPETITES + 1)}
    builders.taxonomy(world, terms=terms)
    builders.own_appetite(world, "low")
    for key in list(terms)[:-1]:
        builders.own_appetite(world, "low", term=f"market:{key}")
    assert refused(world, term=f"market:m{MAX_TERM_APPETITES}") == {"term": ["too_many"]}


def test_a_term_of_another_register_is_unknown(world: World) -> None:
    other = builders.build_world(slug="another-programme")
    builders.taxonomy(other)
    assert refused(world, term="market:eu") == {"term": ["unknown_term"]}


# What becomes of it -----------------------------------------------------------------------------
def test_a_missing_translation_falls_back(world: World) -> None:
    row = builders.own_appetite(world, "low", reasons={"zh-hans": "我方利润微薄"})
    with translation.override("en"):
        assert row.reason == "我方利润微薄"
    row = builders.own_appetite(world, "low", by="partner_manager", reasons="Thin margins")
    with translation.override("zh-hans"):
        assert row.reason == "Thin margins"


def test_criteria_without_its_rating_leave_it_out_of_date(world: World) -> None:
    row = builders.own_appetite(world, "critical")
    assert own_rule(world.viewer("manager")).general == row
    publish(world)
    viewer = world.viewer("manager")
    kept = own_appetite_in_force_for(viewer, row.uuid)
    assert has_rating_not_in(kept, viewer.criteria)
    assert own_rule(viewer).general is None
    # Its words can change as it stands; and another rating brings it back.
    change_own_appetite(
        actor=viewer, appetite=row.uuid, fields={"reasons": "Still so"}, at=world.at
    )
    change_own_appetite(actor=viewer, appetite=row.uuid, fields={"rating": "high"}, at=world.at)
    general = own_rule(viewer).general
    assert general is not None
    assert not has_rating_not_in(general, viewer.criteria)


def test_a_term_out_of_use_is_refused_and_kept_where_it_was(world: World) -> None:
    builders.taxonomy(world)
    row = builders.own_appetite(world, "low", term="market:eu")
    for ref in ("market:eu", "market:mideast"):
        made = edit_term(
            actor=world.viewer("manager"), ref=ref, fields={"active": False}, version=None,
            at=world.at,
        )  # fmt: skip
        builders.agreed(world, made)
    assert refused(world, term="market:mideast") == {"term": ["retired"]}
    changed = change_own_appetite(
        actor=world.viewer("manager"),
        appetite=row.uuid,
        fields={"term": "market:eu", "rating": "moderate"},
        at=world.at,
    )
    assert changed.rating == "moderate"


def test_of_two_terms_that_were_merged_the_stricter_counts(world: World) -> None:
    builders.taxonomy(world)
    eu = builders.own_appetite(world, "low", term="market:eu")
    builders.own_appetite(world, "high", term="market:mideast")
    made = merge_terms(
        actor=world.viewer("manager"), ref="market:eu", into="market:mideast", version=None,
        at=world.at,
    )  # fmt: skip
    builders.agreed(world, made)
    assert Term.objects.get(key="eu").merged_into is not None
    assert own_rule(world.viewer("manager")).named == {"market:mideast": eu}

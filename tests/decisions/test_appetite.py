"""Acceptances where a term has an appetite of its own: needed, asked for, stale, of a past day."""

from typing import Any

import pytest

from riskreg.decisions.queries.acceptances import (
    acceptance_for,
    stale_because,
    unaccepted_threats_above_appetite,
)
from riskreg.decisions.queries.past import unaccepted_threats_among
from riskreg.kernel import clock
from riskreg.kernel.errors import Invalid
from riskreg.register.policy import default_criteria
from riskreg.risks.queries.heatmap_positions import open_positions_on
from riskreg.risks.services import publish_criteria
from tests import builders
from tests.builders import World
from tests.decisions.making import DAY, accepted, asked
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
COMPLIANCE, MARKET = "category:compliance", "category:market"


@pytest.fixture
def terms(world: World) -> World:
    """The register with two terms, neither with an appetite."""
    builders.taxonomy(world, "category", {"compliance": "Compliance", "market": "Market"})
    return world


def publish(world: World, at: Any = None, **named: str) -> None:
    """The default criteria, moderate being the general appetite, with these of terms."""
    actor = world.viewer("manager")
    rows = [{"term": f"category:{key}", "rating": rating} for key, rating in named.items()]
    made = publish_criteria(
        actor=actor, data={**default_criteria(), "term_appetites": rows},
        seen_number=actor.criteria.number, at=at or world.at,
    )  # fmt: skip
    builders.agreed(world, made, at or world.at)


def needing(world: World) -> list[str]:
    return sorted(
        row.ref for row in unaccepted_threats_above_appetite(world.viewer("leader"), world.today)
    )


def stale(world: World, ref: str) -> list[str]:
    viewer = world.viewer("leader")
    found = acceptance_for(viewer, ref, world.today)
    return [each.value for each in stale_because(viewer, found)]


def test_what_its_own_appetite_puts_above_needs_one_and_can_be_accepted(terms: World) -> None:
    strict = builders.risk(terms, terms=[COMPLIANCE], rated=(3, 3))
    builders.risk(terms, terms=[MARKET], rated=(3, 3))
    assert needing(terms) == []
    with nothing_changes(), pytest.raises(Invalid) as refused:
        asked(terms, strict)
    assert refused.value.fields["risk"][0].code == "within_appetite"
    publish(terms, compliance="low")
    assert needing(terms) == [strict.ref]
    granted = accepted(terms, strict)
    assert (needing(terms), stale(terms, granted.ref)) == ([], [])


def test_what_its_own_appetite_takes_in_needs_none(terms: World) -> None:
    loose = builders.risk(terms, terms=[MARKET], rated=(3, 4))
    both = builders.risk(terms, terms=[MARKET, COMPLIANCE], rated=(3, 4))
    assert needing(terms) == [loose.ref, both.ref]
    publish(terms, market="high", compliance="moderate")
    assert needing(terms) == [both.ref], "the strictest holds"
    with pytest.raises(Invalid) as refused:
        asked(terms, loose)
    assert refused.value.fields["risk"][0].code == "within_appetite"


def test_only_acceptances_of_risks_whose_appetite_is_stricter_by_now_are_stale(
    terms: World,
) -> None:
    mine, other = (builders.risk(terms, terms=[t], rated=(3, 4)) for t in (COMPLIANCE, MARKET))
    granted, untouched = accepted(terms, mine), accepted(terms, other)
    assert needing(terms) == []
    publish(terms, compliance="low")
    assert stale(terms, granted.ref) == ["criteria_stricter"]
    assert stale(terms, untouched.ref) == []
    assert needing(terms) == [mine.ref], "the list says what the page of each says"
    # As loose as it was again: it stands on nothing that is gone.
    publish(terms, compliance="moderate")
    assert (stale(terms, granted.ref), needing(terms)) == ([], [])


def test_the_general_appetite_made_stricter_leaves_what_has_its_own(terms: World) -> None:
    publish(terms, market="moderate")
    own, general = (builders.risk(terms, terms=[t], rated=(3, 4)) for t in (MARKET, COMPLIANCE))
    first, second = accepted(terms, own), accepted(terms, general)
    actor = terms.viewer("manager")
    publish_criteria(
        actor=actor, data={**default_criteria(), "appetite": "low"},
        seen_number=actor.criteria.number, at=terms.at,
    )  # fmt: skip
    assert (stale(terms, first.ref), stale(terms, second.ref)) == ([], ["criteria_stricter"])
    assert needing(terms) == [general.ref]


def test_a_past_day_goes_by_the_criteria_of_that_day(terms: World) -> None:
    row = builders.risk(terms, terms=[COMPLIANCE], rated=(3, 3))
    before = terms.viewer("leader").criteria
    publish(terms, at=terms.at + 10 * DAY, compliance="low")
    viewer, later = terms.viewer("leader"), terms.today + 20 * DAY
    for day, criteria, found in (
        (terms.today, before, []),
        (terms.today + 15 * DAY, viewer.criteria, [row.ref]),
    ):
        end = clock.start_of_next_day(day, terms.register.time_zone)
        rows = unaccepted_threats_among(
            viewer, open_positions_on(viewer, day, later), criteria, day, end
        )
        assert [each.ref for each in rows] == found

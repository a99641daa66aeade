"""Above a party's own appetite: by Python as by the database, and for nobody else."""

import itertools
from typing import Any

import pytest
from django.http import QueryDict

from riskreg.register.own_appetites import own_rule
from riskreg.register.policy import Matrix
from riskreg.risks import filters
from riskreg.risks.appetite import is_threat_above_appetite, is_threat_above_own_appetite
from riskreg.risks.models import Position
from riskreg.risks.queries.counts import risk_counts
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.services import merge_terms
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db

# Where a risk of each rating stands by the criteria a new register starts with.
CELLS = {"very_low": (1, 1), "low": (2, 2), "moderate": (3, 3), "high": (3, 5), "critical": (5, 5)}
SETS: list[list[str]] = [[], ["market:eu"], ["market:mideast"], ["market:eu", "market:mideast"]]


@builders.shared_world
def filed(world: World) -> World:
    """A threat of each rating, and a critical opportunity, under each set of terms."""
    builders.taxonomy(world)
    for terms in SETS:
        for cell in CELLS.values():
            builders.risk(world, terms=terms, rated=cell)
        builders.risk(world, terms=terms, rated=(5, 5), kind="opportunity", response="exploit")
    return world


def listed(world: World, who: str, asked: str) -> set[str]:
    viewer = world.viewer(who)
    chosen = filters.parse(viewer, QueryDict(asked), world.at)
    return set(chosen.apply(Position.objects.filter(valid_to=None)).values_list("ref", flat=True))


def by_rule(world: World, who: str) -> set[str]:
    """The refs that the rule names in Python, row by row."""
    rule = own_rule(world.viewer(who))
    rows = Position.objects.filter(valid_to=None).select_related("risk")
    return {
        row.ref
        for row in rows
        if rule.exceeded_appetite(
            row.residual_rating, row.kind, [term.ref for term in row.risk.terms.all()]
        )
    }


OWN: list[dict[str, str]] = [
    dict(zip(("", "market:eu", "market:mideast"), values, strict=True))
    for values in itertools.product(("-", "low", "high"), repeat=3)
]


@pytest.mark.parametrize("own", OWN, ids=lambda own: " ".join(own.values()))
def test_python_and_the_database_say_the_same(filed: World, own: dict[str, str]) -> None:
    for term, rating in own.items():
        if rating != "-":
            builders.own_appetite(filed, rating, term=term or None)
    found = listed(filed, "owner", "above_own=true")
    assert found == by_rule(filed, "owner")
    every = listed(filed, "owner", "state=all")
    assert listed(filed, "owner", "above_own=false") == every - found
    # By hand: the strictest of the terms, else the general one, else nothing.
    order = list(CELLS)
    expected = 0
    for terms in SETS:
        named = [order.index(own[t]) for t in terms if own[t] != "-"]
        general = order.index(own[""]) if own[""] != "-" else len(order)
        expected += len(order) - 1 - min(min(named) if named else general, len(order) - 1)
    assert len(found) == expected
    assert listed(filed, "partner_owner", "above_own=true") == set()
    assert listed(filed, "auditor", "above_own=true") == set()


def test_it_changes_nothing_that_is_common(filed: World) -> None:
    viewer = filed.viewer("leader")

    def common() -> Any:
        shown = heatmap(viewer, stage="residual", at=filed.at)
        rows = Position.objects.filter(
            is_threat_above_appetite(Matrix(viewer.criteria)), valid_to=None
        )
        return risk_counts(viewer, filed.at), shown.above_count, set(rows)

    before = common()
    builders.own_appetite(filed, "very_low")
    assert common() == before


def test_each_party_goes_by_its_own(filed: World) -> None:
    builders.own_appetite(filed, "high")
    builders.own_appetite(filed, "moderate", by="partner_manager")
    ours, theirs = (listed(filed, who, "above_own=true") for who in ("owner", "partner_owner"))
    assert (len(ours), len(theirs)) == (4, 8)
    assert ours < theirs


def test_what_a_merged_term_said_holds_for_what_is_filed_there_since(filed: World) -> None:
    builders.own_appetite(filed, "low", term="market:eu")
    before = listed(filed, "owner", "above_own=true")
    made = merge_terms(
        actor=filed.viewer("manager"), ref="market:eu", into="market:mideast", version=None,
        at=filed.at,
    )  # fmt: skip
    builders.agreed(filed, made)
    after = listed(filed, "owner", "above_own=true")
    assert (len(before), len(after)) == (6, 9)
    assert after == by_rule(filed, "owner")


def test_another_stage_is_judged_by_its_own_rating(world: World) -> None:
    risk = builders.risk(world, rated=(1, 1), inherent=(5, 5))
    builders.own_appetite(world, "low")
    assert listed(world, "owner", "above_own=true") == set()
    assert listed(world, "owner", "above_own=true&stage=inherent") == {risk.ref}


def test_without_an_own_appetite_nothing_is_above(filed: World) -> None:
    viewer = filed.viewer("owner")
    assert not Position.objects.filter(
        is_threat_above_own_appetite(
            Matrix(viewer.criteria), own_rule(viewer).above_appetite_conditions()
        ),
        valid_to=None,
    ).exists()

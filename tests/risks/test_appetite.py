"""Appetite of terms: one rule, by Python and by the database, and everything that counts by it."""

import datetime as dt
import itertools
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskreg.decisions.policy import acceptances as policy
from riskreg.kernel.errors import Invalid
from riskreg.register import services as register_services
from riskreg.register.appetite import above_appetite_condition, appetite_of
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix, clean_criteria
from riskreg.risks import filters, services
from riskreg.risks.appetite import (
    is_met_by_conditions_of_now_alone,
    is_threat_above_appetite,
    joined_terms_expression,
    split_joined_terms,
    terms_of,
)
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.counts import risk_counts
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.scales import preview_publication
from riskreg.risks.queries.totals import above_appetite_counts_over_time
from tests import builders
from tests.builders import World

DAY = dt.timedelta(days=1)
KEYS = ("low", "medium", "high")
TERMS = ("category:compliance", "category:market", "market:eu")
SETS: list[set[str]] = [set(some) for n in range(4) for some in itertools.combinations(TERMS, n)]
# Where a risk of each rating stands on a matrix of 4 × 4.
CELLS = {"low": (1, 1), "medium": (2, 4), "high": (4, 4)}


def own(**named: str) -> list[dict[str, str]]:
    """Appetites of terms: ``category__compliance="low"``."""
    return [{"term": n.replace("__", ":"), "rating": r} for n, r in named.items()]


def criteria(**changes: Any) -> dict[str, Any]:
    return builders.matrix(4, 4, **{"appetite": "medium", **changes})


def publish(world: World, at: dt.datetime | None = None, **changes: Any) -> Any:
    actor = world.viewer("manager")
    made = services.publish_criteria(
        actor=actor, data=criteria(**changes), seen_number=actor.criteria.number,
        mapping={axis: {5: 4} for axis in ("likelihood", "impact")}
        if len(actor.criteria.impact) == 5 else None,
        at=at or world.at,
    )  # fmt: skip
    return builders.agreed(world, made, at or world.at)


@builders.shared_world
def filed(world: World) -> World:
    """A risk of each set of terms and each rating, by criteria of 4 × 4."""
    actor = world.viewer("manager")
    for key, terms in (("category", ("compliance", "market", "people")), ("market", ("eu",))):
        register_services.add_taxonomy(
            actor=actor, key=key, names={"en": key.capitalize()}, at=world.at,
            terms=[{"key": term, "names": {"en": term.capitalize()}} for term in terms],
        )  # fmt: skip
    publish(world)
    for terms in SETS:
        for cell in CELLS.values():
            builders.risk(world, terms=sorted(terms), rated=cell)
    builders.risk(world, terms=["category:compliance"], rated=(4, 4), kind="opportunity",
                  response="enhance")  # fmt: skip
    builders.risk(world, terms=["category:compliance"], rated=None)
    return world


def facts() -> list[tuple[Position, set[str]]]:
    rows = Position.objects.filter(valid_to=None).select_related("risk")
    return [(row, {term.ref for term in row.risk.terms.all()}) for row in rows]


@st.composite
def appetites(draw: Any) -> dict[str, Any]:
    named = draw(st.dictionaries(st.sampled_from(TERMS), st.sampled_from(KEYS[:2])))
    return {
        "appetite": draw(st.sampled_from(KEYS)),
        "term_appetites": [{"term": t, "rating": r} for t, r in sorted(named.items())],
    }


def matrix_of(world: World, **changes: Any) -> Matrix:
    made = Criteria(register=world.register, **clean_criteria(criteria(**changes)))
    return Matrix(made)


@given(st.sampled_from(KEYS), st.dictionaries(st.sampled_from(TERMS), st.sampled_from(KEYS)),
       st.sets(st.sampled_from(TERMS)), st.sampled_from(KEYS))  # fmt: skip
def test_above_is_a_rating_worse_than_the_strictest_appetite(
    general: str, named: dict[str, str], terms: set[str], rating: str
) -> None:
    holds = [named[term] for term in terms & set(named)] or [general]
    strictest = min(map(KEYS.index, holds))
    assert KEYS.index(appetite_of(KEYS, general, named, terms)) == strictest
    found = above_appetite_condition(KEYS, general, named, rating).is_met_by(terms)
    assert found is (KEYS.index(rating) > strictest)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture],
          deadline=None)  # fmt: skip
@given(wanted=appetites(), frozen=appetites())
def test_the_database_says_what_python_says(
    filed: World, wanted: dict[str, Any], frozen: dict[str, Any]
) -> None:
    matrix, before = matrix_of(filed, **wanted), matrix_of(filed, **frozen)
    before.criteria.pk = -1
    by_sql = set(
        Position.objects.filter(is_threat_above_appetite(matrix), valid_to=None).values_list(
            "pk", flat=True
        )
    )
    within = set(
        Position.objects.filter(~is_threat_above_appetite(matrix), valid_to=None).values_list(
            "pk", flat=True
        )
    )
    pairs = policy.changed_appetite_conditions(before, matrix)
    stricter = is_met_by_conditions_of_now_alone(pairs, matrix)
    rows = Position.objects.filter(valid_to=None)
    if isinstance(stricter, bool):
        by_terms = set(rows.values_list("pk", flat=True)) if stricter else set()
    else:
        by_terms = set(rows.filter(stricter).values_list("pk", flat=True))
    for row, terms in facts():
        expected = matrix.above_appetite(row.residual_rating, row.kind, terms)
        assert (row.pk in by_sql, row.pk in within) == (expected, not expected)
        was, now = (KEYS.index(m.appetite_of(terms)) for m in (before, matrix))
        assert (row.pk in by_terms) is (now < was)
        assert policy.criteria_ask_no_more(before, matrix, "high", terms) is (now >= was)


def test_terms_of_rows_are_read_with_them_and_merged_ones_too(filed: World) -> None:
    for row, terms in facts():
        assert terms_of(row.risk) == terms
    actor = filed.viewer("manager")
    for old, new in (("compliance", "people"), ("people", "market")):
        asked = services.merge_terms(
            actor=actor, ref=f"category:{old}", into=f"category:{new}", version=None, at=filed.at
        )
        builders.agreed(filed, asked)
    texts = Risk.objects.annotate(text=joined_terms_expression("pk")).values_list("text", flat=True)
    found = {split_joined_terms(text) for text in texts}
    one = {"category:market", "category:compliance", "category:people"}
    assert found == {frozenset(), frozenset({"market:eu"}), frozenset(one),
                     frozenset({*one, "market:eu"})}  # fmt: skip
    matrix = matrix_of(filed, term_appetites=own(category__compliance="low"))
    rows = Position.objects.filter(
        is_threat_above_appetite(matrix), valid_to=None, residual_rating="medium"
    )
    filed_there = Position.objects.filter(
        valid_to=None, residual_rating="medium", risk__terms__key="market"
    )
    assert set(rows) == set(filed_there)


def test_every_count_goes_by_the_appetite_of_the_terms(filed: World) -> None:
    viewer, at = filed.viewer("leader"), filed.at + DAY
    assert risk_counts(viewer, at).above_appetite == 8  # high ones of all eight sets
    publish(filed, at, term_appetites=own(category__compliance="low"))
    viewer = filed.viewer("leader")
    shown = heatmap(viewer, stage="residual", at=at)
    chosen = filters.parse(viewer, QueryDict("above_appetite=true&state=open"), at)
    listed = set(chosen.apply(Position.objects.filter(valid_to=None)).values_list("ref", flat=True))
    beside = heatmap_lists.risks_in_cell(
        viewer, heatmap_lists.ABOVE, stage="residual", at=at, as_of=viewer.today(at)
    )
    assert risk_counts(viewer, at).above_appetite == shown.above_count == 12
    assert {row.ref for row in beside} == listed
    assert len(listed) == 12
    assert heatmap(viewer, stage="residual", at=at, kind="opportunity").above_count == 0
    # A past day goes by the criteria of that day, in the picture and over time.
    before, later = filed.today, at + DAY
    assert heatmap(viewer, stage="residual", at=later, as_of=before).above_count == 8
    assert above_appetite_counts_over_time(viewer, [before, viewer.today(at)]) == [8, 12]


def test_a_looser_appetite_of_a_term_takes_risks_out(filed: World) -> None:
    publish(filed, appetite="low")
    assert risk_counts(filed.viewer("leader"), filed.at).above_appetite == 16
    publish(filed, appetite="low", term_appetites=own(market__eu="medium"))
    # The four sets without it, and the high ones of the four with it.
    assert risk_counts(filed.viewer("leader"), filed.at).above_appetite == 12
    publish(filed, appetite="low", term_appetites=own(market__eu="medium", category__market="low"))
    # The strictest holds where a risk has both.
    assert risk_counts(filed.viewer("leader"), filed.at).above_appetite == 14


def test_the_preview_names_the_risks_that_would_be_above_or_within(filed: World) -> None:
    viewer = filed.viewer("manager")
    found = preview_publication(viewer, criteria(term_appetites=own(category__compliance="low")))
    assert found.changes == []
    medium = {row.ref for row, terms in facts()
              if row.residual_rating == "medium" and "category:compliance" in terms}  # fmt: skip
    assert {c.ref for c in found.appetite} == medium
    assert {(c.before, c.after) for c in found.appetite} == {(False, True)}
    publish(filed, term_appetites=own(category__compliance="low"))
    back = preview_publication(filed.viewer("manager"), criteria(term_appetites=[]))
    assert {(c.ref, c.before, c.after) for c in back.appetite} == {(r, True, False) for r in medium}


@pytest.mark.parametrize(
    ("rows", "code", "word"),
    [
        (own(category__nothing="low"), "unknown_term", "category:nothing"),
        (own(category__compliance="high"), "nothing_above", "choose a lower one"),
        (own(category__compliance="worst"), "unknown_rating", "low, medium, high"),
        ([*own(category__compliance="low"), *own(category__compliance="medium")], "repeated",
         "category:compliance"),
        ([{"term": "compliance", "rating": "low"}], "malformed", "taxonomy:term"),
        (["category:compliance"], "malformed", "taxonomy:term"),
        ({"category:compliance": "low"}, "not_a_list", "50"),
        (None, "not_a_list", "50"),
        (own(category__people="low"), "retired", "out of use"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_its_field(filed: World, rows: Any, code: str, word: str) -> None:
    actor = filed.viewer("manager")
    asked = register_services.edit_term(
        actor=actor, ref="category:people", fields={"active": False}, version=None, at=filed.at
    )
    builders.agreed(filed, asked)
    for act in (publish, lambda world, **new: preview_publication(actor, criteria(**new))):
        with pytest.raises(Invalid) as refused:
            act(filed, term_appetites=rows)
        (error,) = refused.value.fields["term_appetites"]
        assert error.code == code
        assert word in error.detail
    assert filed.viewer("manager").criteria.term_appetites == []


def test_a_rating_below_every_cell_leaves_nothing_within(filed: World) -> None:
    ratings = [{"key": "none", "names": {"en": "None"}, "cadence_days": 200},
               *criteria()["ratings"]]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        publish(filed, ratings=ratings, term_appetites=own(category__compliance="none"))
    (error,) = refused.value.fields["term_appetites"]
    assert (error.code, "low or a higher one" in error.detail) == ("nothing_within", True)


def test_a_term_with_an_appetite_is_neither_retired_nor_merged(filed: World) -> None:
    publish(filed, term_appetites=own(category__compliance="low"))
    actor = filed.viewer("manager")
    with pytest.raises(Invalid) as refused:
        register_services.edit_term(
            actor=actor, ref="category:compliance", fields={"active": False}, version=None,
            at=filed.at,
        )  # fmt: skip
    assert refused.value.fields["active"][0].code == "has_appetite"
    with pytest.raises(Invalid) as refused:
        services.merge_terms(
            actor=actor, ref="category:compliance", into="category:market", version=None,
            at=filed.at,
        )  # fmt: skip
    assert "Publish criteria without it" in refused.value.fields["into"][0].detail
    # Another one may go into it, and without an appetite it goes itself.
    asked = services.merge_terms(
        actor=actor, ref="category:people", into="category:compliance", version=None, at=filed.at
    )
    builders.agreed(filed, asked)
    publish(filed, term_appetites=[])
    asked = services.merge_terms(
        actor=actor, ref="category:compliance", into="category:market", version=None, at=filed.at
    )
    assert builders.agreed(filed, asked).state == "applied"


def test_what_is_not_named_stays_and_another_cadence_keeps_it(filed: World) -> None:
    rows = own(category__compliance="low")
    publish(filed, term_appetites=rows)
    publish(filed, unrated_cadence_days=20)
    actor = filed.viewer("manager")
    assert actor.criteria.term_appetites == rows
    services.set_cadence(
        actor=actor, cadence={"high": 10}, seen_number=actor.criteria.number, at=filed.at
    )
    assert filed.viewer("manager").criteria.term_appetites == rows


def test_a_stricter_one_holds_at_once_and_a_looser_one_asks(filed: World) -> None:
    actor = filed.viewer("manager")

    def change(**new: Any) -> Any:
        now = filed.viewer("manager").criteria
        return services.publish_criteria(
            actor=actor, data=criteria(**new), seen_number=now.number, at=filed.at
        )

    change(term_appetites=own(category__compliance="low"))
    assert filed.viewer("manager").criteria.term_appetites == own(category__compliance="low")
    for looser in ([], own(category__compliance="medium")):
        asked = change(term_appetites=looser)
        assert isinstance(asked, ChangeRequest)
        assert asked.is_open
        (line,) = asked.lines
        assert line.label == "Compliance: needs no acceptance up to"
        assert line.before == "Low"
        assert line.after == ("Medium" if looser else "as in general (Medium)")
        register_services.withdraw_change(actor=actor, name=asked.ref, version=None, at=filed.at)
    assert filed.viewer("manager").criteria.term_appetites == own(category__compliance="low")

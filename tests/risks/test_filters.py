"""One reading of the query string for screens and API."""

import datetime as dt

import pytest
from django.http import QueryDict

from riskreg.kernel.errors import Errors, Invalid
from riskreg.risks import filters, services
from riskreg.risks.queries.counts import open_counts_by_rating, risk_counts
from riskreg.risks.queries.lists import risk_list
from tests import builders
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@builders.shared_world
def rich(world: World) -> World:
    """R-001 4×5 · R-002 unrated · R-003 1×1, closed · R-004 draft · R-005 of catl · F-001 own."""
    builders.taxonomy(world)
    builders.objective(world)
    builders.objective(world, key="second")
    builders.risk(
        world,
        terms=["market:eu"],
        objectives=["overseas-units-2030", "second"],
        deputy=world.deputy.email,
        external_id="ERP-1",
        inherent=(5, 5),
        translations={"zh-hans": {"title": "海外政策壁垒"}},
    )
    builders.risk(world, title="Hydrogen", rated=None, terms=["market:eu", "market:mideast"],
                  objectives=["second"], at=world.at - 60 * DAY)  # fmt: skip
    closed = builders.risk(world, title="Old", rated=(1, 1))
    services.close_risk(
        actor=world.viewer("owner"), ref=closed.ref, version=None, reason="Past", at=world.at
    )
    builders.risk(world, title="Draft", rated=(2, 2), opened=False)
    builders.risk(
        world, by=world.partner_owner, title="Raw materials", kind="opportunity", response=""
    )
    builders.risk(world, title="Own plan", visibility="party", rated=(2, 2))
    return world


def refs(world: World, query: str, who: str = "owner") -> list[str]:
    viewer = world.viewer(who)
    chosen = filters.parse(viewer, QueryDict(query), world.at)
    found = [p.ref for p in risk_list(viewer, chosen).order_by("ref_order")]
    assert len(found) == len(set(found))
    return found


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", "R-001 R-002 R-003 R-004 R-005 F-001"),
        ("state=all", "R-001 R-002 R-003 R-004 R-005 F-001"),
        ("state=open", "R-001 R-002 R-005 F-001"),
        ("state=draft&state=closed", "R-003 R-004"),
        ("owner=me", "R-001 R-002 R-003 R-004 F-001"),
        ("party=catl", "R-005"),
        ("rating=critical", "R-001 R-005"),
        ("rating=low&rating=critical", "R-001 R-004 R-005 F-001"),
        ("stage=inherent&rating=critical", "R-001"),
        ("likelihood=4&impact=5", "R-001 R-005"),
        ("stage=inherent&likelihood=4", ""),
        ("unrated=true&state=open", "R-002"),
        ("unrated=false&state=open", "R-001 R-005 F-001"),
        ("stage=target&unrated=true&state=open", "R-001 R-002 R-005 F-001"),
        ("term=market:eu", "R-001 R-002"),
        ("term=market:eu&term=market:mideast", "R-002"),
        ("objective=second", "R-001 R-002"),
        ("objective=second&objective=overseas-units-2030", "R-001 R-002"),
        ("q=hydrogen", "R-002"),
        ("q=HYDRO", "R-002"),
        ("q=overseas policy", "R-001"),
        ("q=r-005", "R-005"),
        ("q=政策", "R-001"),
        ("q=zh-hans", ""),
        ("q=translations", ""),
        ("q=100%25", ""),
        ("overdue=true", "R-002"),
        ("overdue=false&state=open", "R-001 R-005 F-001"),
        ("due_before=2026-09-16", "R-002"),
        ("due_before=2026-12-31", "R-001 R-002 R-005"),
        ("external_id=ERP-1", "R-001"),
        ("kind=opportunity", "R-005"),
        ("above_appetite=true", "R-001"),
        ("updated_since=2026-09-17T00:00:00Z", ""),
        ("updated_since=2026-09-16T00:00:00%2B08:00", "R-001 R-003 R-004 R-005 F-001"),
        ("state=&rating=&q=", "R-001 R-002 R-003 R-004 R-005 F-001"),
    ],
)
def test_filters_pick_what_they_say(rich: World, query: str, expected: str) -> None:
    assert refs(rich, query) == expected.split()
    theirs = [r for r in expected.split() if not r.startswith("F-")]
    if query.startswith("external_id="):
        theirs = []  # it is its own party's alone
    if "owner=me" not in query:
        assert refs(rich, query, "partner_owner") == refs(rich, query, "auditor") == theirs


def test_owners_are_named_by_id(rich: World) -> None:
    assert refs(rich, f"owner={rich.partner_owner.uuid}") == ["R-005"]
    assert refs(rich, f"owner={rich.partner_owner.uuid}&owner=me&state=open") == [
        "R-001", "R-002", "R-005", "F-001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query, field",
    [
        ("stat=open", "stat"),
        ("state=opened", "state"),
        ("state=all&state=open", "state"),
        ("rating=worst", "rating"),
        ("stage=final", "stage"),
        ("likelihood=6", "likelihood"),
        ("likelihood=x", "likelihood"),
        ("impact=0", "impact"),
        ("owner=somebody", "owner"),
        ("term=eu", "term"),
        ("kind=wish", "kind"),
        ("overdue=maybe", "overdue"),
        ("unrated=2", "unrated"),
        ("party=nobody", "party"),
        ("term=market:none", "term"),
        ("due_before=soon", "due_before"),
        ("due_before=2026-13-01", "due_before"),
        ("updated_since=2026-09-16", "updated_since"),
        ("updated_since=2026-09-16T00:00:00", "updated_since"),
        ("updated_since=0001-01-01T00:00:00%2B14:00", "updated_since"),
        ("updated_since=9999-12-31T23:59:59-14:00", "updated_since"),
        ("q=a%00b", "q"),
        ("party=%00", "party"),
        ("external_id=%00", "external_id"),
        ("objective=%00", "objective"),
        ("term=market:%00", "term"),
    ],
)
def test_a_filter_that_is_wrong_is_named(world: World, query: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        filters.parse(world.viewer("owner"), QueryDict(query), world.at)
    assert set(refused.value.fields) == {field}


def test_names_of_others_are_passed_over_when_asked(world: World) -> None:
    chosen = filters.parse(
        world.viewer("owner"), {"limit": "5", "state": ["open"]}, world.at, other_params=("limit",)
    )
    assert chosen.given == {"state": ["open"]}
    assert chosen.state_given


@pytest.mark.parametrize(
    "value, expected",
    [
        ("score", ("target_score", False)),
        ("-score", ("target_score", True)),
        (None, ("risk__next_review_on", False)),
        ("-ref", ("ref_order", True)),
    ],
)
def test_orderings(value: str | None, expected: tuple[str, bool]) -> None:
    errors = Errors()
    assert filters.parse_risk_ordering(errors, value, "target", "next_review_on") == expected
    errors.raise_if_any()


@pytest.mark.parametrize("value", ["owner__password", "--ref", "-", "risk__party_id"])
def test_no_other_column_can_be_ordered_by(value: str) -> None:
    errors = Errors()
    filters.parse_risk_ordering(errors, value, "residual", "ref")
    with pytest.raises(Invalid):
        errors.raise_if_any()


def test_figures_are_of_what_the_viewer_sees(rich: World) -> None:
    ours = risk_counts(rich.viewer("owner"), rich.at)
    assert ours == risk_counts(rich.viewer("manager"), rich.at)
    assert vars(ours) == {
        "open": 4, "draft": 1, "closed": 1, "unrated": 1, "overdue": 1, "due_soon": 0,
        "above_appetite": 1, "behind": 0,
    }  # fmt: skip
    assert risk_counts(rich.viewer("auditor"), rich.at).open == 3
    assert open_counts_by_rating(rich.viewer("owner")) == {
        "threat": {"critical": 1, "low": 1, "unrated": 1},
        "opportunity": {"critical": 1},
    }
    assert open_counts_by_rating(rich.viewer("partner_leader")) == {
        "threat": {"critical": 1, "unrated": 1},
        "opportunity": {"critical": 1},
    }
    chosen = filters.parse(rich.viewer("owner"), {"party": "catl"}, rich.at)
    assert risk_counts(rich.viewer("owner"), rich.at, chosen).open == 1

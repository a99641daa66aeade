"""Lists of mitigations and indicators: the same filters and orders as risks, on the same words."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.indicators import filters as indicator_filters
from riskreg.risks import mitigation_filters, services
from riskreg.risks.models import Mitigation
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.indicators import making

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(world: World) -> dict[str, Any]:
    """Two risks, of which one is filed under market:eu; for each a mitigation and an indicator."""
    builders.taxonomy(world)
    eu = builders.risk(world, title="Tariffs", terms=["market:eu"])
    other = builders.risk(world, title="Lithium", by=world.manager)
    first = builders.mitigation(world, eu, title="Assemble locally")
    late = builders.mitigation(
        world, other, title="Buy ahead", by=world.manager, due_on=world.today + dt.timedelta(days=5)
    )
    services.edit_mitigation(
        actor=world.viewer("manager"), ref=late.ref, version=None,
        fields={"cost": "5"}, at=world.at + dt.timedelta(hours=2),
    )  # fmt: skip
    making.indicator(world, eu, names={"en": "Steel price"})
    making.indicator(world, other, names={"en": "Lithium price"}, by=world.manager)
    return {"first": first, "late": late}


def refs(caller: Program, path: str) -> list[str]:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.content
    return [row["ref"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("mitigations/?q=locally", ["M-001"]),
        ("mitigations/?q=m2", ["M-002"]),
        ("mitigations/?term=market:eu", ["M-001"]),
        ("mitigations/?updated_since=2026-09-16T09:00:00Z", ["M-002"]),
        ("mitigations/?ordering=ref", ["M-001", "M-002"]),
        ("mitigations/?ordering=-title", ["M-002", "M-001"]),
        ("mitigations/?ordering=-updated_at", ["M-002", "M-001"]),
        ("mitigations/?owner=me", ["M-001"]),
        ("mitigations/", ["M-002", "M-001"]),
        ("indicators/?q=steel", ["K-001"]),
        ("indicators/?term=market:eu", ["K-001"]),
        ("indicators/?updated_since=2026-09-17T00:00:00Z", []),
        ("indicators/?ordering=names", ["K-002", "K-001"]),
        ("indicators/?ordering=-ref", ["K-002", "K-001"]),
        ("indicators/?due_before=2026-09-17", []),
        ("indicators/?due_before=2027-09-17&active=true", ["K-001", "K-002"]),
    ],
)
def test_each_filter_picks_what_it_says(
    world: World, rows: dict[str, Any], program: Callable[..., Program], path: str, expected: Any
) -> None:
    assert refs(program(world.owner), path) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("term=market", "malformed"),
        ("term=market:mars", "unknown_term"),
        ("updated_since=yesterday", "not_a_time"),
        ("ordering=secret", "unknown"),
        ("due_before=soon", "not_a_date"),
        ("risk=R-404", "unknown_risk"),
        ("owner=nobody", "unknown"),
        ("colour=red", "unknown_parameter"),
    ],
)
@pytest.mark.parametrize("noun", ["mitigations", "indicators"])
def test_what_is_asked_wrongly_is_refused_by_name(
    world: World, program: Callable[..., Program], noun: str, query: str, code: str
) -> None:
    is_problem(program(world.owner).get(f"{noun}/?{query}"), 400, code, f"?{query.split('=')[0]}")


def test_every_order_goes_on_where_a_page_ended(
    world: World, rows: dict[str, Any], program: Callable[..., Program]
) -> None:
    caller = program(world.owner)
    for noun, orderings in (
        ("mitigations", mitigation_filters.ORDERINGS),
        ("indicators", indicator_filters.ORDERINGS),
    ):
        for name in orderings:
            for sign in ("", "-"):
                whole = refs(caller, f"{noun}/?ordering={sign}{name}")
                first = caller.get(f"{noun}/?ordering={sign}{name}&limit=1").json()
                rest = caller.get(first["next"]).json()
                paged = [row["ref"] for row in (*first["results"], *rest["results"])]
                assert paged == whole, (noun, sign, name)


def test_a_private_row_is_found_by_its_party_alone(
    world: World, program: Callable[..., Program]
) -> None:
    builders.taxonomy(world)
    own = builders.risk(world, visibility="party", terms=["market:eu"])
    work = builders.mitigation(world, own, title="Secret work")
    assert Mitigation.objects.get(pk=work.pk).visibility == "party"
    for query in ("q=secret", "term=market:eu", "ordering=title"):
        assert refs(program(world.owner), f"mitigations/?{query}") == [work.ref]
        assert refs(program(world.partner_owner), f"mitigations/?{query}") == []

"""Walking pages gives the whole list, each row once, whatever happens beside it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskreg.kernel import keyset
from riskreg.risks.models import Risk
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import World
from tests.querycounts import QueryCounts

pytestmark = pytest.mark.django_db

ORDERINGS = ("ref", "title", "score", "next_review_on", "updated_at", "owner")
CELLS = [None, (1, 1), (4, 5), (4, 5), (5, 4), None, (2, 2), (1, 4), (4, 1), None, (3, 3)]


@builders.shared_world
def eleven(world: World) -> World:
    """With eleven risks: some unrated, some drafts without a date, some with equal titles."""
    for n, cell in enumerate(CELLS):
        builders.risk(
            world,
            title=f"Risk {n % 4}",
            rated=cell,
            opened=n % 3 != 0,
            by=world.deputy if n % 2 else None,
            visibility="party" if n % 5 == 0 else "shared",
        )
    return world


@pytest.fixture
def owner(eleven: World) -> Program:
    return Program(eleven.owner)


def walk(
    program: Program, path: str, between: Callable[[], None] = lambda: None
) -> list[dict[str, Any]]:
    """All rows from page to page; ``between`` happens after each."""
    rows: list[dict[str, Any]] = []
    link: str | None = path
    while link:
        page = program.get(link).json()
        rows += page["results"]
        link = page["next"]
        between()
    return rows


def refs(rows: list[dict[str, Any]]) -> list[str]:
    return [row["ref"] for row in rows]


def test_every_order_forward_and_back(owner: Program) -> None:
    for name in ORDERINGS:
        for sign in ("", "-"):
            path = f"risks/?ordering={sign}{name}"
            whole = refs(owner.get(path).json()["results"])
            assert len(set(whole)) == len(CELLS)
            for limit in (2, 5):
                assert refs(walk(owner, f"{path}&limit={limit}")) == whole, (sign, name)
            page = owner.get(f"{path}&limit=4").json()
            assert page["previous"] is None
            second = owner.get(page["next"]).json()
            third = owner.get(second["next"]).json()
            assert third["next"] is None
            assert refs(owner.get(third["previous"]).json()["results"]) == whole[4:8]
            first = owner.get(owner.get(third["previous"]).json()["previous"]).json()
            assert refs(first["results"]) == whole[:4]
            assert first["previous"] is None


def test_rows_without_a_value_come_last(owner: Program) -> None:
    for sign in ("", "-"):
        rows = owner.get(f"risks/?ordering={sign}score").json()["results"]
        rated = [row["scores"]["residual"] is not None for row in rows]
        assert rated == sorted(rated, reverse=True)
        scores = [r["scores"]["residual"]["score"] for r in rows if r["scores"]["residual"]]
        assert scores == sorted(scores, reverse=sign == "-")


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(ORDERINGS),
    sign=st.sampled_from(["", "-"]),
    limit=st.integers(1, 5),
    cells=st.lists(st.sampled_from([None, (1, 1), (5, 5), (3, 3)]), max_size=3),
)
def test_nothing_is_lost_or_doubled_while_others_write(
    eleven: World, owner: Program, name: str, sign: str, limit: int, cells: list[Any]
) -> None:
    path = f"risks/?ordering={sign}{name}&limit="
    before = refs(owner.get(f"{path}500").json()["results"])
    waiting = list(cells)

    def write() -> None:
        if waiting:
            builders.risk(eleven, title="Risk 2", rated=waiting.pop(), by=eleven.partner_owner)

    seen = refs(walk(owner, f"{path}{limit}", write))
    assert len(seen) == len(set(seen))
    assert [ref for ref in seen if ref in before] == before


def test_the_row_at_the_cursor_may_change(eleven: World, owner: Program) -> None:
    """Its ref and its title are other ones when the next page is asked for."""
    builders.risk(eleven, title="Zz", visibility="party")
    page = owner.get("risks/?ordering=-title&limit=1").json()
    row = page["results"][0]
    manager = Program(eleven.manager)
    manager.patch(
        f"risks/{row['ref']}/",
        {"title": "Aa", "visibility": "shared"},
        If_Match=f'"{row["version"]}"',
    )
    rest = walk(owner, page["next"])
    assert len(rest) == len(CELLS) + 1
    assert rest[-1]["title"] == "Aa"


def test_cursors_are_for_one_list_and_one_audience(eleven: World, owner: Program) -> None:
    link = owner.get("risks/?limit=2&ordering=score").json()["next"]
    assert owner.get(link).status_code == 200
    assert owner.get(link.replace("limit=2", "limit=3")).status_code == 200
    for wrong in (
        link.replace("ordering=score", "ordering=-score"),
        link.replace("ordering=score&", ""),
        link + "&state=open",
        link.replace("/risks/", "/mitigations/").replace("ordering=score&", ""),
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        link.replace("cursor=", "cursor=x"),
    ):
        is_problem(owner.get(wrong), 400, "bad_cursor", "?cursor")
    is_problem(Program(eleven.partner_owner).get(link), 400, "bad_cursor")
    is_problem(Program(eleven.auditor).get(link), 400, "bad_cursor")


def test_cursors_hold_no_database_id(owner: Program) -> None:
    for path in ("risks/?limit=2", "risks/?limit=2&ordering=score", "risks/R-001/history/?limit=1"):
        link = owner.get(path).json()["next"]
        payload = link.split("cursor=")[1].split("%3A")[0].split("&")[0]
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
        keys = {str(pk) for pk in Risk.objects.values_list("pk", flat=True)}
        assert not any(f",{key}]" in text or f'"{key}"' in text for key in keys), text


def test_count_and_limit(owner: Program) -> None:
    body = owner.get("risks/?count=true&limit=2&state=draft").json()
    assert body["count"] == 4
    assert len(body["results"]) == 2
    assert "count" not in owner.get("risks/").json()
    assert "count" not in owner.get("risks/?count=false").json()


def test_other_lists_are_walked_too(eleven: World, owner: Program) -> None:
    row = Risk.objects.filter(visibility="shared", state="open").first()
    assert row is not None
    for n in range(5):
        builders.assess(eleven, row, (1 + n % 3, 2))
        builders.review(eleven, row)
        builders.mitigation(eleven, row, title=f"Work {n}")
        builders.objective(eleven, key=f"target-{n}")
    for path in (
        f"risks/{row.ref}/assessments/", f"risks/{row.ref}/reviews/",
        f"risks/{row.ref}/history/", "mitigations/", "objectives/", "/api/v1/registers/",
    ):  # fmt: skip
        whole = owner.get(f"{path}?limit=500").json()["results"]
        assert whole
        assert walk(owner, f"{path}?limit=2") == whole
        page = owner.get(f"{path}?limit=2").json()
        if page["next"]:
            back = owner.get(page["next"]).json()["previous"]
            assert owner.get(back).json()["results"] == page["results"]


def test_registers_are_walked_both_ways(eleven: World, owner: Program) -> None:
    others = [builders.build_world(slug=f"other-{n}") for n in range(3)]
    for other in others:
        register_member(other, eleven)
    path = "/api/v1/registers/?limit=2"
    first = owner.get(path).json()
    second = owner.get(first["next"]).json()
    slugs = [r["slug"] for r in first["results"] + second["results"]]
    assert slugs == ["foton-catl", "other-0", "other-1", "other-2"]
    assert second["next"] is None
    assert owner.get(second["previous"]).json()["results"] == first["results"]


def register_member(other: World, world: World) -> None:
    """Make the world's owner a member of the other register, too."""
    from riskreg.register.services import add_member

    add_member(
        register=other.register, user=world.owner, role="viewer", party=other.foton,
        at=world.at, by=other.founder,
    )  # fmt: skip


def test_keyset_of_a_column_that_is_never_empty(owner: Program) -> None:
    rows = Risk.objects.all()
    order = keyset.Order("title", descending=True, tie_descending=True)
    whole = list(rows.order_by("-title", "-id"))
    first = keyset.page(rows, order, 4)
    assert first.rows == whole[:4]
    assert (first.has_previous, first.has_next) == (False, True)
    last = first.rows[-1]
    second = keyset.page(rows, order, 7, after=keyset.Place(last.title, last.pk))
    assert second.rows == whole[4:]
    assert (second.has_previous, second.has_next) == (True, False)
    head = second.rows[0]
    back = keyset.page(rows, order, 4, before=keyset.Place(head.title, head.pk))
    assert (back.rows, back.has_previous, back.has_next) == (whole[:4], False, True)


def test_queries_do_not_grow_with_rows(world: World, query_counts: QueryCounts) -> None:
    owner = Program(world.owner)
    builders.taxonomy(world)
    builders.objective(world)
    made = [0]

    def grow(count: int) -> None:
        while made[0] < count:
            row = builders.risk(world, terms=["market:eu"], objectives=["overseas-units-2030"])
            builders.mitigation(world, row)
            made[0] += 1

    paths = {
        "api:registers": "/api/v1/registers/",
        "api:register": "",
        "api:criteria": "criteria/",
        "api:risks": "risks/",
        "api:risks by score": "risks/?ordering=-score&count=true",
        "api:risk": "risks/R-001/",
        "api:history": "risks/R-001/history/",
        "api:assessments": "risks/R-001/assessments/",
        "api:reviews": "risks/R-001/reviews/",
        "api:mitigations": "mitigations/",
        "api:mitigation": "mitigations/M-001/",
        "api:objectives": "objectives/",
        "api:heatmap": "heatmap/?compare=2026-09-15",
        "api:changes": "changes/",
        "api:me": "/api/v1/me/",
    }
    grow(5)
    few = {name: query_counts.measure(lambda p=path: owner.get(p)) for name, path in paths.items()}
    few = {
        name: query_counts.check(name, lambda p=path: owner.get(p)) for name, path in paths.items()
    }
    grow(25)
    for name, path in paths.items():
        assert query_counts.measure(lambda p=path: owner.get(p)) == few[name], name

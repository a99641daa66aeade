"""Which risks a heatmap names in each cell."""

import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.register.policy import STAGES
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import TIE_BREAKERS
from riskreg.risks.parts import COUNTED
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.heatmap_positions import OpenRisks
from riskreg.risks.queries.heatmap_refs import counts_and_refs_by_cell, first_refs_by_cell
from tests import builders
from tests.builders import World


@pytest.mark.django_db
def test_the_first_of_a_cell_are_the_same_however_they_are_read(world: World) -> None:
    """With the counts where the database has arrays; fetched where few would be cut off; by short
    lists where many would be."""
    for n in range(5):
        builders.risk(world, rated=(4, 5), inherent=(5, 5) if n % 2 else (4, 5))
    whole, part = builders.risk(world, rated=(3, 3)), builders.risk(world, rated=(4, 5))
    builders.relation(world, part, "part_of", whole)
    builders.risk(world, rated=None)
    builders.risk(world, by=world.partner_owner, visibility="party", rated=(4, 5))
    for who, parts, most, stage in itertools.product(
        ("owner", "partner_owner", "auditor"), COUNTED, (2, 50), STAGES
    ):
        asked = OpenRisks(world.viewer(who), None, RiskFilter(parts=parts))
        rows, found = counts_and_refs_by_cell(asked, stage, "threat", most)
        assert sorted(rows, key=str) == sorted(asked.counts_by_cell(stage), key=str)
        assert (found is not None) is (connection.vendor == "postgresql")
        counts = {(x, y): n - hidden for _kind, x, y, _used, n, hidden in rows if n > hidden}
        fetched, listed = (
            first_refs_by_cell(asked, stage, "threat", dict.fromkeys(counts, n), most)
            for n in (1, 10**9)
        )
        assert fetched == listed == (listed if found is None else found)
        assert {place: len(refs) for place, refs in listed.items()} == {
            place: min(n, most) for place, n in counts.items()
        }
    shown = heatmap(world.viewer("owner"), stage="residual", at=world.at)
    assert [len(cell.refs) for cell in shown.cells] == [cell.count for cell in shown.cells]


@pytest.mark.django_db
@pytest.mark.parametrize("stage", STAGES)
def test_a_map_is_counted_and_its_worst_are_found_in_its_index_alone(
    world: World, stage: str
) -> None:
    """Reading the rows instead takes ten times as long, and sorting each cell a hundred times."""
    index = f"position_map_{stage}"
    if connection.vendor == "postgresql":
        # Of a table with few rows any way costs the same: it must be able to.
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
            assert f"{TIE_BREAKERS[stage]}_score DESC NULLS LAST, ref_order" in cursor.fetchone()[0]
        return
    asked = OpenRisks(world.viewer("owner"), None, RiskFilter())
    cells = dict.fromkeys([(1, 1), (4, 5)], 10**9)
    with CaptureQueriesContext(connection) as reading, connection.cursor() as cursor:
        asked.counts_by_cell(stage)
        first_refs_by_cell(asked, stage, "threat", cells, 50)
        for query in reading.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = "\n".join(row[-1] for row in cursor.fetchall())
            assert index in plan
            assert "TEMP B-TREE" not in plan
        assert len(reading) == 4

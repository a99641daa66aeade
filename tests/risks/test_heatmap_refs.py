"""Which risks a heatmap names in each cell."""

import itertools

import pytest
from django.db import connection

from riskreg.risks.filters import RiskFilter
from riskreg.risks.parts import COUNTED
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.heatmap_positions import OpenRisks
from riskreg.risks.queries.heatmap_refs import counts_and_refs_by_cell, first_refs
from tests import builders
from tests.builders import World


@pytest.mark.django_db
def test_the_first_of_a_cell_are_the_same_however_they_are_read(world: World) -> None:
    """In one pass where the database has arrays; fetched where few would be cut off; by short
    lists where many would be."""
    for n in range(5):
        builders.risk(world, rated=(4, 5), inherent=(5, 5) if n % 2 else (4, 5))
    whole, part = builders.risk(world, rated=(3, 3)), builders.risk(world, rated=(4, 5))
    builders.relation(world, part, "part_of", whole)
    builders.risk(world, rated=None)
    builders.risk(world, by=world.partner_owner, visibility="party", rated=(4, 5))
    for who, parts, most in itertools.product(
        ("owner", "partner_owner", "auditor"), COUNTED, (2, 50)
    ):
        asked = OpenRisks(world.viewer(who), None, RiskFilter(parts=parts))
        rows, found = counts_and_refs_by_cell(asked, "residual", "threat", most)
        assert sorted(rows, key=str) == sorted(asked.counts_by_cell("residual"), key=str)
        assert (found is not None) is (connection.vendor == "postgresql")
        counts = {(x, y): n - hidden for _kind, x, y, _used, n, hidden in rows if n > hidden}
        fetched, listed = (
            first_refs(asked, "residual", "threat", dict.fromkeys(counts, n), most)
            for n in (1, 10**9)
        )
        assert fetched == listed == (listed if found is None else found)
        assert {place: len(refs) for place, refs in listed.items()} == {
            place: min(n, most) for place, n in counts.items()
        }
    shown = heatmap(world.viewer("owner"), stage="residual", at=world.at)
    assert [len(cell.refs) for cell in shown.cells] == [cell.count for cell in shown.cells]

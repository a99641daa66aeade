"""Good and bad never stand on one scale: threats and opportunities are counted and drawn apart."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from riskreg.kernel.errors import Invalid
from riskreg.register.policy import Matrix
from riskreg.risks import filters, services
from riskreg.risks.queries.counts import open_counts_by_rating, risk_counts
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.lists import risk_list
from tests import builders
from tests.builders import SLUG, World

DAY = dt.timedelta(days=1)
API = f"/api/v1/registers/{SLUG}/"


@pytest.fixture
def mixed(world: World) -> World:
    """R-001 a critical threat, R-002 a moderate one, R-003 a critical opportunity, R-004 an unrated
    one, F-001 foton's own critical opportunity."""
    builders.risk(world, title="Barriers", rated=(4, 5))
    builders.risk(world, title="Delays", rated=(3, 3))
    gain: dict[str, Any] = {"kind": "opportunity", "response": "enhance"}
    builders.risk(world, title="Exports grow", rated=(5, 5), target=(5, 5), **gain)
    builders.risk(world, title="New market", rated=None, **gain)
    builders.risk(world, title="Own gain", visibility="party", rated=(5, 4), **gain)
    return world


def test_an_opportunity_is_never_above_appetite(mixed: World) -> None:
    matrix = Matrix(mixed.viewer("owner").criteria)
    assert matrix.above_appetite("critical", "threat")
    assert not matrix.above_appetite("critical", "opportunity")
    viewer = mixed.viewer("owner")
    now = risk_counts(viewer, mixed.at)
    assert (now.open, now.above_appetite) == (5, 1)
    chosen = filters.parse(viewer, {"above_appetite": "true"}, mixed.at)
    assert {p.ref for p in risk_list(viewer, chosen)} == {"R-001"}
    within = filters.parse(viewer, {"above_appetite": "false"}, mixed.at)
    assert {p.ref for p in risk_list(viewer, within)} == {"R-002", "R-003", "R-004", "F-001"}


def test_each_map_counts_its_kind_and_the_total_of_the_other(mixed: World) -> None:
    viewer, at = mixed.viewer("owner"), mixed.at + DAY
    threats = heatmap(viewer, stage="residual", at=at)
    assert (threats.kind, threats.total, threats.other_total) == ("threat", 2, 3)
    assert {(c.likelihood, c.impact) for c in threats.cells if c.count} == {(4, 5), (3, 3)}
    gains = heatmap(viewer, stage="residual", at=at, kind="opportunity")
    assert (gains.total, gains.other_total, gains.unrated_refs) == (3, 2, ["R-004"])
    partner = heatmap(mixed.viewer("partner_leader"), stage="residual", at=at)
    assert partner.other_total == 2, "the other party's own opportunity is not counted"


def test_a_risk_that_changed_its_kind_stands_on_the_map_of_that_day(mixed: World) -> None:
    viewer, at = mixed.viewer("owner"), mixed.at + 3 * DAY
    services.edit_risk(
        actor=viewer, ref="R-001", version=None, fields={"kind": "opportunity"}, at=at
    )
    now, before = at + DAY, mixed.today + DAY
    assert heatmap(viewer, stage="residual", at=now, as_of=before).total == 2
    threats = heatmap(viewer, stage="residual", at=now, compare=before)
    gains = heatmap(viewer, stage="residual", at=now, compare=before, kind="opportunity")
    assert threats.comparison is not None
    assert gains.comparison is not None
    assert (threats.comparison.closed, threats.comparison.moves) == (["R-001"], [])
    assert (gains.comparison.opened, gains.comparison.moves) == (["R-001"], [])


def test_counts_by_rating_keep_the_kinds_apart(mixed: World) -> None:
    assert open_counts_by_rating(mixed.viewer("owner")) == {
        "threat": {"critical": 1, "moderate": 1},
        "opportunity": {"critical": 2, "unrated": 1},
    }


def test_a_map_of_two_kinds_at_once_is_refused(mixed: World) -> None:
    for kinds in (["threat", "opportunity"], ["chance"]):
        with pytest.raises(Invalid) as refused:
            filters.parse(mixed.viewer("owner"), {"kind": kinds}, mixed.at, one_kind=True)
        assert list(refused.value.fields) == ["kind"]


# API ---------------------------------------------------------------------------------------------
def test_the_heatmap_answers_for_one_kind(mixed: World) -> None:
    client = builders.api(mixed.owner)
    bare, gain = (client.get(f"{API}heatmap/{tail}").json() for tail in ("", "?kind=opportunity"))
    assert (bare["kind"], bare["total"], bare["other"]) == (
        "threat",
        2,
        {"kind": "opportunity", "total": 3},
    )
    assert (gain["kind"], gain["total"], gain["other"]) == (
        "opportunity",
        3,
        {"kind": "threat", "total": 2},
    )
    assert sum(c["count"] for c in gain["cells"]) + gain["unrated"]["count"] == gain["total"]
    for bad in ("?kind=chance", "?kind=threat&kind=opportunity"):
        refused = client.get(f"{API}heatmap/{bad}")
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["pointer"] == "?kind"


def test_every_count_of_a_register_knows_the_kind(mixed: World) -> None:
    client = builders.api(mixed.owner)
    body = client.get(API).json()
    assert body["counts"]["open"] == 5
    assert body["counts"]["above_appetite"] == 1
    assert body["counts_by_rating"]["threat"]["critical"] == 1
    assert body["counts_by_rating"]["opportunity"]["critical"] == 2
    gains = client.get(f"{API}?kind=opportunity").json()["counts"]
    assert (gains["open"], gains["above_appetite"]) == (3, 0)
    refused = client.get(f"{API}?kind=chance")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "?kind"


# Pages -------------------------------------------------------------------------------------------
def page(world: World, tail: str = "", who: str = "owner") -> Any:
    client: Client = builders.web(getattr(world, who))
    return client.get(f"/r/{SLUG}/heatmap/{tail}")


def test_the_switch_shows_the_count_of_the_other_map(mixed: World) -> None:
    for tail, kind in (("", "threat"), ("?kind=opportunity", "opportunity")):
        kinds = page(mixed, tail).context["kinds"]
        assert [(k["label"], k["count"]) for k in kinds] == [("Threats", 2), ("Opportunities", 3)]
        assert [k["current"] for k in kinds] == [kind == "threat", kind == "opportunity"]
        other = page(mixed, next(k["url"] for k in kinds if not k["current"]))
        assert other.context["shown"].kind != kind


def test_highest_risks_and_appetite_are_of_threats_alone(mixed: World) -> None:
    threats = page(mixed)
    assert [r["ref"] for r in threats.context["beside"]["rows"]] == ["R-001", "R-002"]
    labels = [f["label"] for f in threats.context["figures"]]
    assert labels[0] == "Above appetite"
    gains = page(mixed, "?kind=opportunity")
    assert [r["ref"] for r in gains.context["beside"]["rows"]] == ["R-003", "F-001"]
    assert "Above appetite" not in [f["label"] for f in gains.context["figures"]]
    assert "above appetite" not in gains.content.decode()
    assert "Largest opportunities" in gains.content.decode()


def test_figures_of_the_opportunity_map_open_what_they_count(mixed: World) -> None:
    client = builders.web(mixed.owner)
    for figure in page(mixed, "?kind=opportunity").context["figures"]:
        if figure.get("here"):
            rows = page(mixed, figure["url"]).context["beside"]["rows"]
        else:
            rows = client.get(figure["url"]).context["rows"]
        assert len(rows) == figure["count"], figure["label"]
    listed = page(mixed, "?kind=opportunity&cell=5,5").context["beside"]
    assert (listed["count"], [r["ref"] for r in listed["rows"]]) == (1, ["R-003"])
    assert [r.ref for r in client.get(listed["full"]).context["rows"]] == ["R-003"]


@pytest.mark.parametrize(("kind", "worse"), [("threat", True), ("opportunity", False)])
def test_a_rise_is_worse_for_a_threat_and_better_for_an_opportunity(
    world: World, kind: str, worse: bool
) -> None:
    row = builders.risk(world, kind=kind, response="", rated=(2, 2), at=world.at - 30 * DAY)
    builders.assess(world, row, (4, 4), at=world.at - DAY)
    text = page(world, f"?kind={kind}&compare={world.today - 10 * DAY}").content.decode()
    assert ('class="delta worse"' in text) is worse
    assert ('class="delta better"' in text) is not worse


def test_an_opportunity_has_colours_of_its_own_everywhere(mixed: World) -> None:
    client = builders.web(mixed.owner)
    for path in (
        "risks/R-003/",
        "risks/R-003/review/",
        "risks/R-003/assess/",
        "heatmap/?kind=opportunity",
    ):
        text = client.get(f"/r/{SLUG}/{path}").content.decode()
        assert " gain" in text, path
        assert "above appetite" not in text.lower(), path
    assert " gain" not in client.get(f"/r/{SLUG}/risks/R-001/").content.decode()

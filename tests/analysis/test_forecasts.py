"""How one's own forecasts did: scored against what others said happened, shown to nobody else."""

import datetime as dt
import itertools
import math
from typing import Any

import pytest
from scipy import special

from riskreg import quant
from riskreg.analysis.policy import forecasts as policy
from riskreg.analysis.policy.forecasts import ChanceVerdict, RangeVerdict, Uncounted
from riskreg.analysis.queries.forecasts import Record, own_forecasts_on_closed_risks
from riskreg.analysis.ranges import Pert
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.risks.services import close_risk, reopen_risk
from tests import builders
from tests.analysis.making import GIVEN
from tests.builders import World

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    "ends", [(0, 0.1, 0.4), (0.8, 1.2, 2), (0, 0, 30), (5, 600, 699), (0, 0, 900), (0, 900, 1000)]
)
def test_the_chance_of_a_rate_is_averaged_over_its_range(ends: tuple[float, ...]) -> None:
    """Against scipy's confluent hypergeometric function and, of a chance, against the mean."""
    often = Pert(*ends)
    none = special.hyp1f1(often.alpha, often.alpha + often.beta, -(often.high - often.low))
    expected = 1 - none * math.exp(-often.low)
    assert policy.chance_in_a_year("rate", often) == pytest.approx(expected, abs=1e-4)
    assert policy.chance_in_a_year("probability", Pert(0.1, 0.2, 0.3)) == pytest.approx(0.2)


def test_scores_and_verdicts_are_those_of_quant() -> None:
    """Of every number of hits of up to forty ranges, and of chances that differ; below ten none."""
    words = {
        RangeVerdict.TOO_NARROW: "overconfident: the ranges are too narrow",
        RangeVerdict.TOO_WIDE: "underconfident: the ranges are too wide",
        RangeVerdict.NOTHING_AGAINST: "no evidence against these ranges",
    }
    for n in (9, 10, 17, 40):
        for hits in range(n + 1):
            one = quant.interval_hits([0] * n, [1] * n, [0.5] * hits + [2] * (n - hits))
            score = policy.score_ranges([True] * hits + [False] * (n - hits))
            assert (score.n, score.hits) == (n, hits)
            assert words.get(score.verdict, one.verdict) == one.verdict
            assert (score.verdict == RangeVerdict.TOO_FEW) == (n == 9)
    chances = [0.1, 0.2, 0.7, 0.9, 0.4]
    for n, happened in ((9, 4), (10, 4), (10, 0), (12, 12), (12, 6), (12, 11)):
        outcomes = [True] * happened + [False] * (n - happened)
        pairs = list(zip(itertools.cycle(chances), outcomes, strict=False))
        mine = policy.score_chances(pairs)
        theirs = quant.brier(*zip(*pairs, strict=True))
        assert mine.brier == pytest.approx(theirs.brier)
        said = {
            ChanceVerdict.SAME_EVERY_TIME: "no verdict: the same happened every time",
            ChanceVerdict.BETTER: "better than always giving the base rate",
            ChanceVerdict.NO_BETTER: "no better than always giving the base rate",
        }
        assert said.get(mine.verdict, theirs.verdict) == theirs.verdict
        assert (mine.verdict == ChanceVerdict.TOO_FEW) == (n == 9)
    assert policy.score_chances([]).brier is None


def give(world: World, risk: Any, days: int, by: str = "owner", **given: Any) -> Any:
    """An estimate, so many days ago."""
    at = world.at - days * DAY
    return record_estimate(actor=world.viewer(by), ref=risk.ref, given={**GIVEN, **given}, at=at)


def close(world: World, risk: Any, by: str = "manager", ago: int | None = None, **more: Any) -> Any:
    """It happened so many days ago, or it is over."""
    ending: dict[str, Any] = {}
    if ago is not None:
        day = (world.viewer(by).today(world.at) - ago * DAY).isoformat()
        ending = {"closed_as": "happened", "happened_on": day}
        if "cost" in more:
            ending |= {"happened_cost": more["cost"], "happened_cost_label": "judgement"}
    return close_risk(
        actor=world.viewer(by), ref=risk.ref, version=None, reason="It is over", ending=ending,
        at=world.at,
    )  # fmt: skip


def rows(record: Record) -> list[tuple[str, bool, bool | None, Uncounted | None]]:
    """What was found, by reference, oldest estimate first."""
    return [
        (one.estimate.risk.ref, one.happened, one.inside, one.uncounted)
        for one in reversed(record.forecasts)
    ]


def test_forecasts_are_met_by_what_others_said_and_shown_to_their_forecaster_alone(
    world: World, django_assert_num_queries: Any
) -> None:
    hit, missed, over, late, known, own, still = (builders.risk(world) for _n in range(7))
    give(world, late, 500)
    for row in (hit, missed, over, own, still):
        give(world, row, 300)
    give(world, hit, 200)  # within the year of the first
    give(world, known, 3)
    give(world, over, 300, stage="target")
    give(world, hit, 300, by="manager")
    close(world, hit, ago=100, cost="11000000")
    close(world, missed, ago=100, cost="900000000")
    close(world, over)
    close(world, late, ago=10, cost="11000000")
    close(world, known, ago=10)
    close(world, own, by="owner", ago=10, cost="11000000")
    record = own_forecasts_on_closed_risks(world.viewer("owner"))
    assert rows(record) == [
        (late.ref, False, None, None),
        (hit.ref, True, True, None),
        (missed.ref, True, False, None),
        (over.ref, False, None, None),
        (own.ref, True, True, Uncounted.OWN_WORD),
        (hit.ref, True, True, Uncounted.SAME_YEAR),
        (known.ref, False, None, Uncounted.KNOWN_BEFORE),
    ]
    chance = record.forecasts[0].chance
    assert record.chances.n == 4
    assert record.chances.brier == pytest.approx((2 * (1 - chance) ** 2 + 2 * chance**2) / 4)
    assert (record.ranges.n, record.ranges.hits) == (2, 1)
    assert record.chances.verdict == record.ranges.verdict == "too_few"
    # Who said it themselves reads who else could, and it counts once another has.
    own_row = next(one for one in record.forecasts if one.uncounted == Uncounted.OWN_WORD)
    assert world.viewer("manager").user in own_row.who_could
    assert world.viewer("owner").user not in own_row.who_could
    reopen_risk(
        actor=world.viewer("manager"), ref=own.ref, version=None, reason="Again", at=world.at
    )
    assert len(own_forecasts_on_closed_risks(world.viewer("owner")).forecasts) == 6
    close(world, own, ago=10, cost="11000000")
    viewer = world.viewer("owner")
    with django_assert_num_queries(3):  # however many they are
        again = own_forecasts_on_closed_risks(viewer)
    assert (again.chances.n, again.ranges.n) == (5, 3)
    # The manager said of this one what happened; their own forecast of it does not count.
    assert rows(own_forecasts_on_closed_risks(world.viewer("manager"))) == [
        (hit.ref, True, True, Uncounted.OWN_WORD)
    ]
    for other in ("leader", "auditor", "partner_owner"):
        assert own_forecasts_on_closed_risks(world.viewer(other)).forecasts == ()
    here = f"{world.register.slug}/forecasts/"
    body = builders.api(world.owner).get(f"/api/v1/registers/{here}").json()
    assert body["chances"] == {
        "n": 5, "brier": again.chances.brier, "base_rate": 0.6, "verdict": "too_few",
    }  # fmt: skip
    assert body["ranges"] == {"n": 3, "hits": 2, "nominal": 0.9, "verdict": "too_few"}
    assert (len(body["forecasts"]), body["more"], body["enough"]) == (7, False, 10)
    first = body["forecasts"][-1]
    assert (first["risk"], first["happened"], first["cost"]) == (late.ref, False, None)
    costs = {one["cost"]: one["inside"] for one in body["forecasts"] if one["cost"]}
    assert costs == {"11000000.00": True, "900000000.00": False}
    text = builders.web(world.owner).get(f"/r/{here}").content.decode()
    for words in (
        "5 forecasts count.",
        "60 % of them happened",
        "Not in that year; it happened",
        "3 amounts are known; 2 of them lie",
        "900 m CNY: outside your range",
        "No verdict yet: it takes 10 forecasts",
        "Given when it was known already.",
    ):
        assert words in " ".join(text.split())
    # In no role does anybody read of them; who closed their own reads who could instead.
    for other in ("leader", "auditor", "partner_owner", "partner_manager", "integration"):
        nothing = builders.api(getattr(world, other)).get(f"/api/v1/registers/{here}").json()
        assert (nothing["forecasts"], nothing["chances"]["n"]) == ([], 0)
        if other != "integration":
            page = builders.web(getattr(world, other)).get(f"/r/{here}").content.decode()
            assert "Nothing to compare yet" in page
    refused = builders.web(world.manager).get(f"/r/{here}").content.decode()
    assert "nobody judges their own forecast" in refused
    assert f"One of these can: {world.owner}." in " ".join(refused.split())


def test_one_that_was_released_counts_from_the_day_it_was_given(world: World) -> None:
    """Releasing starts its time anew for the others; its expert knew it before it happened."""
    risk = builders.risk(world)
    row = give(world, risk, 300)
    release_estimate(actor=world.viewer("owner"), estimate=row.uuid, at=world.at - DAY)
    close(world, risk, ago=100)
    record = own_forecasts_on_closed_risks(world.viewer("owner"))
    assert rows(record) == [(risk.ref, True, None, None)]
    assert record.forecasts[0].given_on == world.viewer("owner").today(world.at - 300 * DAY)

"""The home of leadership: its figures are those of the pages that they open."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from riskreg.analysis.queries.chances import (
    daily_chances_by_objective,
    latest_done_runs_like,
    newest_chance,
    newest_chances,
)
from riskreg.analysis.services import request_simulation
from riskreg.exchange.queries.packs import PackScope, pack_contents, reader_for_audience
from riskreg.exchange.queries.packs.asked import above_appetite
from riskreg.register import written
from riskreg.register.models import Register
from riskreg.reviews.services import end_meeting, start_meeting
from riskreg.risks.queries.totals import above_appetite_counts_over_time
from riskreg.risks.services import edit_mitigation
from tests import builders
from tests.analysis import making as estimating
from tests.builders import SLUG, World
from tests.decisions import making as deciding
from tests.indicators.making import indicator, read
from tests.written_anew import writing_anew

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
HOME = f"/r/{SLUG}/home/"


@builders.shared_world
def kept(world: World) -> World:
    """A register with a past: one threat that rose, one private to each party, one overdue."""
    rose = builders.risk(world, rated=(2, 2), at=world.at - 80 * DAY)
    builders.assess(world, rose, (5, 5), at=world.at - 20 * DAY)
    builders.risk(world, rated=(4, 5), at=world.at - 40 * DAY, title="Own", visibility="party")
    builders.risk(
        world, by=world.partner_owner, rated=(5, 4), at=world.at - 40 * DAY, title="Theirs",
        visibility="party",
    )  # fmt: skip
    builders.risk(world, rated=None, at=world.at - 3 * DAY, title="Unrated")
    builders.risk(world, rated=(3, 4), at=world.at - 5 * DAY, title="Chance", kind="opportunity",
                  response="exploit")  # fmt: skip
    return world


def page(client: Client, tail: str = "") -> str:
    answer = client.get(HOME + tail)
    assert answer.status_code == 200, tail
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("who", ["leader", "partner_leader", "auditor", "owner", "onlooker"])
def test_every_figure_opens_what_it_counts(kept: World, who: str) -> None:
    client = builders.web(getattr(kept, who))
    figures = client.get(HOME).context["figures"]
    assert figures[0]["count"] > 0
    for figure in figures:
        opened = client.get(figure["url"]).context
        if "shown" in opened:
            assert opened["shown"].total == figure["count"], figure
        else:
            assert len(opened["page"].object_list) == figure["count"], figure


def test_it_answers_alike_by_statements_that_were_written_once_and_by_new_ones(kept: World) -> None:
    """So does the map, which asks by the same; for members of both parties and of none, on another
    day, compared, past, and with parts of risks."""
    parent, part = builders.risk(kept), builders.risk(kept, at=kept.at - 50 * DAY)
    builders.relation(kept, part, "part_of", parent)
    deciding.accepted(kept, parent)
    past, heat = kept.today - 30 * DAY, f"/r/{SLUG}/heatmap/"
    paths = [HOME, f"{HOME}?since={past}", f"{heat}?compare={past}", f"{heat}?as_of={past}"]
    paths += [f"{heat}?compare={past}&parts=apart", f"{heat}?stage=inherent&kind=opportunity"]
    who = (kept.leader, kept.partner_leader, kept.auditor)
    clients = [builders.web(user) for user in who]
    changing = re.compile(r'(csrfmiddlewaretoken|form_key)" value="[^"]+"|X-CSRFToken": "[^"]+"')

    def answers() -> list[str]:
        got = [client.get(path) for client in clients for path in paths]
        assert {answer.status_code for answer in got} == {200}
        return [changing.sub("", answer.content.decode()) for answer in got]

    written._statement.cache_clear()
    first = answers()
    assert written._statement.cache_info().hits
    assert len(set(first)) == len(first)
    with writing_anew():
        assert answers() == first


def test_parts_are_counted_apart_from_what_they_are_part_of(world: World) -> None:
    """What is not accepted is counted as what is above appetite is, here, in packs and over REST;
    each part is accepted by itself, so that none of them is left unsaid."""
    parent, outside = builders.risk(world), builders.risk(world, rated=(1, 1))
    parts = [builders.risk(world) for _n in range(3)]
    for part in parts[:2]:
        builders.relation(world, part, "part_of", parent)
    builders.relation(world, parts[2], "part_of", outside)
    deciding.accepted(world, parts[0])
    context = builders.web(world.leader).get(HOME).context
    found = {str(f["label"]): (f["count"], f.get("note", "")) for f in context["figures"]}
    assert found["above appetite"] == (1, "")
    assert found["above appetite, not accepted"] == (1, "and parts of others: 2")
    refs = sorted(row.ref for row in (parent, *parts[1:]))
    assert sorted(row["ref"] for row in context["unaccepted"]) == refs
    here = f"/api/v1/registers/{SLUG}/acceptances/needed/"
    rows = builders.api(world.leader).get(here).json()["results"]
    assert [row["risk"] for row in rows] == refs
    scope = PackScope(world.viewer("leader"), world.today, world.today - 90 * DAY, world.at)
    (above,) = above_appetite(scope)
    assert above["blocks"][0]["caption"] == "Not accepted: 1 (and parts of others: 2)"


def test_what_moved_has_the_reviewers_words_and_counts_from_the_chosen_day(kept: World) -> None:
    client = builders.web(kept.leader)
    home = client.get(f"{HOME}?since={kept.today - 30 * DAY}")
    (move,) = home.context["moved"]["moves"]
    assert (move["ref"], move["delta"]) == ("R-001", 25 - 4)
    assert move["reason"]
    assert "1 moved, 2 new on the map, 0 gone from it." not in page(client, "?since=2026-01-01")
    later = client.get(f"{HOME}?since={kept.today - 10 * DAY}")
    assert later.context["moved"]["moves"] == []


def test_it_compares_with_the_last_meeting_that_has_ended(kept: World) -> None:
    client = builders.web(kept.leader)
    assert client.get(HOME).context["since_meeting"] is False
    at = kept.at - 30 * DAY
    meeting = start_meeting(
        actor=kept.viewer("leader"), title="Monthly", recipe={"state": ["open"]}, at=at
    )
    assert client.get(HOME).context["since_meeting"] is False
    end_meeting(actor=kept.viewer("leader"), meeting=meeting.uuid, version=None, at=at)
    home = client.get(HOME)
    assert home.context["since_meeting"] is True
    assert home.context["since"] == kept.today - 30 * DAY


@pytest.mark.parametrize("since", ["tomorrow", "2999-01-01", "0"])
def test_a_day_that_cannot_be_compared_with_is_said_above_the_usual(
    kept: World, since: str
) -> None:
    answer = builders.web(kept.leader).get(f"{HOME}?since={since}")
    assert answer.status_code == 400
    assert "This cannot be shown as asked" in answer.content.decode()
    assert answer.context["figures"][0]["count"] > 0


def test_the_other_partys_own_is_in_no_figure(kept: World) -> None:
    mine, theirs = (page(builders.web(who)) for who in (kept.leader, kept.partner_leader))
    neutral = page(builders.web(kept.auditor))
    assert "Own" in mine
    assert "Theirs" not in mine
    assert "Theirs" in theirs
    assert "Theirs" not in neutral
    counts = [
        builders.web(who).get(HOME).context["figures"][1]["count"]
        for who in (kept.leader, kept.partner_leader, kept.auditor)
    ]
    assert counts == [2, 2, 1]


def test_appetite_over_time_is_what_the_heatmap_says_of_each_day(kept: World) -> None:
    client = builders.web(kept.leader)
    rows = client.get(HOME).context["over_time"]["rows"]
    assert len(rows) == 12
    assert {row["text"] for row in rows} > {0}
    for row in rows:
        opened = client.get(row["url"]).context
        assert opened["beside"]["count"] == row["text"], row
    assert above_appetite_counts_over_time(kept.viewer("leader"), []) == []


def test_red_indicators_stand_with_the_risks_they_call_for(kept: World) -> None:
    client = builders.web(kept.leader)
    assert "None calls for a review." in page(client)
    watch = indicator(kept, builders.risk(kept, title="Watched"))
    read(kept, watch, 160000)
    text = page(client)
    assert watch.ref in text
    assert "Watched" in text
    assert "None calls for a review." not in text


def test_who_looks_on_comes_here_first_and_who_works_to_their_work(kept: World) -> None:
    for who, landing in (
        ("leader", HOME), ("auditor", HOME), ("onlooker", HOME),
        ("owner", f"/r/{SLUG}/work/"), ("manager", f"/r/{SLUG}/work/"),
    ):  # fmt: skip
        assert builders.web(getattr(kept, who)).get("/")["Location"] == landing, who
    assert builders.web(kept.outsider).get(HOME).status_code == 404


def test_what_only_a_leader_can_do_comes_first_however_far_its_day_is(kept: World) -> None:
    row = builders.risk(kept, rated=(5, 5), title="To decide")
    later = (kept.today + 80 * DAY).isoformat()
    put = deciding.proposed(kept, row, due_on=later)
    own = builders.mitigation(
        kept, row, owner=kept.leader.email, due_on=kept.today + DAY, at=kept.at
    )
    context = builders.web(kept.leader).get(HOME).context
    refs = [entry["ref"] for entry in context["waiting"]]
    assert refs[:1] == [put.ref]
    assert own.ref in refs
    # On whatever name of the host its reader is.
    assert all(entry["url"].startswith(f"/r/{SLUG}/") for entry in context["waiting"])


def test_decisions_open_what_they_count_and_the_other_partys_are_in_none(kept: World) -> None:
    row = builders.risk(kept, rated=(5, 5))
    deciding.chosen(kept, deciding.proposed(kept, row))
    deciding.proposed(kept, row)
    deciding.drafted(kept, row)
    deciding.drafted(kept, row, visibility="party")
    for who, counts in (("leader", [1, 1, 2]), ("partner_leader", [1, 1, 1])):
        client = builders.web(getattr(kept, who))
        figures = client.get(HOME).context["decisions"]["figures"]
        assert [figure["count"] for figure in figures] == counts
        for figure in figures:
            assert client.get(figure["url"]).context["page_obj"].paginator.count == figure["count"]


def test_money_in_mitigations_is_counted_by_who_may_see_them(kept: World) -> None:
    row = builders.risk(kept)
    planned = builders.mitigation(kept, row, cost="100")
    builders.mitigation(kept, row, cost=None)
    builders.mitigation(kept, row, cost="7", visibility="party")
    builders.mitigation(kept, row, cost="900", status="cancelled")
    edit_mitigation(
        actor=kept.viewer("owner"), ref=planned.ref, version=None, fields={"spent": "130"},
        at=kept.at,
    )  # fmt: skip
    for who, money in (("leader", (3, 107, 130, 1)), ("partner_leader", (2, 100, 130, 1))):
        found = builders.web(getattr(kept, who)).get(HOME).context["money"]
        of = found["of"]
        assert (of.count, of.planned, of.spent, of.over) == money
        assert [(entry["ref"], entry["more"]) for entry in found["over"]] == [(planned.ref, 30)]
        opened = builders.web(getattr(kept, who)).get(found["planned_url"]).context
        assert opened["page"].paginator.count == of.count


def test_work_past_its_day_is_counted_by_party_and_opened(kept: World) -> None:
    row = builders.risk(kept, at=kept.at - 20 * DAY)
    for due in (2, 3):
        builders.mitigation(kept, row, due_on=kept.today - due * DAY, at=kept.at - 9 * DAY)
    builders.mitigation(kept, row, due_on=kept.today, at=kept.at)
    client = builders.web(kept.partner_leader)
    (found,) = client.get(HOME).context["overdue"]["works"]
    assert found["count"] == 2
    assert client.get(found["url"]).context["page"].paginator.count == 2


def test_the_highest_have_the_line_of_their_scores(kept: World) -> None:
    top = builders.web(kept.leader).get(HOME).context["top"]
    rose = next(entry for entry in top if entry["ref"] == "R-001")
    assert rose["trend"][0] == 4
    assert rose["trend"][-1] == 25


def test_the_first_month_has_no_line_and_says_when_it_has(world: World) -> None:
    words = "From the end of this month on"
    builders.risk(world, rated=(5, 5))
    Register.objects.update(created_at=world.at)
    assert words in page(builders.web(world.leader))
    Register.objects.update(created_at=world.at - 40 * DAY)
    assert words not in page(builders.web(world.leader))


def test_an_empty_register_says_what_will_be_here(world: World) -> None:
    text = page(builders.web(world.leader))
    for words in ("No risk is open yet", "See the list of risks",
                  "Nobody has put a question forward yet.", "No mitigation is planned.",
                  "No mitigation is past its day.", "No rated risks", "Nothing moved",
                  "No review is overdue.",
                  "Nothing waits for you"):  # fmt: skip
        assert words in text
    assert re.search(r"<b>0</b> <span>open threats</span>", text)


def test_queries_and_lists_do_not_grow_with_the_register(
    world: World, django_assert_max_num_queries
) -> None:
    client = builders.web(world.leader)
    sizes = []
    for _round in range(2):
        for _n in range(12):
            builders.risk(world, rated=(4, 5), at=world.at - 40 * DAY)
        client.get(HOME)
        with django_assert_max_num_queries(32):
            answer = client.get(HOME)
        sizes.append([answer.content.count(b"<li"), len(answer.context["top"])])
    assert sizes[0] == sizes[1]


def test_decisions_that_stand_on_what_has_moved_are_named(kept: World) -> None:
    moves, stays = (builders.risk(kept, rated=(4, 4)) for _ in range(2))
    stale = deciding.proposed(kept, moves)
    fresh = deciding.proposed(kept, stays)
    own = deciding.proposed(
        kept, builders.risk(kept, rated=(4, 4), visibility="party"), visibility="party"
    )
    assert builders.web(kept.leader).get(HOME).context["decisions"]["stale"] == []
    for row in (moves, own.risks.get()):
        builders.assess(kept, row, (1, 1))
    for who, refs in (("leader", [own.ref, stale.ref]), ("partner_leader", [stale.ref])):
        answer = builders.web(getattr(kept, who)).get(HOME)
        listed = answer.context["decisions"]["stale"]
        assert [row["ref"] for row in listed] == refs
        assert answer.context["decisions"]["stale_count"] == len(refs)
        assert "Stand on what has moved" in answer.content.decode()
        opened = builders.web(getattr(kept, who)).get(listed[-1]["url"])
        assert opened.context["stale"] is True
    assert fresh.ref not in refs


def test_exposure_is_that_of_the_newest_run_that_its_reader_may_know_of(kept: World) -> None:
    assert builders.web(kept.leader).get(HOME).context["exposure"] is None
    shared, own = builders.risk(kept), builders.risk(kept, visibility="party")
    estimating.estimate(kept, shared, released=True)
    first = estimating.simulation(kept, audience="shared")
    estimating.estimate(kept, own, severity_high="900000000")
    later = kept.at + DAY
    mine, _new = request_simulation(
        actor=kept.viewer("owner"), given={"years": 10_000, "audience": "party"}, at=later
    )
    estimating.run(kept, mine)
    shown = {}
    for who, run in (("leader", mine), ("partner_leader", first)):
        client = builders.web(getattr(kept, who))
        shown[who] = client.get(HOME).context["exposure"]
        assert str(run.uuid) in shown[who]["url"]
        page = client.get(shown[who]["url"]).content.decode()
        for row in shown[who]["rows"]:
            assert row["before"] in page, row
            assert row["after"] in page, row
    assert shown["leader"]["private"]
    assert not shown["partner_leader"]["private"]
    assert shown["leader"]["rows"] != shown["partner_leader"]["rows"]


def test_chances_and_money_over_time_are_those_of_the_runs_on_page_and_in_pack(
    kept: World,
) -> None:
    target = builders.objective(kept)
    risk = builders.risk(kept)
    estimating.estimate(kept, risk, released=True)
    estimating.model(kept, hits=[estimating.hit(risk)], growth_mode="13", growth_high="20")
    first = estimating.simulation(kept, audience="shared")
    leader = builders.web(kept.leader)
    there = leader.get(f"/r/{kept.register.slug}/objectives/{target.key}/").context["chance"]
    home = leader.get(HOME)
    (shown,) = home.context["objectives"]
    assert (shown["chance"]["text"], shown["chance"]["band"]) == (there["before"], there["band"])
    assert there["before"] in home.content.decode()
    assert len(home.context["exposure"]["over_time"]) == 1
    told = f"{there['before']} ({there['band']})"
    later = kept.at + DAY
    estimating.estimate(kept, risk, released=True, severity_high="900000000")
    second, _new = request_simulation(
        actor=kept.viewer("owner"), given={"years": 10_000, "audience": "shared"}, at=later
    )
    estimating.run(kept, second)
    found = leader.get(HOME).context["exposure"]
    assert [str(run.uuid) in each["url"] for run, each in zip(
        (first, second), found["over_time"], strict=True
    )] == [True, True]  # fmt: skip
    assert found["over_time"][1]["text"] == found["rows"][0]["before"]
    assert found["values"][0] < found["values"][1]
    home = leader.get(HOME)
    (shown,) = home.context["objectives"]
    line = shown["chance"]["over_time"]
    assert [each["text"] for each in line] == [there["before"], shown["chance"]["text"]]
    assert [str(run.uuid) in each["url"] for run, each in zip(
        (first, second), line, strict=True
    )] == [True, True]  # fmt: skip
    assert f"chance {there['before']} on " in home.content.decode()
    # A pack of the day before goes by the run of then, and says which.
    scope = PackScope(
        reader_for_audience(kept.viewer("leader"), "shared"), kept.today, kept.today - DAY, later
    )
    (section,) = [s for s in pack_contents(scope, "shared")["sections"] if s["key"] == "objectives"]
    (row,) = next(iter(section["blocks"]))["rows"]
    assert row[5] == told
    assert row[6].startswith("Illustrative · ") or row[6].startswith("Judgement · ")


def test_chances_of_many_objectives_are_read_in_as_many_queries_as_of_one(kept: World) -> None:
    targets = [builders.objective(kept, key=f"units-{n}") for n in range(4)]
    estimating.estimate(kept, builders.risk(kept), released=True)
    for target in targets[:3]:
        estimating.model(kept, key=target.key, growth_mode="13", growth_high="20")
    run = estimating.simulation(kept, audience="shared")
    viewer = kept.viewer("leader")
    with CaptureQueriesContext(connection) as one:
        first = newest_chance(viewer, targets[0])
    with CaptureQueriesContext(connection) as all_of_them:
        found = newest_chances(viewer, targets)
    assert len(one) == len(all_of_them)
    assert set(found) == {target.pk for target in targets[:3]}, "nobody modelled the fourth"
    assert first is not None
    assert (first.found, first.run, first.stale) == (found[targets[0].pk].found, run, False)
    # A newer model makes what the run said of that objective stale, and of no other.
    estimating.model(kept, key=targets[1].key, growth_mode="14", growth_high="21", follows=1)
    again = newest_chances(viewer, targets)
    assert [again[target.pk].stale for target in targets[:3]] == [False, True, False]
    with CaptureQueriesContext(connection) as lines:
        told = daily_chances_by_objective(
            viewer.register.time_zone, latest_done_runs_like(viewer, run), [t.uuid for t in targets]
        )
    assert len(lines) == 2
    assert [len(told[target.uuid]) for target in targets] == [1, 1, 1, 0]

"""A cut list never leaves out the worst, and says how many there are."""

import datetime as dt
import re
from importlib import import_module
from typing import Any

import pytest

from riskreg.duties.queries import agenda
from riskreg.duties.sources import urgency_sort_key
from riskreg.notify.models import Message
from riskreg.register.models import Membership
from riskreg.reminders.services import sweep
from riskreg.reminders.services.alarms import UnassignedDuties
from riskreg.risks.filters import parse
from riskreg.risks.models import Risk
from riskreg.risks.queries.heatmap import heatmap
from riskreg.risks.queries.lists import risk_list, worst_first
from tests import builders
from tests.builders import SLUG, World
from tests.indicators.making import indicator, read

DAY = dt.timedelta(days=1)


def overdue(world: World, cell: tuple[int, int] | None, days: int = 1, **fields: Any) -> Risk:
    """An open risk whose review was due ``days`` ago."""
    row = builders.risk(world, rated=cell, at=world.at - 200 * DAY, **fields)
    Risk.objects.filter(pk=row.pk).update(next_review_on=world.today - days * DAY)
    return Risk.objects.get(pk=row.pk)


def page(world: World, who: str = "owner") -> Any:
    return builders.web(getattr(world, who)).get(f"/r/{SLUG}/work/")


def listed(answer: Any) -> list[str]:
    return [d["ref"] for group in answer.context["groups"] for d in group["duties"]]


# The order ---------------------------------------------------------------------------------------
def test_within_the_same_urgency_severity_decides_and_orphans_come_first(world: World) -> None:
    mild, worst = overdue(world, (1, 1), days=90), overdue(world, (5, 5))
    gain = overdue(world, (5, 5), days=50, kind="opportunity", response="")
    unrated = overdue(world, None, days=60)
    coming = builders.risk(world, rated=(5, 5), at=world.at - 28 * DAY)
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    [found] = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 9)])
    order = [worst.ref, mild.ref, unrated.ref, gain.ref, coming.ref]
    assert [duty.ref for duty in found] == order
    by_hand = sorted(found, key=lambda duty: urgency_sort_key(duty, world.today))
    assert [duty.ref for duty in by_hand] == order
    orphan = min(found, key=lambda d: urgency_sort_key(d, world.today, d.ref == gain.ref))
    assert orphan.ref == gain.ref


@pytest.mark.parametrize("most", [1, 2, 3])
def test_whatever_the_cut_what_is_kept_is_worse(world: World, most: int) -> None:
    cells = [(1, 1), (5, 5), (3, 3), (2, 2)]
    rows = {overdue(world, cell, days=40 - 10 * n).ref: cell for n, cell in enumerate(cells)}
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(world.today, people=agenda.ids_of_self_and_stood_in_for(viewer))
    [kept] = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, most)])
    assert [rows[duty.ref] for duty in kept] == [(5, 5), (3, 3), (2, 2)][:most]
    # The same rows shared with a second list.
    waiting = agenda.Wanted(world.today, others_than=frozenset({world.deputy.pk}))
    kept, others = agenda.most_urgent_duties_for(
        viewer, [agenda.WantedList(wanted, most), agenda.WantedList(waiting, most)]
    )
    assert [rows[duty.ref] for duty in kept[:most]] == [(5, 5), (3, 3), (2, 2)][:most]
    assert [rows[duty.ref] for duty in others[:most]] == [(5, 5), (3, 3), (2, 2)][:most]


def test_work_and_readings_are_as_severe_as_what_they_serve(world: World) -> None:
    mild, worst = builders.risk(world, rated=(1, 1)), builders.risk(world, rated=(5, 5))
    late = {"due_on": world.today - DAY, "status": "done"}
    small = builders.mitigation(world, mild, due_on=world.today + 2 * DAY)
    large = builders.mitigation(world, mild, worst, due_on=world.today + 3 * DAY)
    viewer = world.viewer("owner")
    wanted = agenda.Wanted(world.today, kinds=("mitigation.due",))
    [found] = agenda.most_urgent_duties_for(viewer, [agenda.WantedList(wanted, 1)])
    assert [d.ref for d in found] == [large.ref], (small.ref, late)


def test_my_work_in_all_registers_and_the_home_keep_the_worst(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, cell in enumerate([(1, 1), (1, 2), (2, 2), (5, 5), (1, 3)]):
        overdue(world, cell, days=50 - n)
    monkeypatch.setattr("riskreg.web.registers.MOST_DUTIES", 2)
    everywhere = builders.web(world.owner).get("/work/").context
    assert [d["ref"] for d in everywhere["duties"]] == ["R-004", "R-003"]
    assert (everywhere["total"], everywhere["cut"]) == (5, True)
    monkeypatch.setattr("riskreg.web.overview.panels.SHOWN", 2)
    home = builders.web(world.owner).get(f"/r/{SLUG}/home/").context
    assert [d["ref"] for d in home["waiting"]] == ["R-004", "R-003"]
    assert home["waiting_count"] == 5


def test_what_bears_on_an_objective_is_cut_after_the_worst(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = builders.objective(world).key
    mild, worst = (builders.risk(world, rated=c, objectives=[key]) for c in ((1, 1), (5, 5)))
    for n, row in enumerate((mild, mild, worst)):
        status = "done" if n == 0 else "planned"
        builders.mitigation(world, row, status=status, due_on=world.today + (n + 1) * DAY)
    fine, also, red = (indicator(world, mild) for _n in range(3))
    for row, value in ((fine, 1), (also, 1), (red, 200_000)):
        read(world, row, value)
    monkeypatch.setattr("riskreg.web.objectives.pages.SHOWN", 1)
    shown = builders.web(world.owner).get(f"/r/{SLUG}/objectives/{key}/").context
    assert [row["ref"] for row in shown["risks"]] == [worst.ref]
    assert ([row["m"].ref for row in shown["work"]], shown["work_more"]) == (["M-003"], 2)
    watched = [row["k"].ref for row in shown["indicators"]]
    assert (watched, shown["indicators_more"]) == ([red.ref], 2)


def test_of_what_calls_for_a_review_the_worst_risks_come_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild, worst = builders.risk(world, rated=(1, 1)), builders.risk(world, rated=(5, 5))
    for row in (mild, worst):
        read(world, indicator(world, row), 200_000)
    monkeypatch.setattr("riskreg.web.overview.page.SHOWN", 1)
    shown = builders.web(world.leader).get(f"/r/{SLUG}/home/").context
    assert ([b["risk"] for b in shown["breaches"]], shown["breaches_count"]) == ([worst.ref], 2)


# My work -----------------------------------------------------------------------------------------
def test_my_work_says_the_true_total_and_lists_the_worst(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n, cell in enumerate([(1, 1), (1, 2), (2, 2), (5, 5), (1, 3)]):
        overdue(world, cell, days=50 - n)
    whole = page(world)
    assert whole.context["overdue"] == 5
    monkeypatch.setattr("riskreg.web.duties.my_work.MOST_DUTIES", 2)
    cut = page(world)
    assert listed(cut) == listed(whole)[:2]
    assert listed(cut)[0] == "R-004"
    assert cut.context["overdue"] == 5
    [late] = cut.context["groups"]
    assert (late["count"], late["more"]) == (5, 3)
    text = cut.content.decode()
    assert "5 things are overdue." in text
    assert "and 3 more: the worst are listed" in text


def test_the_calendar_counts_what_is_not_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [builders.risk(world, rated=(1, 1)) for _n in range(3)]
    day = world.today + 5 * DAY
    Risk.objects.filter(pk__in=[r.pk for r in rows]).update(next_review_on=day)
    for most in (300, 2):
        monkeypatch.setattr("riskreg.web.duties.my_work.MOST_DUTIES", most)
        cells = {c["day"]: c["count"] for week in page(world).context["weeks"] for c in week}
        assert cells[day] == 3, most


def test_the_calendar_shows_days_of_which_nothing_is_listed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        overdue(world, (5, 5), days=50 - n)
    row = builders.risk(world, rated=(1, 1))
    Risk.objects.filter(pk=row.pk).update(next_review_on=world.today + 5 * DAY)
    monkeypatch.setattr("riskreg.web.duties.my_work.MOST_DUTIES", 2)
    cut = page(world)
    assert row.ref not in listed(cut)
    text = cut.content.decode()
    shown = re.findall(r'<td class="[^"]*\bhas\b[^>]*>(.*?)</td>', text, re.DOTALL)
    assert [" ".join(re.sub("<[^>]*>", " ", cell).split()).partition(" ")[2] for cell in shown] == [
        "1 due"
    ]


def test_what_waits_lists_orphans_first_then_the_worst_and_says_how_many_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild = overdue(world, (1, 1), days=90)
    worst = overdue(world, (5, 5))
    orphan = overdue(world, (2, 2), by=world.deputy)
    Membership.objects.filter(user=world.deputy).update(ended_at=world.at)
    waiting = page(world, "leader").context["waiting"]
    assert [d["ref"] for d in waiting] == [orphan.ref, worst.ref, mild.ref]
    assert [d["orphan"] for d in waiting] == [True, False, False]
    monkeypatch.setattr("riskreg.web.duties.my_work.LISTED", 2)
    cut = page(world, "leader")
    assert [d["ref"] for d in cut.context["waiting"]] == [orphan.ref, worst.ref]
    assert cut.context["waiting_more"] == 1
    assert "nobody answers for it" in cut.content.decode()


# Messages ----------------------------------------------------------------------------------------
def test_a_digest_shows_the_worst_and_says_how_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("riskreg.reminders.digest.data"), "SHOWN", 1)
    monkeypatch.setattr(import_module("riskreg.reminders.digest.contents"), "OWN_LIMIT", 1)
    for n, cell in enumerate([(1, 1), (5, 5), (2, 2)]):
        overdue(world, cell, days=60 - n, title=f"Cell {cell}")
    sweep(world.at)
    message = Message.objects.get(recipient=world.owner.uuid)
    assert "Cell (5, 5)" in message.text
    assert "Cell (1, 1)" not in message.text
    assert "3 matters" in message.subject


def test_an_alarm_keeps_the_worst(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskreg.reminders.services.alarms.SHOWN", 1)
    for cell in [(1, 1), (5, 5), (2, 2)]:
        overdue(world, cell)
    viewer = world.viewer("owner")
    duties = agenda.duties_for(viewer, agenda.Wanted(world.today), 9).duties
    unheard = UnassignedDuties()
    for duty in duties:
        unheard.note(duty)
    assert [d.ref for d in unheard.first[world.foton.pk, False]] == ["R-002"]
    assert unheard.counts[world.foton.pk, False] == 3


# Heatmap and lists -------------------------------------------------------------------------------
def test_a_cell_keeps_what_would_be_worst_without_controls(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.risks.queries.heatmap.REFS_PER_CELL", 2)
    monkeypatch.setattr("riskreg.web.heatmap.page.BESIDE", 2)
    for inherent in (None, (3, 3), (5, 5), (4, 4)):
        builders.risk(world, rated=(2, 2), inherent=inherent)
    viewer = world.viewer("owner")
    shown = heatmap(viewer, stage="residual", at=world.at)
    cell = next(c for c in shown.cells if c.count)
    assert (cell.count, cell.refs) == (4, ["R-003", "R-004"])
    beside = builders.web(world.owner).get(f"/r/{SLUG}/heatmap/?cell=2,2").context["beside"]
    assert [r["ref"] for r in beside["rows"]] == cell.refs
    assert (beside["count"], beside["more"]) == (4, 2)


def test_found_risks_are_open_first_and_worst_first(world: World) -> None:
    builders.risk(world, rated=(1, 1))
    builders.risk(world, rated=(5, 5), kind="opportunity", response="")
    builders.risk(world, rated=(4, 4))
    viewer = world.viewer("owner")
    rows = worst_first(risk_list(viewer, parse(viewer, {}, world.at)))
    assert [p.ref for p in rows] == ["R-003", "R-001", "R-002"]
    found = builders.web(world.owner).get(f"/search/?register={SLUG}&q=barriers")
    [group] = found.context["groups"]
    assert [row.ref for row in group.rows] == ["R-003", "R-001", "R-002"]


def test_hand_over_names_the_worst(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskreg.web.people.handover.LISTED", 1)
    builders.risk(world, rated=(1, 1))
    builders.risk(world, rated=(5, 5))
    client = builders.web(world.manager)
    answer = client.get(f"/r/{SLUG}/handover/?from={world.owner.uuid}")
    owned = next(r for r in answer.context["preview"] if r["count"])
    assert (owned["refs"], owned["count"], owned["more"]) == (["R-002"], 2, 1)

"""Runs on their pages: asked for, watched, cancelled, read, and taken away as a file."""

import csv
import io

import pytest

from riskreg.analysis.amounts import chance_text, percent_points_text
from riskreg.analysis.models import Simulation
from riskreg.jobs.queries import newest_job_of, steps_to_begin
from riskreg.jobs.services import run_step
from riskreg.risks.models import Risk
from tests import builders
from tests.analysis.making import estimate, hit, model, run, simulation
from tests.builders import World

pytestmark = pytest.mark.django_db


@builders.shared_world
def one(world: World) -> World:
    risk = builders.risk(world, title="Price waves")
    estimate(world, risk, released=True)
    estimate(world, risk, released=True, stage="target", severity_high="60000000")
    return world


def url(world: World, rest: str = "simulations/") -> str:
    return f"/r/{world.register.slug}/{rest}"


def test_asked_for_watched_and_read(one: World) -> None:
    client = builders.web(one.leader)
    asked = client.post(url(one), {"audience": "shared", "years": "10000"})
    assert asked.status_code == 302
    going = client.get(asked["Location"]).content.decode()
    assert "1 of 9 steps" in going
    assert 'hx-trigger="every 2s"' in going
    assert "Look again" in going
    row = Simulation.objects.get()
    job = newest_job_of(row.uuid)
    assert job is not None
    run_step(steps_to_begin(job, one.at)[0].pk, lambda: one.at)
    assert "2 of 9 steps" in client.get(asked["Location"]).content.decode()
    run(one, row)
    text = client.get(asked["Location"]).content.decode()
    for words in ("Expected in a year", "closed form", "Price waves", "Which number matters most",
                  'class="before" d="M', 'class="after" d="M'):  # fmt: skip
        assert words in text
    assert "hx-trigger" not in text.split('id="run"')[1].split(">")[0]


def test_equal_inputs_lead_to_the_run_that_is_there(one: World) -> None:
    row = simulation(one)
    asked = builders.web(one.partner_leader).post(
        url(one), {"audience": "shared", "years": "10000"}, follow=True
    )
    assert "Same inputs, same answer" in asked.content.decode()
    assert Simulation.objects.get() == row


def test_a_refusal_is_said_on_the_form(world: World) -> None:
    answer = builders.web(world.owner).post(url(world), {"audience": "shared", "years": "10000"})
    assert answer.status_code == 400
    assert "There is nothing to simulate" in answer.content.decode()
    assert not Simulation.objects.exists()


def test_cancelled_by_a_button_and_not_twice_over(one: World) -> None:
    row = simulation(one, done=False)
    client = builders.web(one.owner)
    for _n in range(2):
        answer = client.post(url(one, f"simulations/{row.uuid}/cancel/"), follow=True)
        assert "This run was cancelled and has no figures." in answer.content.decode()
    done = simulation(one, seed=3)
    answer = client.post(url(one, f"simulations/{done.uuid}/cancel/"), follow=True)
    assert "This has ended already" in answer.content.decode()


def test_what_moved_since_is_named(one: World) -> None:
    row = simulation(one)
    page = url(one, f"simulations/{row.uuid}/")
    assert "Since then" not in builders.web(one.auditor).get(page).content.decode()
    estimate(one, Risk.objects.get(ref="R-001"), released=True)
    assert "R-001 has other estimates now" in builders.web(one.auditor).get(page).content.decode()


def test_where_matrix_and_money_disagree_stands_with_the_reason(one: World) -> None:
    client = builders.web(one.partner_leader)
    alone = client.get(url(one, f"simulations/{simulation(one).uuid}/")).content.decode()
    assert "Nowhere: no threat costs much more" in alone
    small = builders.risk(one, title="Trifle", rated=(5, 5))
    estimate(one, small, released=True, severity_low="100000", severity_high="300000")
    found = builders.risk(one, title="Ruin", rated=(1, 5))
    estimate(one, found, released=True)
    row = simulation(one)
    text = client.get(url(one, f"simulations/{row.uuid}/")).content.decode()
    section = text.split('id="contradictions"')[1]
    # Prices are rated (4, 5), ruin (1, 5): both cost more than the trifle that stands at the top.
    for words in ("R-003 scores 5 and R-002 scores 25", "R-001 scores 20 and R-002 scores 25",
                  "Its levels are no higher on either axis"):  # fmt: skip
        assert words in section


def test_figures_as_a_file(one: World) -> None:
    row = simulation(one)
    answer = builders.web(one.auditor).get(url(one, f"simulations/{row.uuid}/csv/"))
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    by_key = {line["key"]: line for line in lines}
    assert float(by_key["loss.p95.before"]["value"]) > float(by_key["loss.p95.after"]["value"])
    assert by_key["loss.p95.before"]["label"] == "judgement"
    risk = Risk.objects.get(ref="R-001")
    assert by_key[f"contribution.{risk.uuid}.before"]["risk"] == "R-001"
    waiting = simulation(one, done=False, seed=2)
    answer = builders.web(one.auditor).get(url(one, f"simulations/{waiting.uuid}/csv/"))
    assert answer.status_code == 404


def test_a_run_of_ones_own_party_is_nowhere_for_the_other(one: World) -> None:
    row = simulation(one, audience="party")
    for who, there in (("owner", True), ("partner_owner", False), ("auditor", False)):
        client = builders.web(getattr(one, who))
        assert (client.get(url(one, f"simulations/{row.uuid}/")).status_code == 200) is there
        assert (str(row.uuid) in client.get(url(one)).content.decode()) is there


def test_the_chance_of_an_objective_stands_on_both_pages(one: World) -> None:
    target, risk = builders.objective(one), Risk.objects.get(ref="R-001")
    left_out = builders.risk(one, title="Nobody has estimated it")
    model(one, hits=[hit(risk, years=1), hit(left_out, "-5")])
    aim = url(one, f"objectives/{target.key}/")
    client = builders.web(one.partner_leader)
    assert "What would have to be true" not in client.get(aim).content.decode()
    row = simulation(one)
    html = client.get(url(one, f"simulations/{row.uuid}/")).content.decode()
    section = html.split('id="objectives"')[1].split("</section>")[0]
    for words in ("Vehicles sold overseas", "At least 300,000 vehicles in 2030.",
                  "that takes 12.8 % every year", "takes away", "R-001", "2,030", "<polygon",
                  "Left out, because this run knows nothing", left_out.ref):  # fmt: skip
        assert (words in section) is (words != "2,030"), words
    shown = client.get(aim).content.decode()
    assert "Chance of meeting it" in shown
    assert f"/simulations/{row.uuid}/#objectives" in shown
    assert "has changed since" not in shown
    model(one, follows=1)
    assert "has changed since" in client.get(aim).content.decode()
    answer = client.get(url(one, f"simulations/{row.uuid}/csv/"))
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    by_key = {line["key"]: line for line in lines}
    name = f"objective.{target.key}"
    assert by_key[f"{name}.cost.{risk.uuid}.before"]["risk"] == "R-001"
    assert by_key[f"{name}.chance.before"]["risk"] == ""
    levels = [float(by_key[f"{name}.level.2030.{p}.before"]["value"]) for p in ("p5", "p50", "p95")]
    assert levels == sorted(levels)
    assert by_key[f"{name}.level.2030.p50.before"]["unit"] == "vehicles"


def test_a_chance_of_ones_own_run_is_nowhere_for_the_other(one: World) -> None:
    target = builders.objective(one)
    model(one, by="owner", visibility="party")
    simulation(one, audience="party")
    aim = url(one, f"objectives/{target.key}/")
    for who, there in (("owner", True), ("partner_owner", False), ("auditor", False)):
        html = builders.web(getattr(one, who)).get(aim).content.decode()
        assert ("Chance of meeting it" in html) is there, who


@pytest.mark.once
def test_nothing_is_certain_neither_way() -> None:
    texts = {0.0: "below 0.1 %", 0.0009: "below 0.1 %", 0.001: "0.1 %", 0.04678: "4.7 %",
             0.5: "50 %", 0.999: "99.9 %", 0.9995: "above 99.9 %", 1.0: "above 99.9 %"}  # fmt: skip
    assert {value: chance_text(value) for value in texts} == texts
    points = {0.0: "0 points", 0.0001: "below 0.1 points", 0.025: "2.5 points", -0.01: "−1 points"}
    assert {value: percent_points_text(value) for value in points} == points

"""The options of a decision weighed on its page."""

import csv
import io

import pytest

from riskreg.analysis.amounts import amount_text, chance_text
from riskreg.analysis.models import Simulation
from riskreg.decisions.models import Decision
from riskreg.jobs.models import Step
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.analysis.making import effect, hit, model, run
from tests.builders import World
from tests.decisions.test_weighing import ask, weighed
from tests.dump import nothing_changes

__all__ = ["weighed"]
pytestmark = pytest.mark.django_db


def page(world: World, who: str = "leader") -> str:
    address = f"/r/{world.register.slug}/decisions/X-001/"
    answer = builders.web(getattr(world, who)).get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def weigh(world: World, who: str = "leader", **given: object) -> object:
    sent = {"audience": "shared", "years": "10000", "horizon": "5", **given}
    address = f"/r/{world.register.slug}/decisions/X-001/weigh/"
    return builders.web(getattr(world, who)).post(address, sent)


def test_it_is_asked_for_and_stands_as_a_table(weighed: World) -> None:
    assert "Nobody has had the options weighed yet." in page(weighed)
    assert weigh(weighed).status_code == 302  # type: ignore[attr-defined]
    going_on = page(weighed)
    assert "Look again" in going_on
    assert "comes to least" not in going_on
    run(weighed, Simulation.objects.get())
    done = page(weighed, "partner_leader")
    for text in (
        "comes to least", "Judgement", "best until it costs", "; then C",
        "left out, for it names no mitigation", "Beside doing nothing, a year",
    ):  # fmt: skip
        assert text in done, text
    assert "has moved" not in done
    effect(weighed, Mitigation.objects.earliest("id"), Risk.objects.get(ref="R-001"),
           released=True, cost_high="16000000")  # fmt: skip
    assert "of what M-001 does and costs something else is said now" in page(weighed)


def test_page_file_and_program_are_told_the_same_chance_and_regret(weighed: World) -> None:
    row = run(weighed, ask(weighed))
    start = f"/r/{weighed.register.slug}/simulations/{row.uuid}/csv/"
    text = builders.web(weighed.auditor).get(start).content.decode("utf-8-sig")
    lines = {line["key"]: line for line in csv.DictReader(io.StringIO(text))}
    address = f"/api/v1/registers/{weighed.register.slug}/decisions/X-001/weighing/"
    answer = builders.api(weighed.auditor).get(address).json()["shared"]
    told, shown = answer["options"], page(weighed)
    most = answer["information"]["all"]["value"]
    assert float(lines["option.information"]["value"]) == most
    if most:
        assert f"is worth {amount_text(most, 'CNY')} at most" in shown
        assert "No inquiry is worth more than this" in shown
    for each in answer["information"]["each"]:
        assert f"worth {amount_text(each['worth']['value'], 'CNY')} at most" in shown
        assert each["ref"] in shown
    assert told[0]["chance_of_loss"] is None
    for one in told:
        regret, chance = one["regret"], one["chance_of_loss"]
        assert float(lines[f"option.{one['key']}.regret.p95"]["value"]) == regret["value"]
        assert f'data-label="Regret, 1 in 20"> {amount_text(regret["value"])}<' in shown
        if chance:
            assert float(lines[f"option.{one['key']}.chance_of_loss"]["value"]) == chance["value"]
            assert f'data-label="Chance of loss"> {chance_text(chance["value"])}<' in shown


def test_a_run_of_before_these_figures_is_shown_without_them(weighed: World) -> None:
    row = run(weighed, ask(weighed))
    step = Step.objects.get(job__subject=row.uuid, key="figures")
    assert step.result is not None
    for one in step.result["weighing"]["options"]:
        del one["regret"], one["chance_of_loss"]
    Step.objects.filter(pk=step.pk).update(result=step.result)
    assert 'data-label="Regret, 1 in 20"> – <' in page(weighed)
    address = f"/api/v1/registers/{weighed.register.slug}/decisions/X-001/weighing/"
    told = builders.api(weighed.leader).get(address).json()["shared"]["options"]
    assert {one["regret"] for one in told} == {None}


def test_chances_of_objectives_stand_by_option(weighed: World) -> None:
    builders.objective(weighed)
    model(weighed, hits=[hit(Risk.objects.get(ref="R-001"))], growth_mode="13", growth_high="20")
    run(weighed, ask(weighed))
    shown = page(weighed)
    chances = shown[shown.index("Chance of objectives") :]
    for key in "ABC":
        assert f'data-label="{key}"' in chances


def test_a_refusal_keeps_what_was_typed(weighed: World) -> None:
    with nothing_changes():
        answer = weigh(weighed, horizon="77")
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert b'value="77"' in answer.content  # type: ignore[attr-defined]


def test_what_cannot_be_weighed_is_said(weighed: World) -> None:
    for option in Decision.objects.get().options.all():
        option.mitigations.clear()
    with nothing_changes():
        answer = weigh(weighed)
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert "B: no mitigation" in answer.content.decode()  # type: ignore[attr-defined]


def test_who_may_not_is_offered_nothing_and_a_party_keeps_its_own(weighed: World) -> None:
    run(weighed, ask(weighed, audience="party"))
    assert "comes to least" in page(weighed, "owner")
    assert "comes to least" not in page(weighed, "partner_leader")
    assert 'id="weigh"' not in page(weighed, "auditor")

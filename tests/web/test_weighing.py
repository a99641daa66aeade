"""The options of a decision weighed on its page."""

import pytest

from riskreg.analysis.models import Simulation
from riskreg.decisions.models import Decision
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

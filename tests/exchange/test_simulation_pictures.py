"""Pictures of a run: what the page draws, as files that stand by themselves."""

import re
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache

from riskreg.analysis.models import Simulation
from riskreg.analysis.queries.simulations import results_of_done_run
from riskreg.exchange import drawn
from riskreg.exchange.queries.simulation_pictures import RunPictures
from riskreg.exchange.writing.heatmap_svg import text_width
from riskreg.kernel.errors import NotFound
from tests import builders
from tests.analysis.making import effect, estimate, hit, model, simulation
from tests.builders import World

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"


@builders.shared_world
def simulated(world: World) -> World:
    """Two risks, of which one has a title that XML would trip over, an objective, a mitigation."""
    builders.objective(world)
    first, second = (
        builders.risk(world),
        builders.risk(world, title="Duties <&> quotas on everything that is sold overseas"),
    )
    for risk in (first, second):
        estimate(world, risk, released=True)
    effect(world, builders.mitigation(world, first), first, released=True)
    model(world, hits=[hit(first), hit(second, "-5")])
    simulation(world)
    return world


def address(world: World, name: str, api: bool = False) -> str:
    run = Simulation.objects.earliest("pk")
    root = f"/api/v1/registers/{world.register.slug}" if api else f"/r/{world.register.slug}"
    return f"{root}/simulations/{run.uuid}/pictures/{name}/"


def picture(answer: Any) -> tuple[ElementTree.Element, list[str]]:
    """The root of an SVG and its texts."""
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "image/svg+xml"
    root = ElementTree.fromstring(b"".join(answer.streaming_content))
    return root, [text.text or "" for text in root.iter(f"{SVG}text")]


NAMES = ("loss", "contributions", "tornado", "frontier", "objective-overseas-units-2030")


@pytest.mark.parametrize("name", NAMES)
def test_each_is_a_document_of_its_own_by_page_and_program(simulated: World, name: str) -> None:
    page = builders.web(simulated.leader).get(address(simulated, name) + "?format=svg")
    root, texts = picture(page)
    program = builders.api(simulated.leader).get(address(simulated, name, True) + "?format=svg")
    assert picture(program)[1] == texts
    width, height = (float(x) for x in root.attrib["viewBox"].split()[2:])
    for text in root.iter(f"{SVG}text"):
        # Names of bars stand left of them; nothing is cut off. The drawing stands 20 to the right.
        x, long = float(text.attrib["x"]), text_width(text.text or "", 11)
        assert x <= width
        assert text.attrib["text-anchor"] != "end" or x - long >= -20, text.text
        assert float(text.attrib["y"]) <= height
    assert any(simulated.register.name in text for text in texts)
    # An estimate that somebody judged is the weakest of what this was made from, or its model is.
    assert any("Judgement" in text or "Illustrative" in text for text in texts)
    assert any(re.search(r"Inputs [0-9a-f]{12}, seed \d+", text) for text in texts)
    as_png = builders.web(simulated.leader).get(address(simulated, name))
    assert as_png["Content-Type"] == "image/png"
    assert f"-{name}-2026-09-16.png" in as_png["Content-Disposition"]
    assert b"".join(as_png.streaming_content)[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_picture_says_what_the_run_came_to(simulated: World) -> None:
    run = Simulation.objects.earliest("pk")
    results = results_of_done_run(run)
    web = builders.web(simulated.leader)
    _root, texts = picture(web.get(address(simulated, "contributions") + "?format=svg"))
    assert any("Duties <&> quotas" in text for text in texts)
    root, texts = picture(web.get(address(simulated, "tornado") + "?format=svg"))
    assert any("The expected year" in text for text in texts)
    bars = [
        p
        for p in root.iter(f"{SVG}path")
        if "h" in p.attrib["d"] and "fill-opacity" not in p.attrib
    ]
    assert len(bars) >= len(results["tornado"]["bars"])
    _root, texts = picture(web.get(address(simulated, "objective-overseas-units-2030")
                                   + "?format=svg"))  # fmt: skip
    assert {"2025", "2030", "Target: 300,000 vehicles"} <= set(texts)
    _root, texts = picture(web.get(address(simulated, "loss") + "?format=svg"))
    assert {"0 %", "100 %", "Before the mitigations", "After them"} <= set(texts)


def test_in_chinese(simulated: World) -> None:
    simulated.leader.language = "zh-hans"
    simulated.leader.save(update_fields=["language"])
    root, texts = picture(
        builders.web(simulated.leader).get(address(simulated, "loss") + "?format=svg")
    )
    assert root.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "zh-hans"
    assert "应对措施实施前" in texts or any("前" in text for text in texts)
    assert not any("Before" in text for text in texts)


def test_what_there_is_not(simulated: World) -> None:
    run = Simulation.objects.earliest("pk")
    program, web = builders.api(simulated.leader), builders.web(simulated.leader)
    answer = program.get(address(simulated, "nothing", True))
    assert answer.status_code == 404
    assert "loss, contributions, tornado, frontier, objective-overseas" in answer.json()["detail"]
    assert program.get(address(simulated, "loss", True) + "?format=gif").status_code == 400
    assert web.get(address(simulated, "nothing")).status_code == 404
    assert web.get(address(simulated, "loss") + "?format=gif").status_code == 400
    waiting = simulation(simulated, seed=9, done=False)
    assert web.get(address(simulated, "loss").replace(str(run.uuid), str(waiting.uuid))
                   ).status_code == 404  # fmt: skip
    with pytest.raises(NotFound):
        RunPictures(simulated.viewer("leader"), run).chart("../loss")


def test_a_partys_run_has_no_picture_for_the_other(simulated: World) -> None:
    own = simulation(simulated, by="owner", audience="party")
    run = Simulation.objects.earliest("pk")
    path = address(simulated, "loss").replace(str(run.uuid), str(own.uuid)) + "?format=svg"
    _root, texts = picture(builders.web(simulated.owner).get(path))
    assert any(f"{simulated.foton} only" in text for text in texts)
    assert builders.web(simulated.partner_owner).get(path).status_code == 404


def test_the_page_leads_to_each(simulated: World) -> None:
    run = Simulation.objects.earliest("pk")
    page = f"/r/{simulated.register.slug}/simulations/{run.uuid}/"
    html = builders.web(simulated.leader).get(page).content.decode()
    for name in NAMES:
        for kind in ("svg", "png"):
            assert f'href="{address(simulated, name)}?format={kind}"' in html, name


def test_a_png_is_drawn_once_for_all_who_would_see_the_same(
    simulated: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def draw(svg: str, scale: float) -> bytes:
        made.append(svg)
        return f"PNG {len(made)} at {scale}".encode()

    cache.clear()
    monkeypatch.setattr(drawn, "import_module", lambda _name: SimpleNamespace(svg_to_png=draw))

    def asked(who: str, name: str) -> bytes:
        answer = builders.web(getattr(simulated, who)).get(address(simulated, name))
        return b"".join(answer.streaming_content)

    first = asked("leader", "loss")
    assert asked("owner", "loss") == asked("leader", "loss") == first
    assert len(made) == 1
    simulated.owner.language = "zh-hans"
    simulated.owner.save(update_fields=["language"])
    assert asked("owner", "loss") != first
    assert asked("leader", "tornado") not in (first, asked("owner", "loss"))
    assert len(made) == 3
    cache.clear()

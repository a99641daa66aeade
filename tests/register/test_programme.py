"""The programme's frame: what is refused, what needs a yes, and where it is shown."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from riskreg.events.models import Event
from riskreg.kernel.errors import Conflict, Errors, Forbidden, Invalid
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Register
from riskreg.register.programme import clean_programme, from_json
from riskreg.register.services import approve_change, set_axes, set_programme
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.api.conftest import program as program
from tests.builders import SLUG, World
from tests.dump import nothing_changes

GATE = {"names": {"en": "Go on?", "zh-hans": "是否继续"}, "kind": "gate", "due_on": "2030-02-08"}
FRAME: dict[str, Any] = {
    "starts_on": "2025-02-08",
    "ends_on": "2035-02-07",
    "horizon_on": "2035-12-31",
    "places": {"en": "Ningde", "zh-hans": "宁德"},
    "milestones": [GATE],
}
TODAY = dt.date(2026, 9, 16)


@pytest.mark.parametrize(
    "change, at, code",
    [
        ({"milestones": [{**GATE, "due_on": "2035-02-08"}]}, "milestones.0.due_on", "after_end"),
        ({"milestones": [{**GATE, "due_on": "2025-02-07"}]}, "milestones.0.due_on", "before_start"),
        ({"milestones": [{**GATE, "due_on": ""}]}, "milestones.0.due_on", "required"),
        ({"milestones": [{**GATE, "names": {}}]}, "milestones.0.names", "required"),
        ({"milestones": [{**GATE, "kind": "party"}]}, "milestones.0.kind", "unknown"),
        ({"milestones": [{**GATE, "label": "sourced"}]}, "milestones.0.label", "needs_source"),
        (
            {"milestones": [{**GATE, "reached_on": "2026-09-17"}]},
            "milestones.0.reached_on", "in_the_future",
        ),
        ({"milestones": [{**GATE, "more": 1}]}, "milestones.0.more", "unknown_field"),
        ({"milestones": "none"}, "milestones", "not_a_list"),
        ({"milestones": [3]}, "milestones.0", "not_an_object"),
        ({"ends_on": "2025-02-07", "milestones": []}, "ends_on", "before_start"),
        ({"horizon_on": "2024-12-31"}, "horizon_on", "before_start"),
        ({"horizon_on": None, "likelihood_over": "horizon"}, "horizon_on", "required"),
        ({"starts_on": "soon"}, "starts_on", "not_a_date"),
        ({"likelihood_over": "ever"}, "likelihood_over", "unknown"),
        ({"label": "sourced"}, "label", "needs_source"),
        ({"color": "red"}, "color", "unknown_field"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(change: dict[str, Any], at: str, code: str) -> None:
    errors = Errors()
    clean_programme(errors, {**FRAME, **change}, TODAY)
    with pytest.raises(Invalid) as caught:
        errors.raise_if_any()
    assert [e.code for e in caught.value.fields[at]] == [code]
    assert set(caught.value.fields) == {at}


def test_the_next_milestone_is_the_first_that_is_not_reached() -> None:
    errors = Errors()
    early = {**GATE, "due_on": "2026-01-01", "reached_on": "2026-01-02"}
    frame = clean_programme(errors, {**FRAME, "milestones": [GATE, early]}, TODAY)
    errors.raise_if_any()
    assert [row.due_on.year for row in frame.milestones] == [2026, 2030]
    found = frame.first_unreached_milestone()
    assert found is not None
    assert found.due_on.year == 2030
    assert from_json({}).first_unreached_milestone() is None


def put(world: World, who: str = "manager", **given: Any) -> Register | ChangeRequest:
    return set_programme(
        actor=world.viewer(who), given={**FRAME, **given}, version=None, at=world.at
    )


@pytest.mark.django_db
def test_what_was_said_is_changed_with_a_yes_of_every_party(world: World) -> None:
    assert isinstance(put(world), Register)
    assert not ChangeRequest.objects.exists()
    reached = [{**GATE, "reached_on": "2026-09-01"}]
    more = {**GATE, "names": {"en": "Another"}, "due_on": "2031-01-01"}
    assert isinstance(put(world, milestones=[*reached, more]), Register)
    with nothing_changes():
        put(world, milestones=[*reached, more])
    later = put(world, milestones=[*reached, more], ends_on="2036-02-07")
    assert isinstance(later, ChangeRequest)
    assert from_json(Register.objects.get().programme).ends_on == dt.date(2035, 2, 7)
    # Another change of the register does not stand in its way.
    set_axes(
        actor=world.viewer("manager"), across="likelihood", names={}, version=None, at=world.at
    )
    approve_change(actor=world.viewer("partner_manager"), name=later.ref, version=None, at=world.at)
    assert from_json(Register.objects.get().programme).ends_on == dt.date(2036, 2, 7)
    # Taking a milestone away is a change of what was said as well.
    assert isinstance(put(world, milestones=[more], ends_on="2036-02-07"), ChangeRequest)
    assert Event.objects.filter(verb="register.programme_set").count() == 3
    with nothing_changes(), pytest.raises(Forbidden):
        put(world, who="leader", places={"en": "Beijing"})
    with nothing_changes(), pytest.raises(Conflict):
        set_programme(actor=world.viewer("manager"), given=FRAME, version=1, at=world.at)


@pytest.mark.django_db
def test_the_api_sets_and_answers_it(world: World, program: Callable[..., Program]) -> None:
    manager = program(world.manager)
    empty = manager.get("programme/")
    assert (empty.json()["starts_on"], empty.json()["milestones"]) == (None, [])
    with nothing_changes():
        is_problem(manager.put("programme/", FRAME), 428)
        late = {**FRAME, "milestones": [{**GATE, "due_on": "2040-01-01"}]}
        is_problem(
            manager.put("programme/", late, If_Match=empty["ETag"]), 400, "after_end",
            "#/milestones/0/due_on",
        )  # fmt: skip
    made = manager.put("programme/", FRAME, If_Match=empty["ETag"])
    assert made.status_code == 200
    assert made.json()["milestones"][0]["kind"] == "gate"
    assert manager.get("programme/").json() == made.json()
    asked = manager.put("programme/", {**FRAME, "ends_on": "2036-01-01"}, If_Match=made["ETag"])
    assert asked.status_code == 202


@pytest.mark.django_db
def test_the_page_sets_it_and_loses_nothing_typed(world: World) -> None:
    page = f"/r/{SLUG}/settings/programme/"
    client = builders.web(world.manager)
    assert "Nothing is said of the programme yet." in client.get(page).content.decode()
    given = {
        "starts_on": "2025-02-08", "ends_on": "2035-02-07", "horizon_on": "2035-12-31",
        "places": "Ningde", "places_zh": "宁德", "likelihood_over": "horizon", "label": "judgement",
        "m1_name": "Go on?", "m1_name_zh": "是否继续", "m1_kind": "gate", "m1_due_on": "2040-02-08",
        "m1_label": "illustrative", "version": "1",
    }  # fmt: skip
    with nothing_changes():
        refused = client.post(page, given)
    assert refused.status_code == 400
    text = refused.content.decode()
    for said in ("after the programme", "Go on?", "2040-02-08"):
        assert said in text
    assert client.post(page, {**given, "m1_due_on": "2030-02-08"}).status_code == 302
    for path in ("settings/programme/", "home/", "objectives/"):
        text = builders.web(world.partner_leader).get(f"/r/{SLUG}/{path}").content.decode()
        for said in ("Ningde", "Go on?", "Illustrative"):
            assert said in text, (path, said)
    assert "over the horizon" in client.get(f"/r/{SLUG}/heatmap/").content.decode()
    stale = client.post(page, {**given, "m1_due_on": "2030-02-08", "places": "Beijing"})
    assert stale.status_code == 409
    assert 'value="Beijing"' in stale.content.decode()

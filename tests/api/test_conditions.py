"""What If-None-Match and If-Match are worth: an ETag changes exactly when the body does."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from riskreg.api.core.etag import etag
from riskreg.endpoints import services as endpoints
from riskreg.indicators.models import Indicator
from riskreg.risks.services import share_risk
from tests import builders
from tests.api.conftest import Program, is_problem
from tests.builders import AT, World
from tests.endpoints.receiver import stub_names

pytestmark = pytest.mark.django_db


@pytest.fixture
def paths(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every address that is read, of a register where each has something to show."""
    stub_names(monkeypatch)["hooks.receiver.com"] = ["93.184.215.14"]
    row = builders.risk(world)
    builders.review(world, row)
    builders.mitigation(world, row)
    builders.objective(world)
    manager = Program(world.manager)
    made = manager.post("indicators/", {
        "names": {"en": "Tariff"}, "unit": "%", "direction": "higher_is_worse", "amber": 10,
        "red": 20, "frequency_days": 30, "risks": ["R-001"],
    })  # fmt: skip
    assert made.status_code == 201, made.content
    meeting = manager.post("meetings/", {"title": "Monthly", "recipe": {"state": "open"}}).json()
    viewer = world.viewer("manager")
    webhook, _secret = endpoints.add_endpoint(
        audience=viewer.audience, kind="webhook", name="ERP", language="en",
        actor_for_log=viewer.user.uuid, at=world.at, address=endpoints.check_address("webhook", "https://hooks.receiver.com/"),
    )  # fmt: skip
    return [
        "", "criteria/", "ladder/", "ladder/preview/?risk=R-001", "risks/", "risks/R-001/",
        "risks/R-001/assessments/", "risks/R-001/reviews/", "risks/R-001/extensions/",
        "risks/R-001/history/", "mitigations/", "mitigations/M-001/", "indicators/",
        "indicators/K-001/", "indicators/K-001/readings/", "objectives/", "heatmap/", "duties/",
        "absences/", "handovers/", "meetings/", f"meetings/{meeting['id']}/", "coverage/",
        "webhooks/", f"webhooks/{webhook.uuid}/", "changes/", "/api/v1/me/", "/api/v1/registers/",
    ]  # fmt: skip


def test_everything_read_is_304_to_who_has_it(world: World, paths: list[str]) -> None:
    manager = Program(world.manager)
    for path in paths:
        first = manager.get(path)
        assert first.status_code == 200, (path, first.content)
        for sent in (first["ETag"], f"W/{first['ETag']}", f'"1", {first["ETag"]}', "*"):
            again = manager.get(path, If_None_Match=sent)
            assert (again.status_code, again.content) == (304, b""), path
            assert again["ETag"] == first["ETag"]
            assert again["X-Request-ID"]
        assert manager.get(path, If_None_Match='"99"').status_code == 200


def test_another_body_has_another_tag(world: World, paths: list[str]) -> None:
    """Whatever moves: a reading, a day, the language of who reads."""
    manager = Program(world.manager)

    def tags() -> dict[str, tuple[str, Any]]:
        return {path: ((answer := manager.get(path))["ETag"], answer.json()) for path in paths}

    def compared(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
        for path in paths:
            same_body, same_tag = (
                before[path][1] == after[path][1],
                before[path][0] == after[path][0],
            )
            assert same_tag is same_body, path
        return {path for path in paths if before[path] != after[path]}

    first = tags()
    assert compared(first, tags()) == set()
    at = (AT - dt.timedelta(days=1)).isoformat()
    sent = manager.post("indicators/K-001/readings/", {"readings": [{"at": at, "value": 25}]})
    assert sent.json()["status"] == "red"
    read = tags()
    assert "indicators/K-001/" in compared(first, read)
    assert Indicator.objects.get().version == 1
    with time_machine.travel(AT + dt.timedelta(days=60), tick=False):
        late = tags()
    assert "risks/R-001/" in compared(read, late)
    chinese = {
        path: (answer["ETag"], answer.json())
        for path in paths
        for answer in [manager.get(path, Accept_Language="zh-hans")]
    }
    assert compared(read, chinese)


def test_a_row_that_names_what_was_shared_since(world: World) -> None:
    builders.risk(world, visibility="party")
    manager = Program(world.manager)
    manager.post("mitigations/", {"title": "x", "risks": ["F-001"], "due_on": "2027-01-01"})
    path = manager.get("mitigations/").json()["results"][0]["url"]
    first = manager.get(path)
    share_risk(actor=world.viewer("manager"), ref="F-001", version=None, at=AT)
    second = manager.get(path, If_None_Match=first["ETag"])
    assert second.status_code == 200
    assert second.json()["risks"] != first.json()["risks"]
    assert second.json()["version"] == first.json()["version"]


def test_if_match_goes_by_the_version_alone(world: World) -> None:
    """Whole as it was read, or made of ``version``; what readings change does not count."""
    builders.risk(world)
    owner = Program(world.owner)
    tag = owner.get("risks/R-001/")["ETag"]
    version = owner.get("risks/R-001/").json()["version"]
    done = owner.patch("risks/R-001/", {"title": "One"}, If_Match=tag)
    assert done.status_code == 200
    assert done["ETag"] == owner.get("risks/R-001/")["ETag"] != tag
    again = owner.patch("risks/R-001/", {"title": "Two"}, If_Match=f'"{version + 1}"')
    assert again.status_code == 200
    stale = owner.patch("risks/R-001/", {"title": "Three"}, If_Match=tag)
    is_problem(stale, 412)
    assert stale["ETag"] == etag(version + 2)
    current = etag(version + 2).strip('"')
    for sent in (f'"{current}-"', f'"{current}-xyz"', f'"{current}-0123456789AB"', f'"-{current}"'):
        is_problem(owner.patch("risks/R-001/", {"title": "x"}, If_Match=sent), 412)

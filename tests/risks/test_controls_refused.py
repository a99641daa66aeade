"""A control on a risk that is somebody else's to change, or not there for who writes: nothing is
made or lost that was typed, and another party's own risk is answered for as one that never was."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from riskreg.risks.models import Control, Risk
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.web.page_forms import forms_of

pytestmark = pytest.mark.django_db
PAGE, API = f"/r/{SLUG}/controls/", f"/api/v1/registers/{SLUG}/controls/"
# Nobody has been given this ref.
NEVER = "C-999"
Send = Callable[[Client, Control, list[str]], Any]


@builders.shared_world
def kept(world: World) -> World:
    """A shared risk of foton's owner with a control, one of its deputy, and catl's own."""
    builders.control(world, builders.risk(world))
    builders.risk(world, by=world.deputy, title="Another's")
    builders.risk(world, by=world.partner_owner, visibility="party", title="CANARY")
    return world


def form(refs: list[str], **more: str) -> dict[str, str]:
    return {"name": "Two suppliers", "kind": "preventive", "label": "judgement",
            "risks": ", ".join(refs), **more}  # fmt: skip


def body(refs: list[str]) -> dict[str, Any]:
    return {**form([]), "risks": refs}


def noted_by_page(client: Client, _row: Control, refs: list[str]) -> Any:
    return client.post(PAGE + "new/", form(refs))


def changed_by_page(client: Client, row: Control, refs: list[str]) -> Any:
    data = form(refs, version=str(row.version))
    return client.post(f"{PAGE}{row.uuid}/edit/", data)


def noted_over_rest(client: Client, _row: Control, refs: list[str]) -> Any:
    return client.post(API, json.dumps(body(refs)), content_type="application/json")


def changed_over_rest(client: Client, row: Control, refs: list[str]) -> Any:
    place = f"{API}{row.uuid}/"
    tag = {"If-Match": client.get(place)["ETag"]}
    sent = json.dumps({"risks": refs})
    return client.patch(place, sent, content_type="application/json", headers=tag)


def listed_by_page(client: Client, _row: Control, refs: list[str]) -> Any:
    return client.get(PAGE, {"risk": refs})


def listed_over_rest(client: Client, _row: Control, refs: list[str]) -> Any:
    return client.get(API, {"risk": refs})


WRITES: list[Send] = [noted_by_page, changed_by_page, noted_over_rest, changed_over_rest]
READS: list[Send] = [listed_by_page, listed_over_rest]


def caller(world: World, send: Send) -> Client:
    """A browser or a program of foton's owner."""
    return (builders.api if send.__name__.endswith("rest") else builders.web)(world.owner)


def words(answer: Any) -> str:
    """The answer without what differs with every request, and the ref that was sent."""
    text = answer.content.decode()
    if not answer.headers["Content-Type"].endswith("json"):
        text = text.partition("<main")[2]
        for each in [*forms_of(answer, PAGE)]:
            text = text.replace(each.key or "\0", "KEY")
            for field in each.fields:
                if field.name == "csrfmiddlewaretoken":
                    text = text.replace(field.values[0], "TOKEN")
    return text.replace(answer.get("X-Request-ID", "\0"), "ID")


@pytest.mark.parametrize("send", [*WRITES, *READS], ids=lambda send: send.__name__)
@pytest.mark.parametrize("before", [[], ["R-001"]], ids=["alone", "beside"])
def test_another_partys_own_risk_is_as_one_that_never_was(
    kept: World, send: Send, before: list[str]
) -> None:
    theirs = Risk.objects.get(title="CANARY").ref
    row = Control.objects.get()
    # Who calls is made before: a token is a row.
    client = caller(kept, send)
    with nothing_changes():
        there = send(client, row, [*before, theirs])
        never = send(client, row, [*before, NEVER])
    assert there.status_code == never.status_code
    assert words(there).replace(theirs, NEVER) == words(never)
    if send in WRITES:
        assert there.status_code == 400
        assert f"There is no risk {theirs}" in there.content.decode()


@pytest.mark.parametrize("send", WRITES, ids=lambda send: send.__name__)
@pytest.mark.parametrize("before", [[], ["R-001"]], ids=["alone", "beside"])
def test_a_risk_that_is_somebody_elses_to_change_is_named_and_nothing_typed_is_lost(
    kept: World, send: Send, before: list[str]
) -> None:
    row, client = Control.objects.get(), caller(kept, send)
    with nothing_changes():
        answer = send(client, row, [*before, "R-002"])
    assert answer.status_code == 403
    assert "R-002: You do not answer for this." in answer.content.decode()
    if send in (noted_by_page, changed_by_page):
        typed = {f.name: f.values for each in forms_of(answer, PAGE) for f in each.fields}
        assert typed["name"] == ["Two suppliers"]
        assert typed["risks"] == [", ".join([*before, "R-002"])]

"""Pages of controls."""

import pytest

from riskreg.risks.models import Control
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db
LIST = f"/r/{SLUG}/controls/"
GIVEN = {"name": "Two suppliers", "kind": "preventive", "label": "judgement"}


def test_a_control_is_noted_from_a_risk_tested_and_ended(world: World) -> None:
    first, second = builders.risk(world), builders.risk(world)
    client = builders.web(world.owner)
    page = client.get(f"/r/{SLUG}/risks/{first.ref}/").content.decode()
    assert f'{LIST}new/?risk={first.ref}"' in page
    assert f'value="{first.ref}"' in client.get(f"{LIST}new/?risk={first.ref}").content.decode()
    sent = {**GIVEN, "risks": f"{first.ref}, {second.ref.lower()}", "test_every_days": "30"}
    made = client.post(LIST + "new/", sent)
    row = Control.objects.get()
    assert (made.status_code, made["Location"]) == (302, f"{LIST}{row.uuid}/")
    for ref in (first.ref, second.ref):
        assert "Two suppliers" in client.get(f"/r/{SLUG}/risks/{ref}/").content.decode()
    change = {**sent, "version": "1", "tested_on": "2026-09-16", "effectiveness": "partly"}
    assert client.post(f"{LIST}{row.uuid}/edit/", change).status_code == 302
    text = client.get(f"{LIST}{row.uuid}/").content.decode()
    assert "partly effective" in text
    with nothing_changes():
        again = client.post(f"{LIST}{row.uuid}/edit/", {**change, "version": "1", "name": "Mine"})
        assert again.status_code == 409
        assert 'value="Mine"' in again.content.decode()
        assert client.post(f"{LIST}{row.uuid}/end/", {"version": "2"}).status_code == 400
    ended = client.post(f"{LIST}{row.uuid}/end/", {"version": "2", "reason": "Run out"})
    assert ended.status_code == 302
    assert "Run out" in client.get(f"{LIST}{row.uuid}/").content.decode()
    assert "Two suppliers" not in client.get(LIST).content.decode()
    assert "Two suppliers" in client.get(LIST + "?active=false").content.decode()


@pytest.mark.parametrize(
    "change, said",
    [
        ({"name": ""}, "This is needed."),
        ({"risks": ""}, "at least one risk"),
        ({"tested_on": "2026-12-31"}, "still to come"),
        ({"test_every_days": "often"}, "1 to 3650"),
        ({"kind": ""}, "preventive or corrective"),
    ],
)
def test_what_is_wrong_is_said(world: World, change: dict[str, str], said: str) -> None:
    row = builders.risk(world)
    with nothing_changes():
        refused = builders.web(world.owner).post(
            LIST + "new/", {**GIVEN, "risks": row.ref, **change}
        )
    assert refused.status_code == 400
    assert said in refused.content.decode()


def test_a_partys_own_does_not_exist_for_the_other(world: World) -> None:
    row = builders.control(world, builders.risk(world, visibility="party"))
    stranger = builders.web(world.partner_manager)
    for page in ("", "edit/", "end/"):
        assert stranger.get(f"{LIST}{row.uuid}/{page}").status_code == 404
    assert row.name not in stranger.get(LIST).content.decode()
    assert row.name in builders.web(world.deputy).get(LIST).content.decode()


def test_who_may_not_change_it_reads_it(world: World) -> None:
    row = builders.control(world, builders.risk(world))
    for who in ("partner_manager", "leader", "auditor"):
        client = builders.web(getattr(world, who))
        assert "End it" not in client.get(f"{LIST}{row.uuid}/").content.decode()
        with nothing_changes():
            assert client.get(f"{LIST}{row.uuid}/edit/").status_code == 403
            assert client.post(f"{LIST}{row.uuid}/end/", {"reason": "x"}).status_code == 403

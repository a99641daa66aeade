"""Pages of a party's own appetite: beside the criteria, on a risk, in the list, on the home."""

import re
from typing import Any

import pytest

from riskreg.register.models import OwnAppetite
from riskreg.register.services import change_own_appetite
from riskreg.risks.services import close_risk, publish_criteria
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.web.page_forms import forms_of

pytestmark = pytest.mark.django_db
HERE = f"/r/{SLUG}/"
CRITERIA = f"{HERE}settings/criteria/"
NEW = f"{HERE}settings/own-appetites/new/"
GIVEN = {
    "term": "", "rating": "low", "label": "judgement",
    "reason": "Our margins are thin", "reason_zh": "我方利润微薄",
}  # fmt: skip
OTHERS = ("partner_manager", "partner_leader", "partner_owner", "auditor")


def page(world: World, who: str, path: str) -> str:
    response = builders.web(getattr(world, who)).get(path)
    assert response.status_code == 200, path
    return re.sub(r"\s+", " ", response.content.decode().partition("<main")[2])


def edit_of(row: OwnAppetite) -> str:
    return f"{HERE}settings/own-appetites/{row.uuid}/"


def test_a_manager_sets_changes_and_ends_it(world: World) -> None:
    builders.taxonomy(world)
    client = builders.web(world.manager)
    made = client.post(NEW, {**GIVEN, "term": "market:eu"})
    assert (made.status_code, made["Location"]) == (302, f"{CRITERIA}#party-appetite")
    row = OwnAppetite.objects.get()
    assert (row.term and row.term.ref, row.rating, row.label) == ("market:eu", "low", "judgement")
    assert row.reasons == {"en": "Our margins are thin", "zh-hans": "我方利润微薄"}
    shown = page(world, "manager", CRITERIA)
    for text in ("Foton’s own appetite", "European Union", "Our margins are thin", "up to Low"):
        assert text in shown
    form = client.get(edit_of(row)).content.decode()
    assert '<option value="market:eu" selected>Market: European Union</option>' in form
    changed = client.post(edit_of(row), {**GIVEN, "rating": "high", "version": 1})
    assert changed.status_code == 302
    row.refresh_from_db()
    assert (row.term, row.rating, row.version) == (None, "high", 2)
    ended = client.post(edit_of(row), {**GIVEN, "version": 2, "action": "end"})
    assert ended.status_code == 302
    assert "Your party has not said any." in page(world, "manager", CRITERIA)
    assert client.get(edit_of(row)).status_code == 404


@pytest.mark.parametrize(
    "change, said",
    [
        ({"rating": "severe"}, "severe"),
        ({"rating": ""}, "This is needed."),
        ({"term": "market:mars"}, "market:mars"),
        ({"reason": "", "reason_zh": ""}, "Say why in a sentence"),
        ({"reason": "x" * 301}, "At most 300 characters"),
        ({"label": "sourced"}, "needs a source"),
        ({}, "Your party has a general one already"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, change: dict[str, str], said: str
) -> None:
    builders.own_appetite(world, "low")
    builders.taxonomy(world)
    client = builders.web(world.manager)
    given = {**GIVEN, "term": "market:eu", **change} if change else GIVEN
    with nothing_changes():
        refused = client.post(NEW, given)
    assert refused.status_code == 400
    text = refused.content.decode()
    assert said in text
    assert "我方利润微薄" in text or "reason_zh" in change


def test_its_own_people_read_it_and_nobody_else(world: World) -> None:
    row = builders.own_appetite(world, "low")
    for who in ("leader", "owner"):
        shown = page(world, who, CRITERIA)
        assert "Foton’s own appetite" in shown
        assert "Our margins are thin" in shown
        assert "own-appetites" not in shown
        client = builders.web(getattr(world, who))
        assert (client.get(NEW).status_code, client.get(edit_of(row)).status_code) == (403, 403)
    for who in OTHERS:
        assert "Our margins" not in page(world, who, CRITERIA)
        client = builders.web(getattr(world, who))
        assert client.get(edit_of(row)).status_code == 404
        with nothing_changes():
            assert client.post(edit_of(row), {**GIVEN, "version": 1}).status_code == 404
    assert "party-appetite" not in page(world, "auditor", CRITERIA)
    with nothing_changes():
        assert builders.web(world.auditor).post(NEW, GIVEN).status_code == 403


def test_a_risk_above_it_is_marked_with_the_reason(world: World) -> None:
    risk, mild = builders.risk(world, rated=(3, 3)), builders.risk(world, rated=(1, 1))
    path = f"{HERE}risks/{risk.ref}/"
    before = {who: page(world, who, path) for who in OTHERS}
    builders.own_appetite(world, "low")
    shown = page(world, "owner", path)
    assert "Above Foton’s own appetite (Low)" in shown
    assert "Our margins are thin" in shown
    assert "own appetite" not in page(world, "owner", f"{HERE}risks/{mild.ref}/")
    for who in OTHERS:
        again = page(world, who, path)
        assert "own appetite" not in again
        assert len(again) == len(before[who])


def test_what_is_not_open_has_no_mark_and_is_not_counted(world: World) -> None:
    """As with the common appetite: a draft and a closed risk ask for nothing."""
    builders.own_appetite(world, "low")
    draft = builders.risk(world, rated=(5, 5), opened=False)
    over = builders.risk(world, rated=(5, 5))
    assert "own appetite" in page(world, "owner", f"{HERE}risks/{over.ref}/")
    close_risk(
        actor=world.viewer("owner"), ref=over.ref, reason="It passed", version=None, at=world.at
    )
    for row in (draft, over):
        assert "own appetite" not in page(world, "owner", f"{HERE}risks/{row.ref}/")
    assert "<b>0</b> <span>above our own appetite" in page(world, "leader", f"{HERE}home/")


def test_home_counts_them_and_opens_the_list(world: World) -> None:
    whole, part = builders.risk(world, rated=(3, 3)), builders.risk(world, rated=(3, 3))
    builders.relation(world, part, "part_of", whole)
    builders.risk(world, rated=(1, 1))
    home = f"{HERE}home/"
    assert "own appetite" not in page(world, "leader", home)
    builders.own_appetite(world, "low")
    shown = page(world, "leader", home)
    found = re.search(r'<a href="([^"]+above_own=true)"><b>(\d+)</b>', shown)
    assert found
    address, count = found.groups()
    assert count == "1"
    listed = page(world, "leader", address.replace("&amp;", "&"))
    assert whole.ref in listed
    assert f">{part.ref}<" not in listed
    for who in ("partner_leader", "auditor"):
        assert "own appetite" not in page(world, who, home)
    # Once the partner has said its own, its leaders count by that one.
    builders.own_appetite(world, "critical", by="partner_manager")
    assert re.search(r"<b>0</b> <span>above our own appetite", page(world, "partner_leader", home))


def test_the_list_offers_the_filter_to_who_acts_for_a_party(world: World) -> None:
    builders.risk(world, rated=(3, 3))
    builders.own_appetite(world, "low")
    assert 'name="above_own"' in page(world, "owner", f"{HERE}risks/")
    assert 'name="above_own"' not in page(world, "auditor", f"{HERE}risks/")
    shown = page(world, "owner", f"{HERE}risks/?above_own=true")
    assert "Above our own appetite" in shown
    assert "R-001" in shown


def test_criteria_without_its_rating_say_so_beside_it(world: World) -> None:
    row = builders.own_appetite(world, "critical")
    actor = world.viewer("manager")
    made = publish_criteria(
        actor=actor, data=builders.matrix(4, 4, appetite="medium"),
        seen_number=actor.criteria.number, at=world.at,
        mapping={axis: {5: 4} for axis in ("likelihood", "impact")},
    )  # fmt: skip
    builders.agreed(world, made)
    shown = page(world, "leader", CRITERIA)
    assert "Out of date" in shown
    assert "up to critical" in shown
    form = builders.web(world.manager).get(edit_of(row)).content.decode()
    assert '<option value="critical" selected>critical (out of date)</option>' in form


def test_whoever_was_slower_chooses_field_by_field(world: World) -> None:
    row = builders.own_appetite(world, "low")
    client = builders.web(world.manager)
    was: dict[str, Any] = {
        f"initial-{name}": value for name, value in {**GIVEN, "rating": "low"}.items()
    }
    change_own_appetite(
        actor=world.viewer("manager"), appetite=row.uuid, fields={"rating": "high"}, at=world.at
    )
    with nothing_changes():
        late = client.post(edit_of(row), {**GIVEN, **was, "rating": "moderate", "version": 1})
        ended = client.post(edit_of(row), {**GIVEN, **was, "version": 1, "action": "end"})
    assert (late.status_code, ended.status_code) == (409, 409)
    assert "Moderate" in late.content.decode()
    assert "High" in late.content.decode()


def test_the_preview_of_criteria_names_what_would_be_out_of_date(world: World) -> None:
    builders.own_appetite(world, "critical")
    builders.own_appetite(world, "high", by="partner_manager")
    new = f"{CRITERIA}new/"
    client = builders.web(world.manager)

    def form(response: Any) -> dict[str, Any]:
        return next(f for f in forms_of(response, new) if f.action.endswith(new)).data()

    fewer = client.post(new, {**form(client.get(new)), "action": "remove-r-4"})
    shown = client.post(new, {**form(fewer), "action": "preview"}).content.decode()
    told = re.sub(r"\s+", " ", shown.partition('id="own-outdated"')[2].partition("</p>")[0])
    assert "All other risks: up to Critical" in told
    assert "High" not in told
    kept = client.post(new, {**form(client.get(new)), "action": "preview"})
    assert "own-outdated" not in kept.content.decode()

"""Giving an estimate on its page: nothing preset, ends first, asked back, nothing lost."""

import re
from typing import Any

import pytest
from django.test import Client

from riskreg.analysis.models import Estimate
from riskreg.risks.models import Risk
from tests import builders
from tests.analysis.making import estimate
from tests.builders import World

pytestmark = pytest.mark.django_db
TYPED: dict[str, Any] = {
    "stage": "residual", "frequency_kind": "rate", "frequency_low": "0.8", "frequency_high": "2",
    "frequency_mode": "1.2", "severity_family": "lognormal", "unit": "1000000",
    "severity_low": "10", "severity_high": "120", "base_year": "2026", "label": "judgement",
    "rationale": "Two waves in five years", "action": "show",
}  # fmt: skip


@builders.shared_world
def one(world: World) -> World:
    builders.risk(world)
    return world


@pytest.fixture
def page(one: World) -> Client:
    return builders.web(one.owner)


def url(world: World, rest: str = "risks/R-001/estimates/new/") -> str:
    return f"/r/{world.register.slug}/{rest}"


def asked_field(text: str) -> str:
    found = re.search(r'name="asked" value="([0-9a-f]*)"', text)
    assert found is not None
    return found[1]


def test_nothing_is_preset_and_the_ends_come_before_the_middle(one: World, page: Client) -> None:
    text = page.get(url(one)).content.decode()
    for name in ("frequency_low", "frequency_high", "frequency_mode", "severity_low",
                 "severity_high", "severity_mode", "severity_cap"):  # fmt: skip
        tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', text)
        assert tag is not None
        assert "value=" not in tag[0]
    assert "checked" not in text
    places = [text.index(f'name="frequency_{part}"') for part in ("low", "high", "mode")]
    assert places == sorted(places)
    assert "The curve is here as soon as both ranges are whole." in text


def test_it_is_asked_back_before_it_is_kept_and_again_for_other_numbers(
    one: World, page: Client
) -> None:
    first = page.post(url(one), {**TYPED, "action": "save"})
    assert first.status_code == 200
    text = first.content.decode()
    assert "So one event in ten passes 91.2 m CNY, and one in twenty 120 m CNY?" in text
    assert not Estimate.objects.exists()
    other = page.post(
        url(one),
        {**TYPED, "action": "save", "severity_high": "300", "asked": asked_field(text)},
    )
    assert "one in twenty 300 m CNY?" in other.content.decode()
    assert not Estimate.objects.exists()
    kept = page.post(url(one), {**TYPED, "action": "save", "asked": asked_field(text)})
    assert kept.status_code == 302
    row = Estimate.objects.get()
    assert (row.severity_low, row.severity_high) == (10_000_000, 120_000_000)
    assert (row.expert, row.visibility, row.currency) == (one.owner, "party", "CNY")


def test_the_curve_is_drawn_while_other_things_are_missing(one: World, page: Client) -> None:
    typed = {**TYPED, "rationale": "", "base_year": "", "stage": ""}
    text = page.post(url(one), typed).content.decode()
    assert '<path class="area" d="M0 ' in text
    assert "91.2 m CNY" in text
    assert asked_field(text), "the same numbers are not asked about twice"


def test_what_cannot_be_is_said_where_the_curve_would_be(one: World, page: Client) -> None:
    text = page.post(url(one), {**TYPED, "severity_low": "500"}).content.decode()
    assert "The low end must be below the high end" in text
    assert '<path class="area"' not in text


def test_a_refusal_keeps_what_was_typed_and_names_the_field(one: World, page: Client) -> None:
    response = page.post(url(one), {**TYPED, "action": "save", "severity_low": "ten"})
    assert response.status_code == 400
    text = response.content.decode()
    assert 'value="ten"' in text
    assert 'value="120"' in text
    assert "Two waves in five years" in text
    assert 'aria-invalid="true"' in text
    assert not Estimate.objects.exists()


def test_a_choice_that_nobody_made_is_asked_for_in_plain_words(one: World, page: Client) -> None:
    typed = {**TYPED, "severity_family": "", "frequency_kind": ""}
    answer = page.post(url(one), typed)
    assert "lognormal, pert" not in answer.content.decode()
    refused = page.post(url(one), {**typed, "action": "save"})
    text = refused.content.decode()
    assert (refused.status_code, text.count("Choose one.")) == (400, 4)
    assert "This must be one of" not in text
    assert not Estimate.objects.exists()


def test_amounts_are_in_the_chosen_unit(one: World, page: Client) -> None:
    typed = {**TYPED, "unit": "1000", "action": "save"}
    text = page.post(url(one), typed).content.decode()
    page.post(url(one), {**typed, "asked": asked_field(text)})
    assert Estimate.objects.get().severity_high == 120_000


def test_in_chinese_amounts_go_by_ten_thousand(one: World) -> None:
    one.owner.language = "zh-hans"
    one.owner.save(update_fields=["language"])
    text = builders.web(one.owner).post(url(one), TYPED).content.decode()
    assert "9,120万 CNY" in text
    assert "1.2亿 CNY" in text


def test_estimates_stand_beside_each_other_with_their_pool(one: World, page: Client) -> None:
    risk = Risk.objects.get(ref="R-001")
    estimate(one, risk, by="manager", released=True)
    estimate(one, risk, by="partner_owner", released=True, severity_low="40000000")
    before = page.get(url(one, "risks/R-001/estimates/")).content.decode()
    assert "2 estimates of others are shown once you have kept your own" in before
    assert "Manager" not in re.sub(r"<header.*?</header>", "", before, flags=re.S)
    own = estimate(one, risk)
    text = page.get(url(one, "risks/R-001/estimates/")).content.decode()
    assert "3 experts; their medians go from 34.6 m CNY to 69.3 m CNY." in text
    assert text.count('class="estimate-bar"') == 4
    assert "Pool of those released" in text
    assert text.count("50 %") == 2
    assert f"/estimates/{own.uuid}/release/" in text


def test_released_by_a_button_for_good(one: World, page: Client) -> None:
    row = estimate(one, Risk.objects.get(ref="R-001"))
    response = page.post(url(one, f"estimates/{row.uuid}/release/"), follow=True)
    assert "every party sees it from now on" in response.content.decode()
    text = builders.web(one.auditor).get(url(one, "risks/R-001/estimates/")).content.decode()
    assert str(one.owner) in text
    assert "34.6 m CNY" in text


def test_one_of_a_private_risk_is_not_released(one: World, page: Client) -> None:
    row = estimate(one, builders.risk(one, visibility="party"))
    response = page.post(url(one, f"estimates/{row.uuid}/release/"), follow=True)
    assert "Share the risk first" in response.content.decode()
    row.refresh_from_db()
    assert row.released_at is None


def test_a_leader_reads_and_gives_none(one: World) -> None:
    client = builders.web(one.leader)
    assert client.get(url(one)).status_code == 403
    assert "Give an estimate" not in client.get(url(one, "risks/R-001/estimates/")).content.decode()

"""``manage.py load_demo``: once, whole, and not where its password would be a hole."""

import datetime as dt
import io
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import Model

from riskreg.accounts.models import User
from riskreg.accounts.services import create_user
from riskreg.demo import loader
from riskreg.events.models import Chain, Event
from riskreg.register.models import Register
from riskreg.reviews.models import Review
from riskreg.risks.models import Mitigation, Position, Risk
from tests.builders import World

NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
MODELS: tuple[type[Model], ...] = (Register, User, Risk, Mitigation, Position, Review, Event, Chain)

pytestmark = pytest.mark.django_db


def load(*arguments: str, at: dt.datetime = NOW) -> str:
    told = io.StringIO()
    with time_machine.travel(at, tick=False):
        call_command("load_demo", *arguments, stdout=told)
    return told.getvalue()


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def test_it_says_what_it_loaded_on_one_screen() -> None:
    told = load()
    assert "Loaded foton-catl: 28 risks, 25 of them open." in told
    assert "riskreg-demo" in told
    assert "on this computer only" in told
    assert "not data of these companies" in told
    for user in User.objects.all():
        assert user.email in told
    assert len(told.splitlines()) <= 24
    assert max(map(len, told.splitlines())) <= 100


def test_a_second_load_changes_nothing_and_says_so() -> None:
    load()
    before = everything()
    told = load(at=NOW + dt.timedelta(days=40))
    assert "is here since 2026-11-24 09:00 UTC; nothing was changed." in told
    assert everything() == before


def test_a_load_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything()
    real, calls = loader.record_review, []

    def breaks_late(**given: Any) -> Review:
        calls.append(given)
        if len(calls) == 40:
            raise RuntimeError("the power went")
        return real(**given)

    with monkeypatch.context() as patch:
        patch.setattr(loader, "record_review", breaks_late)
        with pytest.raises(RuntimeError, match="the power went"):
            load()
    assert everything() == before
    assert "Loaded foton-catl" in load()


def test_an_account_in_the_way_is_named_and_nothing_is_changed() -> None:
    create_user(email="leader@catl.example", name="Someone", password=None, at=NOW)
    before = everything()
    with pytest.raises(CommandError, match=r"nothing was changed.*e-mail address already"):
        load()
    assert everything() == before


def test_another_register_of_that_name_is_left_alone(world: World) -> None:
    before = everything()
    with pytest.raises(CommandError, match="another register called foton-catl"):
        load()
    assert everything() == before


def test_production_is_refused_unless_asked_for(settings: Any) -> None:
    settings.LOCAL = False
    with pytest.raises(CommandError, match="--allow-production"):
        load()
    assert not Register.objects.exists()
    assert "Loaded foton-catl" in load("--allow-production")


def test_a_clock_before_the_storys_end_moves_the_story_back_and_it_is_said() -> None:
    told = load(at=dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC))
    assert "moved back by" in told
    assert not Review.objects.filter(at__gt=dt.datetime(2026, 1, 15, tzinfo=dt.UTC)).exists()
    risk = Risk.objects.get(ref="R-003")
    assert risk.next_review_on == dt.date(2026, 1, 15)

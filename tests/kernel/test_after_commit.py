"""Waking tasks: only when the change stands, and never at its cost."""

from typing import Any

import pytest
from celery.app.base import Celery
from django.db import transaction

from riskreg.kernel.after_commit import after_commit


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_rolled_back_wakes_nobody(woken: list[Any]) -> None:
    with transaction.atomic():
        after_commit("notify.deliver", 1)
        transaction.set_rollback(True)
    assert woken == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def away(self: Any, name: str, *rest: Any, **options: Any) -> None:
        asked.append((name, options["retry"]))
        raise ConnectionError("no broker")

    monkeypatch.setattr(Celery, "send_task", away)
    with transaction.atomic():
        after_commit("notify.deliver", 1)
    assert asked == [("notify.deliver", False)]

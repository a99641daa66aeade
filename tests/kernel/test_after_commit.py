"""Waking tasks: only when the change stands, and never at its cost."""

from typing import Any

import pytest
from celery.app.base import Celery
from django.db import transaction
from structlog.testing import capture_logs

from riskreg.kernel.after_commit import after_commit, no_tasks_sent


@pytest.mark.django_db(transaction=True)
def test_a_change_that_was_rolled_back_wakes_nobody(woken: list[Any]) -> None:
    with transaction.atomic():
        after_commit("notify.deliver", 1)
        transaction.set_rollback(True)
    assert woken == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_nothing_but_time(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    asked = []

    def away(self: Any, name: str, *rest: Any, **options: Any) -> None:
        asked.append((name, options["retry"]))
        raise ConnectionError("no broker")

    monkeypatch.setattr(Celery, "send_task", away)
    # Whoever expects a broker is warned; a command of the embedded default beside no system is not.
    for expected, level in ((True, "warning"), (False, "debug")):
        settings.BROKER_EXPECTED = expected
        with capture_logs() as logged, transaction.atomic():
            after_commit("notify.deliver", 1)
        assert [line["log_level"] for line in logged] == [level]
    assert asked == [("notify.deliver", False)] * 2


@pytest.mark.django_db(transaction=True)
def test_before_anybody_runs_nobody_is_woken_and_nothing_is_complained_of(
    woken: list[Any],
) -> None:
    with capture_logs() as logged, no_tasks_sent(), transaction.atomic():
        after_commit("notify.deliver", 1)
    assert (woken, logged) == ([], [])
    with transaction.atomic():
        after_commit("notify.deliver", 1)
    assert woken == [("notify.deliver", (1,))]

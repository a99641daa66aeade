"""What the operator's collector learns of the outbox."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.test import Client

from riskreg.kernel import health
from riskreg.notify.models import Delivery
from riskreg.notify.policy import PassingFailure
from riskreg.notify.services import deliver_due
from tests.builders import AT

Posted = Callable[..., Delivery]


def test_the_outbox_is_counted_whoever_works_on_it(
    posted: Posted, sending_by: Any, client: Client, at: dt.datetime, settings: Any
) -> None:
    def down(message: Any) -> None:
        raise PassingFailure("down")

    sending_by(down)
    posted(0, at=AT - dt.timedelta(seconds=90))
    for n in range(1, 7):
        posted(n)
    posted(9, channels=("inbox",))
    deliver_due(lambda: AT, seconds=60, limit=100)
    settings.METRICS_TOKEN = "collector"
    message_shown = client.get("/metrics", HTTP_AUTHORIZATION="Bearer collector").content.decode()
    assert 'riskreg_deliveries_waiting{channel="mail"} 7.0' in message_shown
    assert 'riskreg_delivery_waiting_seconds{channel="mail"} 90.0' in message_shown
    assert 'riskreg_destinations_paused{channel="mail"} 1.0' in message_shown
    ours = [line for line in message_shown.splitlines() if line.startswith("riskreg_")]
    assert ours
    assert not [line for line in ours if "inbox" in line]
    assert "foton" not in message_shown


def test_a_database_that_fails_leaves_the_counters(
    db: None, client: Client, monkeypatch: Any, settings: Any
) -> None:
    def broken(at: dt.datetime) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(health, "GAUGES", [broken])
    settings.METRICS_TOKEN = "collector"
    answer = client.get("/metrics", HTTP_AUTHORIZATION="Bearer collector")
    assert answer.status_code == 200
    assert b"django_" in answer.content

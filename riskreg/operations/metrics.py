"""How the engine stands, for the operator's collector."""

import datetime as dt
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from riskreg.notify.models import Channel
from riskreg.operations.queries.engine import (
    get_or_set_broker_memory_mark,
    queue_lengths,
    reasons_reminder_engine_is_dead,
    reminder_engine_state,
)
from riskreg.register.people import unsent_invitation_count

# Channels by which something is delivered, and can fail.
SENT_BY = (Channel.MAIL.value, Channel.WEBHOOK.value, Channel.CHAT.value)


def gauges(at: dt.datetime) -> Iterable[Metric]:
    """Ages in seconds since a last proof, and what waits. What never was has no figure."""
    state = reminder_engine_state(at)

    def one(name: str, text: str, value: float | None) -> Metric:
        family = GaugeMetricFamily(f"riskreg_{name}", text)
        if value is not None:
            family.add_metric([], value)
        return family

    def each(name: str, text: str, label: str, values: dict[str, float | None]) -> Metric:
        family = GaugeMetricFamily(f"riskreg_{name}", text, labels=[label])
        for key, value in values.items():
            if value is not None:
                family.add_metric([key], value)
        return family

    lengths: dict[str, float | None] = dict(queue_lengths())
    # There before the first one: an alert on its rise would not see what begins with it.
    failed: dict[str, float | None] = {**dict.fromkeys(SENT_BY, 0), **state.failed}
    return [
        one(
            "engine_dead",
            "1: worker, beat or the sweep stands still",
            bool(reasons_reminder_engine_is_dead(state)),
        ),
        each("heartbeat_age_seconds", "Since the last sign of life", "program",
             {name: state.age(moment) for name, moment in state.heartbeats.items()}),
        one("sweep_age_seconds", "Since the last whole sweep ended", state.age(state.swept_at)),
        one("sweep_broken", "Registers and people that broke in the last sweep", state.broken),
        one("reminders_untold", "Reminders that waited longer than 26 hours", state.untold),
        each("deliveries_failed", "Deliveries that were given up", "channel", failed),
        one("invitations_unsent", "Invitations whose mail failed", unsent_invitation_count(at)),
        each("queue_length", "Tasks that wait at the broker", "queue", lengths),
        one("broker_memory_age_seconds", "Since the broker was found empty",
            state.age(get_or_set_broker_memory_mark(at))),
        one("backup_age_seconds", "Since the last backup", state.age(state.backed_up_at)),
        one("backup_verified_age_seconds", "Since a backup was last restored aside",
            state.age(state.verified_at)),
    ]  # fmt: skip

"""How the outbox stands, for the operator's collector."""

import datetime as dt
from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from riskreg.notify.queries.deliveries import open_circuit_counts, waiting_by_channel


def gauges(at: dt.datetime) -> Iterable[Metric]:
    """Deliveries that wait, how long the oldest does (seconds), servers left alone; by channel."""
    waiting = GaugeMetricFamily(
        "riskreg_deliveries_waiting", "Deliveries not sent yet", labels=["channel"]
    )
    oldest = GaugeMetricFamily(
        "riskreg_delivery_waiting_seconds", "Age of the oldest of them", labels=["channel"]
    )
    for channel, count, since in waiting_by_channel():
        waiting.add_metric([channel], count)
        oldest.add_metric([channel], max(0.0, (at - since).total_seconds()))
    paused = GaugeMetricFamily(
        "riskreg_destinations_paused", "Servers left alone after failures", labels=["channel"]
    )
    for channel, count in open_circuit_counts().items():
        paused.add_metric([channel], count)
    return [waiting, oldest, paused]

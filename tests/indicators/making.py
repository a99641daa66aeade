"""Indicators and readings for tests. Every figure here is illustrative."""

import datetime as dt
from typing import Any

from riskreg.accounts.models import User
from riskreg.indicators.models import Indicator
from riskreg.indicators.services import Recorded, create_indicator, record_readings
from riskreg.risks.models import Risk
from tests.builders import World

FIELDS: dict[str, Any] = {
    "names": {"en": "Lithium carbonate", "zh-hans": "碳酸锂"},
    "unit": "CNY/t",
    "kind": "fixed",
    "direction": "higher_is_worse",
    "amber": "90000",
    "red": "150000",
    "hysteresis": "5000",
    "frequency_days": 30,
    "grace_days": 5,
    "label": "illustrative",
}


def indicator(
    world: World,
    *risks: Risk,
    by: User | None = None,
    visibility: str = "shared",
    at: dt.datetime | None = None,
    **fields: Any,
) -> Indicator:
    """A price that is bad when high, watched for ``risks`` by foton's owner or ``by``."""
    return create_indicator(
        actor=world.viewer(by or world.owner),
        fields={**FIELDS, "risks": [r.ref for r in risks], **fields},
        visibility=visibility,
        at=at or world.at,
    )


def read(
    world: World,
    row: Indicator,
    *values: Any,
    by: User | None = None,
    at: dt.datetime | None = None,
    start: dt.datetime | None = None,
    origin: str = "api",
) -> Recorded:
    """Record ``values`` one by one an hour apart, the last at ``at``; a value may be a row."""
    at = at or world.at
    start = start or at - dt.timedelta(hours=len(values) - 1)
    rows = [
        v if isinstance(v, dict)
        else {"at": (start + dt.timedelta(hours=n)).isoformat(), "value": v}
        for n, v in enumerate(values)
    ]  # fmt: skip
    return record_readings(
        actor=world.viewer(by or row.owner), ref=row.ref, rows=rows, origin=origin, at=at
    )

"""Examples of estimates. Every number and name in them is illustrative."""

from typing import Any

from riskreg.analysis.fields import ESTIMATE
from riskreg.api.examples_base import OWNER, page

_ESTIMATE = {field.name: field.example for field in ESTIMATE} | {
    "expert": OWNER,
    "visibility": "party",
    "included": "The duty in force today",
    "implied": {
        "p5": 10_000_000.0, "p50": 34_600_000.0, "p90": 91_200_000.0, "p95": 120_000_000.0,
        "mean": 46_000_000.0, "events": 1.27, "yearly": 58_300_000.0,
    },
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "List the estimates of a risk": page(_ESTIMATE),
    "Give an estimate": _ESTIMATE,
    "Release an estimate": {
        **_ESTIMATE,
        "visibility": "shared",
        "released_at": "2026-09-17T01:00:00Z",
    },
}
REQUESTS: dict[str, Any] = {
    "Give an estimate": {
        "stage": "residual",
        "frequency_kind": "rate",
        "frequency_low": 0.8,
        "frequency_mode": 1.2,
        "frequency_high": 2,
        "severity_family": "lognormal",
        "severity_low": 10_000_000,
        "severity_high": 120_000_000,
        "base_year": 2026,
        "rationale": "Two price waves in five years (illustrative)",
    },
}

"""Examples of estimates, effects and drivers. Every number and name in them is illustrative."""

from typing import Any

from riskreg.analysis.fields import BELIEF, DRIVER, EFFECT, ESTIMATE, LINK, MODEL
from riskreg.api.examples_base import OWNER, ROOT, page

_ESTIMATE = {field.name: field.example for field in ESTIMATE} | {
    "expert": OWNER,
    "visibility": "party",
    "included": "The duty in force today",
    "implied": {
        "p5": 10_000_000.0, "p50": 34_600_000.0, "p90": 91_200_000.0, "p95": 120_000_000.0,
        "mean": 46_000_000.0, "events": 1.27, "yearly": 58_300_000.0,
    },
}  # fmt: skip
_EFFECT = {field.name: field.example for field in EFFECT} | {
    "expert": OWNER,
    "visibility": "party",
    "implied": {"frequency": 0.517, "severity": 1.0, "loss": 0.517, "cost": 10_500_000.0},
}
_DRIVER = {field.name: field.example for field in DRIVER} | {
    "url": ROOT + "drivers/D-001/",
    "pool": {"p5": 78_100.0, "p50": 122_000.0, "p95": 170_000.0},
}
_BELIEF = {field.name: field.example for field in BELIEF} | {"expert": OWNER}
_LINK = {field.name: field.example for field in LINK}
_MODEL = {field.name: field.example for field in MODEL} | {"author": OWNER}
_RANGE = {
    "family": "pert", "low": 58_400, "mode": 120_000, "high": 200_000,
    "rationale": "Range of analysts (illustrative)", "as_of": "2026-01-12",
    "review_on": "2026-07-12", "label": "illustrative",
    "steps": [{"on": "2027-01-01", "factor": "1.1", "why": "Duty (illustrative)"}],
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "List drivers": page(_DRIVER),
    "Add a driver": {**_DRIVER, "pool": None, "indicator": None},
    "Read a driver": _DRIVER,
    "Say what measures a driver": _DRIVER,
    "List the beliefs of a driver": page(_BELIEF),
    "Say what one believes of a driver": _BELIEF,
    "Withdraw a belief": {**_BELIEF, "ended_at": "2026-09-17T01:00:00Z"},
    "List the drivers of a risk": page(_LINK),
    "Link a driver to a risk": _LINK,
    "End a link": {**_LINK, "ended_at": "2026-09-17T01:00:00Z"},
    "List the models of an objective": page(_MODEL),
    "Give a model of an objective": _MODEL,
    "List the effects of a mitigation": page(_EFFECT),
    "Give an effect": _EFFECT,
    "Release an effect": {
        **_EFFECT,
        "visibility": "shared",
        "released_at": "2026-09-17T01:00:00Z",
    },
    "List the estimates of a risk": page(_ESTIMATE),
    "Give an estimate": _ESTIMATE,
    "Release an estimate": {
        **_ESTIMATE,
        "visibility": "shared",
        "released_at": "2026-09-17T01:00:00Z",
    },
}
REQUESTS: dict[str, Any] = {
    "Add a driver": {
        "names": {"en": "Lithium carbonate price", "zh-hans": "碳酸锂价格"},
        "unit": "CNY/t",
        "visibility": "shared",
    },
    "Say what one believes of a driver": _RANGE,
    "Give a model of an objective": {
        "start": 164_500,
        "start_year": 2025,
        "growth_low": 0,
        "growth_mode": "7.27",
        "growth_high": 18,
        "hits": [{"risk": "R-001", "mode": -15}],
        "lifts": [{"mitigation": "M-001", "mode": 6, "from_year": 2028}],
        "elasticities": [{"driver": "D-001", "elasticity": "-0.2"}],
        "rationale": "Growth of 2025, with wider ends (illustrative)",
        "label": "illustrative",
        "follows": 0,
    },
    "Say what measures a driver": {"indicator": "K-003"},
    "Link a driver to a risk": {
        "driver": "D-001",
        "on": "severity",
        "form": "power",
        "sensitivity": 1,
        "rationale": "Cells are bought at an index (illustrative)",
    },
    "Give an effect": {
        "risk": "R-003",
        "frequency_low": 0.3,
        "frequency_mode": 0.5,
        "frequency_high": 0.8,
        "cost_low": 8_000_000,
        "cost_mode": 10_000_000,
        "cost_high": 15_000_000,
        "cost_year": 2027,
        "base_year": 2026,
        "rationale": "Like the pilot of last year (illustrative)",
    },
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

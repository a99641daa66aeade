"""Estimates for tests to be about. Every number is illustrative."""

from typing import Any

from riskreg.analysis.models import Estimate
from riskreg.analysis.services import record_estimate, release_estimate
from riskreg.risks.models import Risk
from tests.builders import World

GIVEN: dict[str, Any] = {
    "stage": "residual",
    "frequency_kind": "rate",
    "frequency_low": "0.8",
    "frequency_mode": "1.2",
    "frequency_high": "2",
    "severity_family": "lognormal",
    "severity_low": "10000000",
    "severity_high": "120000000",
    "base_year": 2026,
    "rationale": "Two waves in five years",
}


def estimate(
    world: World, risk: Risk, *, by: str = "owner", released: bool = False, **given: Any
) -> Estimate:
    """An estimate of ``risk``; ``given`` is what is different from ``GIVEN``."""
    viewer = world.viewer(by)
    row = record_estimate(actor=viewer, ref=risk.ref, given={**GIVEN, **given}, at=world.at)
    if released:
        row = release_estimate(actor=viewer, estimate=row.uuid, at=world.at)
    return row

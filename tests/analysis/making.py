"""Estimates for tests to be about. Every number is illustrative."""

from typing import Any

from riskreg.accounts.models import User
from riskreg.analysis.models import (
    Belief,
    Driver,
    DriverLink,
    Effect,
    Estimate,
    ObjectiveModel,
    Simulation,
)
from riskreg.analysis.services import (
    add_driver,
    link_driver,
    model_objective,
    record_belief,
    record_effect,
    record_estimate,
    release_effect,
    release_estimate,
    request_simulation,
)
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import newest_job_of, steps_to_begin
from riskreg.jobs.services import run_step
from riskreg.risks.models import Mitigation, Risk
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


EFFECT: dict[str, Any] = {
    "frequency_low": "0.3",
    "frequency_mode": "0.5",
    "frequency_high": "0.8",
    "cost_low": "8000000",
    "cost_mode": "10000000",
    "cost_high": "15000000",
    "base_year": 2026,
    "rationale": "Like the pilot",
}


def effect(
    world: World,
    mitigation: Mitigation,
    risk: Risk,
    *,
    by: str = "owner",
    released: bool = False,
    **given: Any,
) -> Effect:
    """What a mitigation leaves of ``risk``; ``given`` is what is different from ``EFFECT``."""
    viewer = world.viewer(by)
    row = record_effect(
        actor=viewer, ref=mitigation.ref, risk=risk.ref, given={**EFFECT, **given}, at=world.at
    )
    if released:
        row = release_effect(actor=viewer, effect=row.uuid, at=world.at)
    return row


def simulation(world: World, *, by: str = "owner", done: bool = True, **given: Any) -> Simulation:
    """A run of the estimates as they are; ``done``: worked through at once, as a worker would."""
    given = {"years": 10_000, **given}
    row, _new = request_simulation(actor=world.viewer(by), given=given, at=world.at)
    return run(world, row) if done else row


def run(world: World, row: Simulation) -> Simulation:
    """Do every step of a run, as a worker would."""
    job = newest_job_of(row.uuid)
    assert job is not None
    while steps := steps_to_begin(job, world.at):
        for step in steps:
            run_step(step.pk, lambda: world.at)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.failure
    return row


BELIEF: dict[str, Any] = {
    "family": "pert",
    "low": "58400",
    "mode": "120000",
    "high": "200000",
    "rationale": "Range of analysts",
    "as_of": "2026-09-01",
    "label": "illustrative",
}
LINK: dict[str, Any] = {
    "on": "severity", "form": "power", "sensitivity": "1", "rationale": "Cells follow an index",
}  # fmt: skip


def driver(world: World, *, by: str = "owner", visibility: str = "shared", **given: Any) -> Driver:
    """A driver; ``given`` is what is different from the price of lithium."""
    names = {"en": "Lithium price", "zh-hans": "锂价"}
    fields = {"names": names, "unit": "CNY/t", **given}
    return add_driver(actor=world.viewer(by), given=fields, visibility=visibility, at=world.at)


def belief(
    world: World, row: Driver, *, by: str | User = "owner", visibility: str = "shared", **given: Any
) -> Belief:
    """What somebody believes of a driver; ``given`` is what is different from ``BELIEF``."""
    at = given.pop("at", world.at)
    return record_belief(
        actor=world.viewer(by), ref=row.ref, given={**BELIEF, **given}, visibility=visibility, at=at
    )


def link(world: World, row: Driver, risk: Risk, *, by: str = "owner", **given: Any) -> DriverLink:
    """That a driver moves a risk; ``given`` is what is different from ``LINK``."""
    return link_driver(
        actor=world.viewer(by), ref=risk.ref, driver=row.ref, given={**LINK, **given}, at=world.at
    )


MODEL: dict[str, Any] = {
    "start": "164500",
    "start_year": 2025,
    "growth_low": "0",
    "growth_mode": "7.27",
    "growth_high": "18",
    "rationale": "Growth of 2025, with wider ends",
    "label": "illustrative",
}


def model(
    world: World,
    *,
    key: str = "overseas-units-2030",
    by: str = "manager",
    visibility: str = "shared",
    follows: int = 0,
    **given: Any,
) -> ObjectiveModel:
    """How the level of an objective comes about; ``given`` is what is different from ``MODEL``."""
    return model_objective(
        actor=world.viewer(by), key=key, given={**MODEL, **given}, follows=follows,
        visibility=visibility, at=world.at,
    )  # fmt: skip


def lift(mitigation: Mitigation, mode: str = "6", **given: Any) -> dict[str, Any]:
    """What ``mitigation`` adds to a level once it works."""
    return {"mitigation": mitigation.ref, "mode": mode, **given}


def hit(risk: Risk, mode: str = "-15", **given: Any) -> dict[str, Any]:
    """What an event of ``risk`` does to a level."""
    return {"risk": risk.ref, "mode": mode, **given}

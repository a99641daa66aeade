"""Runs as their reader may see them, what a run of an audience would read now, and its figures."""

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.analysis.models import Driver, Effect, Estimate, Simulation
from riskreg.analysis.policy import buying, weighing
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.policy.objectives import Known, frozen_objective_model, is_still_to_come
from riskreg.analysis.queries.drivers import (
    beliefs_of,
    drivers_for,
    links_in_force_for,
    newest_beliefs_in_force_by_driver,
)
from riskreg.analysis.queries.effects import newest_effects_on_open_risks
from riskreg.analysis.queries.estimates import withheld_among
from riskreg.analysis.queries.given import ids_withheld_until_own_is_given
from riskreg.analysis.queries.objectives import newest_model_of_each_objective
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import Progress, newest_job_of, progress_of_newest_job_of_each
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Objective, Party, Register
from riskreg.register.queries import objectives_for
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Mitigation, MitigationStatus, Risk, State


@dataclass(frozen=True)
class AudienceReader:
    """Who a run reads for: everybody of the register, or one party (``visibility.Reader``)."""

    register: Register
    party_id: int | None


# What a run freezes and checks of an estimate; sources, reasons and times are none of it.
_FROZEN = (
    "uuid", "stage", "base_year", "label", "frequency_kind", "frequency_low", "frequency_mode",
    "frequency_high", "severity_family", "severity_low", "severity_mode", "severity_high",
    "severity_cap", "included", "translations", "expert__uuid", "risk__uuid", "risk__ref",
    "risk__kind",
)  # fmt: skip


def newest_estimates_of_open_risks(reader: AudienceReader) -> list[Estimate]:
    """Estimates of open risks that an audience may know of, the newest of each expert and stage,
    with what a run is made from alone."""
    risks = Risk.objects.visible_to(reader).filter(state=State.OPEN)
    rows = (
        Estimate.objects.visible_to(reader)
        .filter(risk__in=risks)
        .select_related("risk", "expert")
        .only(*_FROZEN)
        .order_by("-at", "-id")
    )
    found: dict[tuple[int, int, str], Estimate] = {}
    for row in rows:
        found.setdefault((row.expert_id, row.risk_id, row.stage), row)
    return list(found.values())


def links_with_beliefs(reader: AudienceReader) -> policy.Moving:
    """Links in force that an audience may know of, with what it may know is believed of the
    drivers that they name."""
    links = [row for row in links_in_force_for(reader) if row.risk.state == State.OPEN]
    drivers = list({row.driver_id: row.driver for row in links}.values())
    beliefs = newest_beliefs_in_force_by_driver(beliefs_of(reader, drivers)) if drivers else {}
    return policy.Moving(links, drivers, beliefs)


@dataclass(frozen=True)
class Wanted:
    """What is asked of a run besides what is believed: how many years are drawn, the seed, how
    many years mitigations work, budgets as they are frozen, and the decision that is weighed."""

    years: int
    seed: int
    horizon: int = buying.HORIZON
    budgets: tuple[dict[str, Any], ...] = ()
    about: weighing.DecisionToWeigh | None = None


def inputs_with_estimates_and_effects(
    reader: AudienceReader, party: Party | None, wanted: Wanted, day: dt.date
) -> tuple[dict[str, Any], list[Estimate], list[Effect]]:
    """What a run of that audience would be made from on ``day``, with the estimates and effects
    among it."""
    estimates = newest_estimates_of_open_risks(reader)
    exposures = policy.exposures_from_estimates(estimates)
    inputs = policy.inputs_with_drivers(
        exposures, links_with_beliefs(reader), day
    ) | _inputs_of_objectives_still_to_come(reader, exposures, day)
    inputs |= {
        "audience": party.key if party else "shared",
        "base_year": estimates[0].base_year if estimates else 0,
        "currency": reader.register.currency,
        "engine": policy.ENGINE,
        "seed": wanted.seed,
        "years": wanted.years,
    }
    known = {one["risk"] for one in exposures}
    effects = [row for row in newest_effects_on_open_risks(reader) if str(row.risk.uuid) in known]
    inputs = buying.inputs_with_mitigations(inputs, effects, wanted.horizon, wanted.budgets)
    if wanted.about is not None:
        inputs = weighing.inputs_with_options(inputs, wanted.about, wanted.horizon)
    return inputs, estimates, effects


def _inputs_of_objectives_still_to_come(
    reader: AudienceReader, exposures: Collection[dict[str, Any]], day: dt.date
) -> dict[str, Any]:
    """The models of objectives that are still to come, with what is believed of their drivers;
    nothing where there is none."""
    models = [row for row in newest_model_of_each_objective(reader) if is_still_to_come(row, day)]
    if not models:
        return {}
    named = {term["driver"] for row in models for term in row.elasticities}
    drivers = list(drivers_for(reader).filter(uuid__in=named)) if named else []
    beliefs = newest_beliefs_in_force_by_driver(beliefs_of(reader, drivers)) if drivers else {}
    lifting = {lift["mitigation"] for row in models for lift in row.lifts}
    known = Known(
        frozenset(one["risk"] for one in exposures),
        {str(row.uuid): (row, beliefs[row.pk]) for row in drivers if row.pk in beliefs},
        {str(row.uuid): row for row in _uncancelled_mitigations(reader, lifting)},
    )
    frozen = [frozen_objective_model(row, known, day) for row in models]
    return {"objectives": sorted(frozen, key=lambda one: str(one["objective"]))}


def _uncancelled_mitigations(reader: AudienceReader, ids: Collection[str]) -> list[Mitigation]:
    """The mitigations of those public ids that an audience may know of and nobody cancelled."""
    if not ids:
        return []
    rows = Mitigation.objects.visible_to(reader).filter(uuid__in=ids)
    return list(rows.exclude(status=MitigationStatus.CANCELLED))


def visible_simulations(viewer: Viewer) -> QuerySet[Simulation]:
    """Every run that the viewer may know of, newest first."""
    rows = Simulation.objects.visible_to(viewer).select_related("party", "requested_by")
    return rows.order_by("-at", "-id")


def simulation_for(viewer: Viewer, simulation: UUID) -> Simulation:
    """The run of that id. Raises ``NotFound`` also for another party's own."""
    row = visible_simulations(viewer).filter(uuid=simulation).first()
    if row is None:
        raise NotFound(_("There is no such simulation."))
    row.register = viewer.register
    return row


def simulations_about(viewer: Viewer, about: UUID) -> QuerySet[Simulation]:
    """The runs that weigh what has the public id ``about``, as far as the viewer may know of them,
    newest first."""
    return visible_simulations(viewer).filter(about=about)


def newest_run_of_same_inputs(viewer: Viewer, visibility: str, digest: str) -> Simulation | None:
    """The newest visible run of the same inputs and audience that has not come to nothing."""
    for row in visible_simulations(viewer).filter(digest=digest, visibility=visibility)[:10]:
        job = newest_job_of(row.uuid)
        if job and job.state not in (JobState.CANCELLED, JobState.FAILED):
            return row
    return None


def progress_of_each_run(rows: Collection[Simulation]) -> dict[UUID, Progress]:
    """How far each of ``rows`` is, in one query."""
    return progress_of_newest_job_of_each([row.uuid for row in rows])


def party_of_run(row: Simulation) -> Party | None:
    """The party whose run it is; None for one of everybody."""
    return row.party if row.visibility == Visibility.PARTY else None


def stale_because(viewer: Viewer, row: Simulation, day: dt.date) -> list[dict[str, str]]:
    """Which inputs of a run are otherwise on ``day``, by the ref of their risk or driver; empty: it
    is fresh.

    Of a risk that the viewer may not know of (it was closed, or is no longer there) only that.
    """
    party = party_of_run(row)
    reader = AudienceReader(row.register, party.pk if party else None)
    frozen = json.loads(row.inputs)
    now, *_rows = inputs_with_estimates_and_effects(reader, party, Wanted(row.years, row.seed), day)
    found = policy.changes_of_inputs(frozen, now)
    ids = [risk for risk, _what in found if risk]
    refs = {str(u): r for u, r in _visible_ids_and_refs(viewer, ids)}
    return [{"ref": refs.get(risk, ""), "what": what} for risk, what in found]


def _visible_ids_and_refs(viewer: Viewer, ids: Collection[str]) -> list[tuple[UUID, str]]:
    if not ids:
        return []
    rows = Risk.objects.visible_to(viewer).filter(uuid__in=ids)
    drivers = drivers_for(viewer).filter(uuid__in=ids)
    objectives = objectives_for(viewer).filter(uuid__in=ids)
    mitigations = Mitigation.objects.visible_to(viewer).filter(uuid__in=ids)
    return [
        *rows.values_list("uuid", "ref"),
        *drivers.values_list("uuid", "ref"),
        *objectives.values_list("uuid", "key"),
        *mitigations.values_list("uuid", "ref"),
    ]


def risks_of_run(viewer: Viewer, row: Simulation) -> dict[str, Risk]:
    """The risks of a run by public id, as far as the viewer may know of them; those that a model of
    an objective names and the run has not simulated among them."""
    inputs = json.loads(row.inputs)
    ids = [one["risk"] for one in inputs["exposures"]]
    ids += [name for one in inputs.get("objectives", ()) for name in one["left_out"]]
    rows = Risk.objects.visible_to(viewer).filter(uuid__in=ids).select_related("party")
    # A run may be of two thousand risks, and these are what is long in each.
    short = rows.defer("cause", "event", "consequence", "sources", "labels")
    return {str(risk.uuid): risk for risk in short}


def drivers_of_run(viewer: Viewer, row: Simulation) -> dict[str, Driver]:
    """The drivers of a run by public id, as far as the viewer may know of them."""
    inputs = json.loads(row.inputs)
    ids = [one["driver"] for one in inputs.get("drivers", ())]
    for one in inputs.get("objectives", ()):
        ids += [*one["left_out"], *(driver["driver"] for driver in one["drivers"])]
    if not ids:
        return {}
    return {str(one.uuid): one for one in drivers_for(viewer).filter(uuid__in=ids)}


def objectives_of_run(viewer: Viewer, row: Simulation) -> dict[str, Objective]:
    """The objectives of a run by public id, as far as the viewer may know of them."""
    ids = [one["objective"] for one in json.loads(row.inputs).get("objectives", ())]
    if not ids:
        return {}
    return {str(one.uuid): one for one in objectives_for(viewer).filter(uuid__in=ids)}


def inputs_without_withheld(viewer: Viewer, row: Simulation) -> dict[str, Any]:
    """The frozen inputs of a run; ranges that the viewer is not shown otherwise are None."""
    inputs: dict[str, Any] = json.loads(row.inputs)
    estimates = [
        one
        for exposure in inputs["exposures"]
        for stage in policy.STAGES.values()
        for one in exposure[stage]
    ]
    withheld = withheld_among(viewer, [UUID(one["id"]) for one in estimates])
    for one in estimates:
        if UUID(one["id"]) in withheld:
            one["frequency"] = one["severity"] = None
    _blank_withheld_effects_in_place(viewer, inputs.get("mitigations", ()))
    return inputs


def _blank_withheld_effects_in_place(
    viewer: Viewer, mitigations: Collection[dict[str, Any]]
) -> None:
    costs = [row for one in mitigations for row in one["cost"]]
    shares = [row for one in mitigations for part in one["effects"] for row in part["experts"]]
    ids = {UUID(row["id"]) for row in (*costs, *shares)}
    withheld = ids_withheld_until_own_is_given(Effect, viewer, ids)
    for row in (*costs, *shares):
        if UUID(row["id"]) in withheld:
            row |= {name: None for name in ("range", "frequency", "severity") if name in row}


def mitigations_of_run(viewer: Viewer, row: Simulation) -> dict[str, Mitigation]:
    """The mitigations of a run by public id, as far as the viewer may know of them; those that a
    model of an objective names among them."""
    inputs = json.loads(row.inputs)
    ids = [one["mitigation"] for one in inputs.get("mitigations", ())]
    for one in inputs.get("objectives", ()):
        ids += [*one["left_out"], *(lift["mitigation"] for lift in one.get("lifts", ()))]
    if not ids:
        return {}
    return {
        str(one.uuid): one for one in Mitigation.objects.visible_to(viewer).filter(uuid__in=ids)
    }


def results_of_done_run(row: Simulation) -> dict[str, Any]:
    """What the run came to: {figures, curves, contributions, tornado}. Raises ``NotFound`` until it
    is done."""
    job = newest_job_of(row.uuid)
    if job is None or job.state != JobState.DONE:
        raise NotFound(_("This simulation has no figures yet."))
    results: dict[str, Any] = job.steps.get(key="figures").result or {}
    return results

"""Asking for a run, and cancelling one."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.analysis.models import Simulation
from riskreg.analysis.policy import buying, weighing
from riskreg.analysis.policy import simulations as policy
from riskreg.analysis.queries.simulations import (
    AudienceReader,
    Wanted,
    inputs_with_estimates_and_effects,
    newest_run_of_same_inputs,
    simulation_for,
)
from riskreg.analysis.services.included import check_nothing_counted_twice
from riskreg.events.policy import canonical_json
from riskreg.events.services import append
from riskreg.jobs.kinds import Outcome
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import newest_job_of, open_jobs_requested_by
from riskreg.jobs.services import NewStep, cancel_job, start_job
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.visibility import Visibility


class RequestedRun(NamedTuple):
    """A run that was asked for, and whether it is new or was there already."""

    run: Simulation
    is_new: bool


@transaction.atomic
def request_simulation(
    *,
    actor: Viewer,
    given: Mapping[str, Any],
    at: dt.datetime,
    about: weighing.DecisionToWeigh | None = None,
) -> RequestedRun:
    """A run of the estimates as they are now; and whether it is new.

    ``given``: {audience: shared|party, years, seed?, horizon?, budgets?}; ``about``: the decision
    whose options it weighs, which its audience may see. Inputs are
    frozen in this transaction with the steps that will work on them. Where a run of the same inputs
    is there, that is the answer: same inputs, same figures. Raises ``Invalid``, ``Forbidden``.
    """
    require(actor, "simulation.run")
    if actor.party is None:
        raise Invalid.one("party", "needs_party", _("A run is asked for on behalf of a party."))
    errors = Errors()
    for name in given:
        if name not in ("audience", "years", "seed", "horizon", "budgets"):
            errors.add(str(name)[:60], "unknown_field", _("A run has no such setting."))
    audience = given.get("audience", Visibility.SHARED)
    if audience not in Visibility.values:
        errors.add("audience", "unknown", _("This must be one of: shared, party."))
    years = _clean_whole_number(
        errors, "years", given.get("years", 100_000), policy.LEAST_YEARS, policy.MOST_YEARS,
        _("Between 1,000 and 10,000,000 years are simulated: fewer say little of rare years, and "
          "more fill the memory of a worker."),
    )  # fmt: skip
    seed = _clean_whole_number(
        errors, "seed", given.get("seed", 1), 0, 2**31 - 1,
        _("A seed is a whole number from 0 to 2,147,483,647."),
    )  # fmt: skip
    horizon = _clean_whole_number(
        errors, "horizon", given.get("horizon", buying.HORIZON), buying.LEAST_HORIZON,
        buying.MOST_HORIZON, _("Mitigations work for 1 to 40 years."),
    )  # fmt: skip
    parties = set(actor.register.parties.values_list("key", flat=True))
    budgets = buying.clean_budgets(errors, given.get("budgets"), parties)
    errors.raise_if_any()
    wanted = Wanted(years, seed, horizon, tuple(budgets), about)
    party = actor.party if audience == Visibility.PARTY else None
    reader = AudienceReader(actor.register, party.pk if party else None)
    inputs, estimates, effects = inputs_with_estimates_and_effects(
        reader, party, wanted, actor.today(at)
    )
    policy.check_estimates_fit_one_run(errors, estimates)
    buying.check_effects_fit_one_run(errors, effects, estimates)
    if budgets and not inputs.get("mitigations"):
        text = _(
            "There is nothing to choose: of no running mitigation anybody has said what it leaves "
            "of a simulated risk and what it costs."
        )
        errors.add("budgets", "empty", text)
    if about is not None and not errors.has_any_on("audience"):
        weighing.check_some_option_can_be_weighed(errors, about, inputs)
    check_nothing_counted_twice(errors, reader, estimates)
    errors.raise_if_any()
    digest = policy.digest_of(inputs)
    # Whoever asks twice at once waits here, and is then given the run of the first.
    User.objects.select_for_update().get(pk=actor.user.pk)
    if (same := newest_run_of_same_inputs(actor, audience, digest)) is not None:
        return RequestedRun(same, is_new=False)
    if open_jobs_requested_by(actor.user.uuid, policy.KIND).count() >= policy.MOST_OPEN:
        text = _(
            "You have %(n)d runs that are not over. Wait for one or cancel it: each keeps a worker "
            "busy."
        )
        raise Invalid.one("years", "too_many", text % {"n": policy.MOST_OPEN})
    row = Simulation.objects.create(
        register=actor.register,
        party=actor.party,
        visibility=audience,
        requested_by=actor.user,
        at=at,
        created_at=at,
        years=years,
        seed=seed,
        currency=inputs["currency"],
        base_year=inputs["base_year"],
        engine=policy.ENGINE,
        inputs=canonical_json(inputs),
        digest=digest,
        about=about.decision if about else None,
    )
    _start_job_of_run(actor, row, inputs, at)
    changes = {
        "years": [None, years], "seed": [None, seed], "digest": [None, digest],
        "base_year": [None, row.base_year], "currency": [None, row.currency],
    }  # fmt: skip
    if about is not None:
        changes["about"] = [None, str(about.decision)]
    append(actor.entry("simulation.requested", row, at=at, changes=changes))
    return RequestedRun(row, is_new=True)


def _clean_whole_number(
    errors: Errors, name: str, value: Any, least: int, most: int, text: str
) -> int:
    fine = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    if not fine:
        errors.add(name, "out_of_range", text)
    return value if fine else least


def _start_job_of_run(
    actor: Viewer, row: Simulation, inputs: Mapping[str, Any], at: dt.datetime
) -> None:
    frozen = NewStep(
        "freeze", "analysis.freeze", 0, row.digest, 0, outcome=Outcome({"digest": row.digest})
    )
    steps = [
        NewStep(
            piece.key,
            piece.kind,
            piece.stage,
            hashlib.sha256(f"{row.digest}:{piece.key}".encode()).hexdigest(),
            piece.weight,
        )
        for piece in policy.steps_of_new_run(row.years, inputs)
    ]
    own = row.visibility == Visibility.PARTY
    key = actor.audience.key if own else type(actor.audience)(actor.register.uuid).key
    start_job(
        kind=policy.KIND,
        subject=row.uuid,
        audience=key,
        requested_by=actor.user.uuid,
        steps=[frozen, *steps],
        at=at,
    )


@transaction.atomic
def cancel_simulation(*, actor: Viewer, simulation: UUID, at: dt.datetime) -> Simulation:
    """End a run that is not over. Cancelling twice is as once.

    Raises ``Conflict`` for one that is done or has failed, ``Forbidden``, ``NotFound``.
    """
    row = simulation_for(actor, simulation)
    require(actor, "simulation.cancel", row)
    job = newest_job_of(row.uuid)
    assert job is not None  # noqa: S101 - they are made in one transaction
    was = job.state
    cancel_job(job.uuid, at)
    if was != JobState.CANCELLED:
        append(actor.entry("simulation.cancelled", row, at=at))
    return row

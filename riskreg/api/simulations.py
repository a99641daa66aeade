"""Runs: what a year could cost, simulated from the estimates of one audience."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.analysis.models import Simulation
from riskreg.analysis.policy.contradictions import MOST, Ranked
from riskreg.analysis.queries.contradictions import contradictions_among_open_threats
from riskreg.analysis.queries.simulations import (
    inputs_without_withheld,
    progress_of_each_run,
    results_of_done_run,
    simulation_for,
    stale_because,
    visible_simulations,
)
from riskreg.analysis.services import cancel_simulation, request_simulation
from riskreg.api import shapes_simulations as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.errors import Problem
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.values import person, time
from riskreg.jobs.queries import Progress
from riskreg.kernel.errors import Conflict


class SimulationApi(RegisterApi):
    """A view about runs."""

    def as_json(self, row: Simulation, progress: Progress) -> dict[str, Any]:
        """A run without its figures."""
        return {
            "id": str(row.uuid),
            "url": f"{self.register_url}simulations/{row.uuid}/",
            "audience": row.visibility,
            "party": row.party.key,
            "years": row.years,
            "seed": row.seed,
            "currency": row.currency,
            "base_year": row.base_year,
            "engine": row.engine,
            "digest": row.digest,
            "about": str(row.about) if row.about else None,
            "state": progress.state,
            "progress": progress.percent,
            "failure": progress.failure.get("detail") or None,
            "requested_by": person(row.requested_by),
            "at": time(row.at),
        }

    def one_to_json(self, row: Simulation) -> dict[str, Any]:
        """A run as it stands now, with what has moved since."""
        body = self.as_json(row, progress_of_each_run([row])[row.uuid])
        return body | {"stale_because": stale_because(self.viewer, row, self.viewer.today(self.at))}


class Simulations(SimulationApi):
    """GET lists the runs that the caller may know of, newest first; POST asks for one."""

    @schema.listed("List simulations", shapes.SimulationRow)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Those of everybody, and those of the caller's party."""
        self.refuse_unknown_params(*PARAMS)
        rows = visible_simulations(self.viewer)
        listing = newest_first(rows)

        def shown(found: list[Simulation]) -> list[dict[str, Any]]:
            progress = progress_of_each_run(found)
            return [self.as_json(row, progress[row.uuid]) for row in found]

        return page_response(self, self.viewer.audience.key, listing, shown)

    @schema.started("Ask for a simulation", shapes.SimulationNew, shapes.Simulation)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Its inputs are frozen now; poll its address until `state` is `done`. Where a run of the
        same inputs is there already, it is answered: same inputs, same figures."""

        def act() -> Answer:
            given = body_of(request, "audience", "years", "seed", "horizon", "budgets")
            row, _new = request_simulation(actor=self.viewer, given=given, at=self.at)
            row = simulation_for(self.viewer, row.uuid)
            body = self.one_to_json(row)
            return Answer.of(body, 202, Location=body["url"])

        return self.write(act)


class SimulationDetail(SimulationApi):
    """One run, by its id."""

    @schema.detailed("Read a simulation", shapes.Simulation)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """How far it is, and which inputs have moved since."""
        self.refuse_unknown_params()
        return self.detail(self.one_to_json(simulation_for(self.viewer, simulation)))


class SimulationCancel(SimulationApi):
    """POST ends one that is not over."""

    @schema.described(
        "Cancel a simulation", shapes.Simulation, [schema.KEY], problems=(*schema.WRITE, 409)
    )
    def post(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """Cancelling twice is no error; 409 for one that is done."""

        def act() -> Answer:
            require_empty_body(request)
            try:
                row = cancel_simulation(actor=self.viewer, simulation=simulation, at=self.at)
            except Conflict as conflict:
                # Not somebody else's change of a version, which If-Match is about.
                raise Problem(409, conflict.detail) from None
            return Answer.of(self.one_to_json(row))

        return self.write(act)


class SimulationInputs(SimulationApi):
    """What a run was made from."""

    @schema.detailed("Read the inputs of a simulation", shapes.Inputs)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """The frozen inputs; `digest` of the run is the SHA-256 of their canonical JSON (sorted
        keys, no spaces). Of estimates that the caller is not shown yet, `frequency` and `severity`
        are null."""
        self.refuse_unknown_params()
        return self.detail(
            inputs_without_withheld(self.viewer, simulation_for(self.viewer, simulation))
        )


class _Results(SimulationApi):
    """A part of what a run came to; 404 until it is done."""

    def done_results(self, simulation: uuid.UUID) -> dict[str, Any]:
        self.refuse_unknown_params()
        return results_of_done_run(simulation_for(self.viewer, simulation))


class SimulationFigures(_Results):
    """The figures."""

    @schema.detailed("Read the figures of a simulation", shapes.Figures)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """Keys are stable: `loss.mean`, `loss.p50`, `loss.p95`, `loss.p99`, `loss.tvar95` and
        `contribution.{id of a risk}`; of each objective that has a model
        `objective.{key}.chance`, `.undisturbed` (if none of its events happens), `.cost.{id of
        a risk}` (in chance), `.gain.{id of a mitigation}` (what it adds by itself), `.sure`
        (the level reached in four of five cases) and `.required_growth`; each with `.before` or
        `.after` the mitigations. Where effects of mitigations are known `frontier.{0, 10 …
        100}.budget`, `.cost`, `.loss.mean` and `.runner_up.difference` of the best set for so
        many per cent of what everything costs, the same of `choice` within the budgets, and
        `information.{id of a risk or driver}.frequency` or `.driver` with `information.all`:
        what knowing is worth at most. Of a run that weighs a decision `option.{key}.cost`,
        `.loss.mean`, `.loss.p95`, `.difference` (to doing nothing, a year), `.net`, `.behind`,
        `.chance_of_loss` and `.regret.p95` (over the horizon)."""
        return self.detail({"figures": self.done_results(simulation)["figures"]})


class SimulationCurve(_Results):
    """The loss curve."""

    @schema.detailed("Read the loss curve of a simulation", shapes.Curves)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """The chance of a year that costs more than each amount, before and after."""
        names = ("amount", "chance", "low", "high")
        curves = self.done_results(simulation)["curves"]
        return self.detail(
            {
                side: [dict(zip(names, point, strict=True)) for point in points]
                for side, points in curves.items()
            }
        )


class SimulationContributions(_Results):
    """What each risk adds."""

    @schema.detailed("Read the contributions of a simulation", shapes.Contributions)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """Of each risk: its part of `loss.tvar95` and of `loss.mean`; the parts add up."""
        sides = self.done_results(simulation)["contributions"]
        return self.detail(
            {
                side: [
                    {"risk": risk, "tail": value, "mean": parts["mean"][risk]}
                    for risk, value in sorted(parts["tail"].items())
                ]
                for side, parts in sides.items()
            }
        )


class SimulationTornado(_Results):
    """Which input moves the expected year most."""

    @schema.detailed("Read the tornado of a simulation", shapes.Tornado)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """The expected year with one input at its P5 and at its P95, widest first."""
        return self.detail(self.done_results(simulation)["tornado"])


class SimulationFrontier(_Results):
    """What the money buys."""

    @schema.detailed("Read what the money buys in a simulation", shapes.Frontier)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """The best set of mitigations for each share of what everything costs, and within the
        budgets that were named; each beside the runner-up, doing nothing and sets as good within
        one standard error, told from years that chose nothing. What knowing a number is worth at
        most to the choice. Empty where no effects of mitigations are known."""
        found = self.done_results(simulation)
        choice = found.get("choice")
        return self.detail(
            {
                "points": [
                    {"percent": one["percent"], **_frontier_point_to_json(one)}
                    for one in found.get("frontier", ())
                ],
                "choice": choice and _frontier_point_to_json(choice),
                "information": _worth_of_knowing_to_json(found.get("information")),
            }
        )


def _frontier_point_to_json(one: dict[str, Any]) -> dict[str, Any]:
    plain = ("budgets", "as_good_count", "considered", "every", "is_exact", "gap")
    return {name: one[name] for name in plain} | {
        "chosen": _mitigation_set_to_json(one["chosen"]),
        "runner_up": one["runner_up"] and _mitigation_set_to_json(one["runner_up"]),
        "nothing": _mitigation_set_to_json(one["nothing"]),
        "as_good": [_mitigation_set_to_json(each) for each in one["as_good"]],
    }


def _mitigation_set_to_json(one: dict[str, Any]) -> dict[str, Any]:
    plain = ("mitigations", "cost", "within_budget")
    bands = {name: _value_low_high_to_json(one[name]) for name in ("mean", "difference")}
    return {name: one[name] for name in plain} | bands


def _worth_of_knowing_to_json(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    values = [
        {"risk": one["risk"], "on": one["on"], **_value_low_high_to_json(one["value"])}
        for one in found["values"]
    ]
    return {
        "horizon": found["horizon"],
        "values": values,
        "all": _value_low_high_to_json(found["all"]),
    }


class SimulationObjectives(_Results):
    """The chance of meeting each objective."""

    @schema.detailed("Read the objectives of a simulation", shapes.ObjectiveChances)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """The chance of meeting each objective that has a model, what each risk costs it, and its
        level year by year, before and after the mitigations."""
        found = self.done_results(simulation).get("objectives", [])
        return self.detail({"objectives": [_objective_to_json(one) for one in found]})


def _objective_to_json(one: dict[str, Any]) -> dict[str, Any]:
    names = ("p5", "p25", "p50", "p75", "p95")
    plain = ("objective", "key", "unit", "target", "due", "direction", "start", "start_year",
             "paths", "label", "left_out", "required_growth")  # fmt: skip
    return {name: one[name] for name in plain} | {
        side: {
            "chance": _value_low_high_to_json(of["chance"]),
            "undisturbed": _value_low_high_to_json(of["undisturbed"]),
            "costs": [
                {"risk": risk, **_value_low_high_to_json(cost)}
                for risk, cost in sorted(of["costs"].items())
            ],
            "sure": of["sure"],
            "levels": [
                {"year": year, **dict(zip(names, levels, strict=True))}
                for year, levels in zip(one["years"], of["fan"], strict=True)
            ],
        }
        for side, of in one["sides"].items()
    }


def _value_low_high_to_json(values: Sequence[float]) -> dict[str, float]:
    return dict(zip(("value", "low", "high"), values, strict=True))


class SimulationContradictions(_Results):
    """Where matrix and money disagree."""

    @schema.detailed("Read the contradictions of a simulation", shapes.Contradictions)
    def get(self, request: Request, slug: str, simulation: uuid.UUID) -> HttpResponse:
        """Risks that cost at least twice as much as one that the matrix puts above them today, or
        five times as much as one of the same score; the 20 most striking first."""
        found = contradictions_among_open_threats(self.viewer, self.done_results(simulation))
        pairs = [
            {
                "under": _ranked_to_json(one.under),
                "over": _ranked_to_json(one.over),
                "times": one.times,
            }
            for one in found[:MOST]
        ]
        return self.detail({"total": len(found), "contradictions": pairs})


def _ranked_to_json(row: Ranked) -> dict[str, Any]:
    return {
        "risk": row.risk,
        "likelihood": row.likelihood,
        "impact": row.impact,
        "score": row.score,
        "mean": row.money,
    }

"""The options of a decision weighed against each other."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_weighing as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.values import time
from riskreg.api.decisions_json import today_of
from riskreg.decisions import services
from riskreg.decisions.queries.decisions import decision_for
from riskreg.decisions.queries.weighing import Weighing, newest_weighing_by_audience
from riskreg.decisions.services.weighing import FIELDS


class DecisionWeighing(RegisterApi):
    """GET reads what the options come to; POST has them weighed."""

    @schema.detailed("Read how options compare", shapes.Weighings)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The newest run that weighs the decision: of what every party sees, and of the caller's
        own party; null where there is none. `options` is null until it is done."""
        self.refuse_unknown_params()
        return self.detail(self.weighings_to_json(ref))

    @schema.started("Weigh the options", shapes.WeighingNew, shapes.Weighings)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """While the decision is a draft or put forward. The options are frozen as they are; poll
        until `state` is `done`. The same options and estimates are answered by the run that is
        there."""

        def act() -> Answer:
            given = body_of(request, *FIELDS)
            services.weigh_decision(actor=self.viewer, ref=ref, given=given, at=self.at)
            weighing_url = f"{self.register_url}decisions/{ref}/weighing/"
            return Answer.of(self.weighings_to_json(ref), 202, Location=weighing_url)

        return self.write(act)

    def weighings_to_json(self, ref: str) -> dict[str, Any]:
        """Both audiences."""
        row = decision_for(self.viewer, ref, today_of(self))
        found = newest_weighing_by_audience(self.viewer, row, today_of(self))
        return {name: one and self._weighing_to_json(one) for name, one in found.items()}

    def _weighing_to_json(self, one: Weighing) -> dict[str, Any]:
        run, results = one.run, one.results
        return {
            "simulation": str(run.uuid),
            "url": f"{self.register_url}simulations/{run.uuid}/",
            "at": time(run.at),
            "years": run.years,
            "seed": run.seed,
            "currency": run.currency,
            "base_year": run.base_year,
            "state": one.progress.state,
            "progress": one.progress.percent,
            "failure": one.progress.failure.get("detail") or None,
            "stale_because": one.stale,
            "left_out": [
                {"key": key, "mitigations": sorted(one.works[m].ref for m in of if m in one.works)}
                for key, of in sorted(one.left_out.items())
            ],
            "horizon": results["horizon"] if results else None,
            "best": results["best"] if results else None,
            "label": one.label or None,
            "options": [_option_to_json(one, each) for each in results["options"]]
            if results
            else None,
            "information": _worth_of_knowing_to_json(one),
        }


def _worth_of_knowing_to_json(one: Weighing) -> dict[str, Any] | None:
    known = (one.results or {}).get("information")
    if not known:
        return None
    return {
        "all": _value_low_high_to_json(known["all"]),
        "each": [
            {"ref": each["ref"], "on": each["on"], "worth": _value_low_high_to_json(each["worth"])}
            for each in one.most_worth_knowing
        ],
    }


def _option_to_json(one: Weighing, found: dict[str, Any]) -> dict[str, Any]:
    switch = found["switch"]
    return {
        "key": found["key"],
        "is_nothing": found["is_nothing"],
        "cost": _value_low_high_to_json(found["cost"]),
        "loss": _value_low_high_to_json(found["mean"]),
        "bad_year": _value_low_high_to_json(found["bad"]),
        "difference": _value_low_high_to_json(found["difference"]),
        "net": found["net"],
        "behind": _value_low_high_to_json(found["behind"]),
        # Runs of before these figures were told have none.
        "chance_of_loss": _value_low_high_to_json_or_none(found.get("chance_of_loss")),
        "regret": _value_low_high_to_json_or_none(found.get("regret")),
        "switch": switch,
        "objectives": [
            {
                "objective": one.objectives[of["objective"]].key,
                "chance": _value_low_high_to_json(of["chance"]),
            }
            for of in found["objectives"]
            if of["objective"] in one.objectives
        ],
    }


def _value_low_high_to_json_or_none(
    values: Sequence[float | None] | None,
) -> dict[str, float | None] | None:
    return None if values is None else _value_low_high_to_json(values)


def _value_low_high_to_json(values: Sequence[float | None]) -> dict[str, float | None]:
    return dict(zip(("value", "low", "high"), values, strict=True))

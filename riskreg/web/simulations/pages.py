"""Asking for a run, its progress, what it came to, and the figures as a file."""

import csv
import io
import json
import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.analysis.models import Simulation
from riskreg.analysis.policy.simulations import risk_id_in_figure_key
from riskreg.analysis.queries.contradictions import contradictions_among_open_threats
from riskreg.analysis.queries.simulations import (
    drivers_of_run,
    mitigations_of_run,
    objectives_of_run,
    progress_of_each_run,
    results_of_done_run,
    risks_of_run,
    simulation_for,
    stale_because,
    visible_simulations,
)
from riskreg.analysis.services import cancel_simulation, request_simulation
from riskreg.jobs.models import OPEN, JobState
from riskreg.jobs.queries import Progress
from riskreg.kernel.errors import Conflict, Invalid, NotFound
from riskreg.kernel.localised import number, percent_text
from riskreg.register.models import Party
from riskreg.register.permissions import permits, require
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import mark_not_done, repeatable
from riskreg.web.presenters import Scale, name_of_person
from riskreg.web.simulations.bought import Bought
from riskreg.web.simulations.objectives import objective_results_context
from riskreg.web.simulations.pictures import picture_links
from riskreg.web.simulations.results import Results
from riskreg.web.simulations.run_form import RunForm
from riskreg.web.simulations.words import changed_input_text, state_text

MOST = 100
_SPREADSHEET = ("=", "+", "-", "@", "\t", "\r")


class AskForm(RunForm):
    """A run of all estimates, and what may be spent."""

    def __init__(self, party: str, parties: list[Party], data: Any = None) -> None:
        super().__init__(party, Visibility.SHARED, data)
        self.budgets = {"budget": None} | {f"budget_{one.key}": one.key for one in parties}
        words = {f"budget_{one.key}": str(one) for one in parties}
        for name in self.budgets:
            label = words.get(name) or _("All together")
            self.fields[name] = forms.DecimalField(label=label, required=False, min_value=0)

    @property
    def budget_fields(self) -> list[forms.BoundField]:
        """What may be spent, by all together and by each party."""
        return [self[name] for name in self.budgets]

    def fields_for_service(self) -> dict[str, Any]:
        """What the service takes; a budget that is left empty is none."""
        data = self.cleaned_data
        budgets = [
            {"amount": str(data[name]), "party": party}
            for name, party in self.budgets.items()
            if data.get(name) is not None
        ]
        plain = {name: data[name] for name in ("audience", "years", "horizon") if data[name]}
        return plain | ({"budgets": budgets} if budgets else {})


class Simulations(RegisterView):
    """The runs that the viewer may know of, newest first, and a form for another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        return self._page(self._form())

    @repeatable
    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for one; equal inputs lead to the run that is there."""
        require(self.viewer, "simulation.run")
        form = self._form(request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            row, new = request_simulation(
                actor=self.viewer, given=form.fields_for_service(), at=self.at
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(form, 400)
        if not new:
            day = date_format(row.at, "DATE_FORMAT")
            messages.info(
                request, _("Same inputs, same answer: this is the run of %(day)s.") % {"day": day}
            )
        return _redirect_to_run(self.viewer.register.slug, row)

    def _form(self, data: Any = None) -> AskForm:
        parties = list(self.viewer.register.parties.order_by("pk"))
        return AskForm(str(self.viewer.party or ""), parties, data)

    def _page(self, form: AskForm, status: int = 200) -> HttpResponse:
        rows = list(visible_simulations(self.viewer)[: MOST + 1])
        progress = progress_of_each_run(rows[:MOST])
        context = {
            "rows": [_row(row, progress[row.uuid]) for row in rows[:MOST]],
            "more": len(rows) > MOST,
            "form": form if self.viewer.party and permits(self.viewer, "simulation.run") else None,
        }
        return self.render("simulations/index.html", context, status)


class SimulationPage(RegisterView):
    """One run: how far it is, or what it came to."""

    def get(self, request: HttpRequest, simulation: uuid.UUID) -> HttpResponse:
        """While it goes on the page looks again by itself; without a script, by its button."""
        row = simulation_for(self.viewer, simulation)
        progress = progress_of_each_run([row])[row.uuid]
        today = self.viewer.today(self.at)
        context = {
            **_row(row, progress),
            "going_on": progress.state in OPEN,
            "may_cancel": progress.state in OPEN and permits(self.viewer, "simulation.cancel", row),
            "failure": progress.failure.get("detail", ""),
            "stale": [changed_input_text(one) for one in stale_because(self.viewer, row, today)],
            "results": None,
        }
        if progress.state == JobState.DONE:
            risks = risks_of_run(self.viewer, row)
            drivers = drivers_of_run(self.viewer, row)
            results = results_of_done_run(row)
            found = Results(results, risks, drivers, row.currency, self.viewer.criteria)
            pairs = contradictions_among_open_threats(self.viewer, results)
            scale = Scale(self.viewer.register.criteria)
            targets = objectives_of_run(self.viewer, row)
            parties = list(self.viewer.register.parties.all())
            works = mitigations_of_run(self.viewer, row)
            bought = Bought(results, works, risks, drivers, parties, row.currency)
            context["results"] = found.figures_context() | found.contradictions_context(
                pairs, scale
            )
            context["results"]["bought"] = bought.context_or_none()
            links = picture_links(self.viewer, row, results)
            context["results"]["files"] = links
            context["results"]["objectives"] = [
                objective_results_context(one, targets.get(one["objective"]), risks, drivers, works)
                | {"files": links[f"objective-{one['key']}"]}
                for one in results.get("objectives", ())
            ]
        return self.render("simulations/detail.html", context)


class CancelSimulation(RegisterView):
    """End a run that is not over."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, simulation: uuid.UUID) -> HttpResponse:
        """Cancel it; whoever works on it stops at the next block."""
        try:
            row = cancel_simulation(actor=self.viewer, simulation=simulation, at=self.at)
        except Conflict as conflict:
            messages.error(request, conflict.detail)
            row = simulation_for(self.viewer, simulation)
            return mark_not_done(_redirect_to_run(self.viewer.register.slug, row))
        messages.success(request, _("The run is cancelled."))
        return _redirect_to_run(self.viewer.register.slug, row)


class SimulationCsv(RegisterView):
    """The figures of a run as a file."""

    def get(self, request: HttpRequest, simulation: uuid.UUID) -> HttpResponse:
        """One line each: key, value, band, unit, method, label, and the ref of its risk."""
        row = simulation_for(self.viewer, simulation)
        results = results_of_done_run(row)
        figures = [*results["figures"], *_level_rows_of_objectives(results)]
        risks = risks_of_run(self.viewer, row)
        out = io.StringIO()
        writer = csv.writer(out)
        names = ("key", "value", "low", "high", "unit", "method", "label")
        writer.writerow([*names, "risk", "years", "digest"])
        for figure in figures:
            risk = risks.get(risk_id_in_figure_key(figure["key"]))
            ref = risk.ref if risk else ""
            line = [figure[name] for name in names]
            writer.writerow([*map(_escape_formula, line), ref, row.years, row.digest])
        if not figures:
            raise NotFound(_("This simulation has no figures yet."))
        response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="simulation-{row.digest[:8]}.csv"'
        return response


def _level_rows_of_objectives(results: dict[str, Any]) -> list[dict[str, Any]]:
    """The level of each objective year by year, as lines of the same file."""
    names = ("p5", "p25", "p50", "p75", "p95")
    return [
        {
            "key": f"objective.{one['key']}.level.{year}.{name}.{side}",
            "value": level, "low": None, "high": None, "unit": one["unit"],
            "method": "simulation", "label": one["label"],
        }
        for one in results.get("objectives", ())
        for side, of in one["sides"].items()
        for year, levels in zip(one["years"], of["fan"], strict=True)
        for name, level in zip(names, levels, strict=True)
    ]  # fmt: skip


def _escape_formula(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    text = isinstance(value, str) and value.startswith(_SPREADSHEET)
    return f"'{value}" if text else ("" if value is None else value)


def _redirect_to_run(slug: str, row: Simulation) -> HttpResponse:
    keys = {"slug": slug, "simulation": row.uuid}
    return HttpResponseRedirect(reverse("web:simulation", kwargs=keys))


def _row(row: Simulation, progress: Progress) -> dict[str, Any]:
    return {
        "run": row,
        "state": progress.state,
        "state_text": state_text(progress.state),
        "percent": progress.percent,
        "percent_text": percent_text(progress.percent),
        "steps": progress.steps,
        "steps_done": progress.done,
        "private": row.visibility == Visibility.PARTY,
        "years": number(row.years),
        "who": name_of_person(row.requested_by),
        "risks": len(json.loads(row.inputs)["exposures"]),
    }

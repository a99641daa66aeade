"""The estimates of a risk beside each other, their pool, and releasing one."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.analysis.amounts import amount_text, frequency_text
from riskreg.analysis.models import Estimate, EstimateStage
from riskreg.analysis.policy.estimates import ImpliedFigures, implied_figures
from riskreg.analysis.queries.estimates import (
    Pooled,
    estimates_not_withheld_of,
    may_estimate,
    newest_of_each_expert_and_stage,
    pool_of_released,
    withheld_count,
)
from riskreg.analysis.services import release_estimate
from riskreg.kernel.errors import Invalid
from riskreg.kernel.localised import percent_text
from riskreg.register.permissions import permits
from riskreg.register.policy import weakest_label
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import RegisterView
from riskreg.web.estimates.drawing import Quantiles, bars_on_one_scale
from riskreg.web.file_links import file_links
from riskreg.web.forms.marks import mark_not_done
from riskreg.web.presenters import name_of_person

# The newest ones; a risk that more people have estimated shows them all in the API.
MOST = 200


class RiskEstimates(RegisterView):
    """Every estimate that the viewer is shown, by stage, with the pool of those released."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        risk = risk_for(self.viewer, ref)
        rows = list(estimates_not_withheld_of(self.viewer, risk)[: MOST + 1])
        stages = [
            self._stage(stage, [r for r in rows[:MOST] if r.stage == stage], risk)
            for stage in EstimateStage
        ]
        context = {
            "risk": risk,
            "risk_title": risk.localized("title"),
            "stages": [stage for stage in stages if stage["rows"]],
            "withheld": withheld_count(self.viewer, risk),
            "more": len(rows) > MOST,
            "may_estimate": may_estimate(self.viewer, risk),
            "exports": file_links(self.viewer, "estimate_export", ref=risk.ref),
        }
        return self.render("estimates/index.html", context)

    def _stage(self, stage: str, rows: Sequence[Estimate], risk: Risk) -> dict[str, Any]:
        newest = newest_of_each_expert_and_stage(rows)
        pool = pool_of_released(rows, stage)
        together = pool if pool and not pool.mixed else None
        figures = [implied_figures(row.frequency, row.severity) for row in newest]
        if together:
            figures.append(implied_figures(together.frequency, together.severity))
        ends = [Quantiles(n.p5, n.p50, n.p95) for n in figures]
        bars, powers = bars_on_one_scale(ends or [Quantiles(0, 1, 2)])
        shown = [
            self._row(row, own, bar, pool, risk)
            for row, own, bar in zip(newest, figures, bars, strict=False)
        ]
        return {
            "name": EstimateStage(stage).label,
            "key": stage,
            "rows": shown,
            "pool": _texts_of_figures(figures[-1], together.members[0])
            | {
                "bar": bars[-1],
                "weight": percent_text(100),
                "label": weakest_label(row.label for row in together.members),
            }
            if together
            else None,
            "mixed": bool(pool and pool.mixed),
            "powers": powers,
            "disagreement": _disagreement_text(newest, figures),
            "label": weakest_label(row.label for row in newest),
        }

    def _row(
        self, row: Estimate, figures: ImpliedFigures, bar: Any, pool: Pooled | None, risk: Risk
    ) -> dict[str, Any]:
        private = row.visibility == Visibility.PARTY
        in_pool = pool is not None and not pool.mixed and row in pool.members
        may = private and risk.visibility == Visibility.SHARED
        return {
            **_texts_of_figures(figures, row),
            "estimate": row,
            "expert": name_of_person(row.expert),
            "rationale": row.localized("rationale"),
            "included": row.localized("included"),
            "own": row.expert_id == self.viewer.user.pk,
            "private": private,
            "bar": bar,
            "weight": percent_text(round(100 * pool.weight)) if in_pool and pool else "",
            "may_release": may and permits(self.viewer, "estimate.release", row),
        }


class ReleaseEstimate(RegisterView):
    """Let the other parties see an estimate."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, estimate: uuid.UUID) -> HttpResponse:
        """For good."""
        try:
            row = release_estimate(actor=self.viewer, estimate=estimate, at=self.at)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
            address = reverse("web:risks", kwargs={"slug": self.viewer.register.slug})
            return mark_not_done(HttpResponseRedirect(address))
        messages.success(request, _("The estimate is released: every party sees it from now on."))
        keys = {"slug": self.viewer.register.slug, "ref": row.risk.ref}
        return HttpResponseRedirect(reverse("web:estimates", kwargs=keys))


def _texts_of_figures(figures: ImpliedFigures, row: Estimate) -> dict[str, Any]:
    amounts = {name: amount_text(value, row.currency) for name, value in figures._asdict().items()}
    return {**amounts, "often": frequency_text(row.frequency_kind, figures.events)}


def _disagreement_text(rows: Sequence[Estimate], figures: Sequence[ImpliedFigures]) -> str:
    """How far the experts' medians lie apart; nothing for fewer than two."""
    if len(rows) < 2:
        return ""
    medians = sorted(each.p50 for each in figures[: len(rows)])
    return _("%(n)d experts; their medians go from %(low)s to %(high)s.") % {
        "n": len(rows),
        "low": amount_text(medians[0], rows[0].currency),
        "high": amount_text(medians[-1], rows[0].currency),
    }

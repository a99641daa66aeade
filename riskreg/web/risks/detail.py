"""One risk: what it is, how it stands, how it came there, what is done about it."""

import datetime as dt
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from riskreg.decisions.policy.acceptances import Status
from riskreg.exchange.writing.files import FORMATS, RISK_FORMATS
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.appetite_words import risk_note
from riskreg.register.external_ids import external_id_of
from riskreg.register.permissions import permits
from riskreg.register.policy import LABELS
from riskreg.register.queries import (
    absences_today_of,
    criteria_versions,
    objectives_for,
    terms_of,
)
from riskreg.reviews.models import Review
from riskreg.risks.fields import RISK
from riskreg.risks.models import Assessment, ControlKind, Kind, Mitigation, Position, Risk
from riskreg.risks.policy import is_overdue, state_after_or_none
from riskreg.risks.queries.access import risk_for
from riskreg.web.acceptances.rows import AcceptancesOfRisk, acceptances_on_page_of_risk
from riskreg.web.base import RegisterView
from riskreg.web.comments.panel import comments_panel
from riskreg.web.decisions.rows import newest_decisions_of_risk
from riskreg.web.duties.labels import away_text
from riskreg.web.evidence.panel import evidence_panel, inner_files_context
from riskreg.web.file_links import file_links
from riskreg.web.indicators.panels import active_watching_indicator_rows
from riskreg.web.levels import driven_by_text
from riskreg.web.localized import PARTS, outdated_text_rows, risk_statement_html
from riskreg.web.own_appetites.panels import above_own_appetite_mark
from riskreg.web.presenters import (
    Scale,
    mismatch_texts_of,
    name_of_person,
    source_rows,
    stage_name,
    trail_points,
)
from riskreg.web.questions.pages import question_rows
from riskreg.web.relations.panel import relations_panel
from riskreg.web.risks.extensions import extension_row, may_extend
from riskreg.web.risks.reads import (
    controls_in_place,
    mitigations_serving,
    newest_assessments,
    newest_reviews,
    positions_with_existence_flags,
)

SHOWN_REVIEWS = 12
SHOWN_ASSESSMENTS = 20


class RiskPage(RegisterView):
    """A risk as its reader may see it; only the actions that they may do are offered."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = risk_for(self.viewer, ref)
        if risk.ref != ref:
            # An old ref of what has been shared since still leads there, for its party.
            keys = {"slug": self.viewer.register.slug, "ref": risk.ref}
            return HttpResponseRedirect(reverse("web:risk", kwargs=keys))
        return self.render("risks/detail.html", self._context(risk))

    def _context(self, risk: Risk) -> dict[str, Any]:
        viewer, today = self.viewer, self.viewer.today(self.at)
        positions = positions_with_existence_flags(viewer, risk.pk, today)
        assessments = newest_assessments(viewer, risk.pk, most=SHOWN_ASSESSMENTS + 1)
        scales = self._scales_by_criteria_id(
            {p.criteria_id for p in positions} | {a.criteria_id for a in assessments}
        )
        now = positions[-1]
        scale = scales[now.criteria_id]
        brought = {a.at for a in assessments if a.brought_in}
        controls = controls_in_place(viewer, risk.pk)
        mitigations = mitigations_serving(viewer, risk.pk)
        reviews = newest_reviews(viewer, risk.pk, most=SHOWN_REVIEWS + 1)
        evidence = evidence_panel(viewer, "risk", risk, reviews[:SHOWN_REVIEWS], "review")
        linked = _terms_and_objectives(viewer, risk)
        private = risk.visibility == "party"
        extension = extension_row(viewer, risk, today) if now.extended_until else None
        people = [u for u in (risk.owner_id, risk.deputy_id) if u]
        accepted, others, more = (
            acceptances_on_page_of_risk(viewer, risk, today)
            if now.any_acceptance
            else AcceptancesOfRisk(None, [], False)
        )
        refs = [term.ref for term in risk.terms.all()]
        above = risk.state == "open" and scale.matrix.above_appetite(
            now.residual_rating, risk.kind, refs
        )
        away = absences_today_of(viewer, today, people) if now.anybody_away else {}
        return {
            "risk": risk,
            "external_id": external_id_of(risk, viewer),
            "exports": file_links(
                viewer, "one_risk_export", formats=(*FORMATS, *RISK_FORMATS), ref=risk.ref
            ),
            "title": risk.localized("title"),
            "sentence": risk_statement_html(risk),
            "texts": {"title": risk.localized("title"), **risk.texts_in_one_language(*PARTS)},
            "outdated": [
                *outdated_text_rows(risk, "title"),
                *outdated_text_rows(risk, *PARTS, together=True),
            ],
            "private": private,
            "owner": name_of_person(risk.owner),
            "owner_away": away_text(away.get(risk.owner_id)),
            "deputy": name_of_person(risk.deputy),
            "deputy_away": away_text(away.get(risk.deputy_id)) if risk.deputy_id else "",
            "text_labels": _text_labels(risk),
            "owner_label": risk.labels.get("owner", ""),
            "stages": scale.stage_rows(now),
            "score_labels": _score_labels(assessments),
            "marks": mismatch_texts_of(now),
            "above_appetite": above,
            "above_own": above_own_appetite_mark(
                viewer, scale, now.residual_rating, risk.kind, refs
            )
            if now.any_own_appetite and risk.state == "open"
            else None,
            "appetite_note": risk_note(scale.criteria, risk.terms.all())
            if risk.state == "open" and risk.kind == Kind.THREAT
            else "",
            "acceptance": accepted,
            "other_acceptances": others,
            "more_acceptances": more,
            "decisions": newest_decisions_of_risk(viewer, risk) if now.any_decision else [],
            "questions": question_rows(viewer, risk, today) if now.any_question else [],
            "comments": comments_panel(viewer, risk),
            "is_accepted": accepted is not None and accepted["status"] == Status.IN_FORCE,
            "place": scale.place_in_words(cell) if (cell := now.cell("residual")) else "",
            "driven_by": _driven_by_text(assessments, now, scale),
            "overdue": is_overdue(risk.state, risk.next_review_on, today),
            "extension": extension,
            "cadence": scale.matrix.cadence_days(now.residual_rating),
            "rating_word": scale.name(now.residual_rating),
            "trail": trail_points(positions, scales, "residual", lambda at: at in brought),
            "scale_changed_at": [p.valid_from for p in positions if p.by_scale],
            "top": scale.top_score,
            "preventive": [
                c.localized("name") for c in controls if c.kind == ControlKind.PREVENTIVE
            ],
            "corrective": [
                c.localized("name") for c in controls if c.kind == ControlKind.CORRECTIVE
            ],
            "controls": [
                {
                    "id": c.uuid,
                    "name": c.localized("name"),
                    "kind": c.get_kind_display(),
                    "label": c.label,
                    "source": next(iter(source_rows([c.source])), None),
                }
                for c in controls
            ],
            "assessments": [
                _assessment_row(a, scales, risk.kind) for a in assessments[:SHOWN_ASSESSMENTS]
            ],
            "older_assessments": len(assessments) > SHOWN_ASSESSMENTS,
            "reviews": [
                {
                    **self._review_row(r, scales, risk.kind),
                    "evidence": inner_files_context(evidence, r.uuid),
                }
                for r in reviews[:SHOWN_REVIEWS]
            ],
            "evidence": evidence,
            "older_reviews": len(reviews) > SHOWN_REVIEWS,
            "mitigations": [_mitigation_row(m, today) for m in mitigations],
            "relations": relations_panel(viewer, risk, now, scale),
            "indicators": active_watching_indicator_rows(viewer, risk, today),
            "terms": linked["terms"],
            "objectives": linked["objectives"],
            "sources": source_rows(risk.sources),
            "may": self._allowed_actions(risk, extension is not None),
        }

    def _scales_by_criteria_id(self, ids: set[int]) -> dict[int, Scale]:
        """A scale per version of the criteria; a query only where an older one is needed."""
        current = self.viewer.register.criteria
        scale = Scale(current)
        scales = {scale.criteria.pk: scale}
        older = ids - set(scales)
        if older:
            scales |= {c.pk: Scale(c) for c in criteria_versions(self.viewer, pk__in=older)}
        return scales

    def _review_row(self, row: Review, scales: dict[int, Scale], kind: str) -> dict[str, Any]:
        judged = row.assessment
        scale = scales.get(judged.criteria_id) if judged else None
        held_on = clock.local_date(row.at, self.viewer.register.time_zone)
        return {
            "at": row.at,
            "recorded": row.created_at,
            "brought_in": row.brought_in,
            "outcome": row.get_outcome_display(),
            "comment": row.localized("comment"),
            "who": name_of_person(row.reviewer),
            "late": max(0, (held_on - row.due_on).days),
            "next": row.next_review_on,
            "label": row.label,
            "chip": scale.chip(judged.rating, judged.score, kind) if judged and scale else "",
        }

    def _allowed_actions(self, risk: Risk, extended: bool) -> dict[str, bool]:
        """What this viewer can do to this risk in its present state."""
        may = {
            action: state_after_or_none(risk.state, action) is not None
            and permits(self.viewer, f"risk.{action}", risk)
            for action in ("open", "close", "reopen")
        }
        alive = risk.state != "closed"
        for action in ("edit", "assess", "transfer"):
            may[action] = alive and permits(self.viewer, f"risk.{action}", risk)
        may["review"] = risk.state == "open" and permits(self.viewer, "risk.review", risk)
        may["extend"] = not extended and may_extend(self.viewer, risk)
        may["share"] = risk.visibility == "party" and permits(self.viewer, "risk.share", risk)
        may["plan"] = alive and permits(self.viewer, "mitigation.create")
        may["control"] = alive and permits(self.viewer, "control.edit", risk)
        may["ask"] = risk.state == "open" and permits(self.viewer, "risk.ask", risk)
        may["accept"] = permits(self.viewer, "acceptance.request", risk)
        may["relate"] = permits(self.viewer, "risk.edit")
        may["watch"] = alive and permits(self.viewer, "indicator.create")
        may["clone"] = self.viewer.party is not None and permits(self.viewer, "risk.create")
        may["more"] = any(
            may[a] for a in ("close", "reopen", "transfer", "share", "assess", "extend", "clone")
        )
        return may


def _terms_and_objectives(viewer: Viewer, risk: Risk) -> dict[str, Any]:
    """Terms by taxonomy, and the objectives the viewer may know of."""
    prefetch_related_objects(
        [risk],
        Prefetch("terms", queryset=terms_of(viewer)),
        Prefetch("objectives", queryset=objectives_for(viewer).order_by()),
    )
    terms: dict[str, list[dict[str, str]]] = {}
    for term in risk.terms.all():
        entry = {"name": term.name, "value": f"{term.taxonomy.key}:{term.key}"}
        terms.setdefault(term.taxonomy.name, []).append(entry)
    return {"terms": list(terms.items()), "objectives": list(risk.objectives.all())}


def _text_labels(risk: Risk) -> list[dict[str, Any]]:
    """The labels that the texts of the risk carry, each with the texts that carry it."""
    named: dict[str, list[str]] = {}
    for name in RISK.translated:
        if label := risk.labels.get(name):
            named.setdefault(label, []).append(str(RISK[name].history))
    return [{"label": label, "texts": named[label]} for label in LABELS if label in named]


def _score_labels(assessments: list[Assessment]) -> list[str]:
    """The labels of the newest judgement of each stage, each once, in their usual order."""
    newest: dict[str, str] = {}
    for assessment in assessments:
        newest.setdefault(assessment.stage, assessment.label)
    return [label for label in LABELS if label in newest.values()]


def _cell_text(row: Assessment, scale: Scale) -> str:
    if row.likelihood > len(scale.criteria.likelihood) or row.impact > len(scale.criteria.impact):
        return ""
    return scale.place_in_words({"likelihood": row.likelihood, "impact": row.impact})


def _driven_by_text(assessments: list[Assessment], now: Position, scale: Scale) -> str:
    """What drove the impact as it stands, where the newest judgement is what put it there."""
    newest = next((row for row in assessments if row.stage == "residual"), None)
    if newest is None or newest.criteria_id != now.criteria_id:
        return ""
    return driven_by_text(scale.criteria, newest.impact, newest.dimension)


def _assessment_row(row: Assessment, scales: dict[int, Scale], kind: str) -> dict[str, Any]:
    scale = scales[row.criteria_id]
    return {
        "at": row.at,
        "recorded": row.created_at,
        "brought_in": row.brought_in,
        "stage": stage_name(row.stage),
        "chip": scale.chip(row.rating, row.score, kind),
        "place": _cell_text(row, scale),
        "driven_by": driven_by_text(scale.criteria, row.impact, row.dimension),
        "rationale": row.localized("rationale"),
        "who": name_of_person(row.assessor),
        "label": row.label,
    }


def _mitigation_row(row: Mitigation, today: dt.date) -> dict[str, Any]:
    running = row.status in ("planned", "in_progress")
    return {
        "ref": row.ref,
        "title": row.localized("title"),
        "owner": name_of_person(row.owner),
        "status": row.get_status_display(),
        "running": running,
        "due": row.due_on,
        "late": running and row.due_on < today,
        "progress": row.progress,
        "label": row.labels.get("progress", ""),
        "effect": row.localized("expected_effect"),
        "private": row.visibility == "party",
    }

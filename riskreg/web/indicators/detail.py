"""One indicator: chart, limits, what it watches and called for, its readings as a table."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from riskreg.events import queries as events
from riskreg.evidence.queries import newest_evidence_on_all_together
from riskreg.indicators.models import Indicator, Reading
from riskreg.indicators.policy import limit_rule_of, status_series
from riskreg.indicators.queries.access import indicator_for, readings_of, reviews_of_watched_risks
from riskreg.indicators.queries.breaches import breaches_of_indicator
from riskreg.kernel import clock
from riskreg.kernel.localised import localised, number
from riskreg.kernel.punctuation import colon
from riskreg.register.external_ids import external_id_of
from riskreg.register.permissions import permits
from riskreg.risks.queries.access import visible_risks
from riskreg.web.base import RegisterView
from riskreg.web.comments.panel import comments_panel
from riskreg.web.evidence.panel import evidence_row
from riskreg.web.history.page import history_by_people_first
from riskreg.web.indicators.labels import (
    behind_or_ahead_of_path_text_or_empty,
    frequency_text,
    indicator_status_context,
    limit_note_of,
    limit_texts,
    status_badge,
    time_text,
    value_with_unit,
)
from riskreg.web.localized import outdated_indicator_text_rows
from riskreg.web.presenters import name_of_person, source_rows
from riskreg.web.ui.chart import chart
from riskreg.web.ui.paging import page_of

PER_PAGE = 40
CHARTED = 5000
CALLED = 12
# As many as the chart marks.
REVIEWS = 60
HISTORY = 8


class IndicatorPage(RegisterView):
    """An indicator as its reader may see it."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """``?page=`` pages through the readings, newest first."""
        indicator = indicator_for(self.viewer, ref)
        return self.render("indicators/detail.html", self._context(request, indicator))

    def _context(self, request: HttpRequest, indicator: Indicator) -> dict[str, Any]:
        today, zone = self.viewer.today(self.at), self.viewer.register.time_zone
        rule = limit_rule_of(indicator)
        newest = list(readings_of(self.viewer, indicator)[:CHARTED])[::-1]
        series = [(clock.local_date(r.at, zone), r.value) for r in newest]
        statuses = [status for _before, status in status_series(rule, series)]
        by_reading = {r.pk: s for r, s in zip(newest, statuses, strict=True)}
        every_review = reviews_of_watched_risks(self.viewer, indicator)
        reviews = list(every_review[:REVIEWS])
        page = page_of(
            request,
            readings_of(self.viewer, indicator)
            .select_related("recorded_by", "corrects")
            .order_by("-at", "-pk"),
            PER_PAGE,
        )
        indicator.risks_seen = list(  # type: ignore[attr-defined]
            visible_risks(self.viewer).filter(indicators=indicator).order_by("ref")
        )
        evidence, evidence_cut = newest_evidence_on_all_together(
            self.viewer, [r.uuid for r in page]
        )
        drawn = chart(
            [
                {
                    "day": day,
                    "value": value,
                    "status": status or "none",
                    "label": time_text(r, zone) + colon() + value_with_unit(value, indicator.unit),
                }
                for r, (day, value), status in zip(newest, series, statuses, strict=True)
            ],
            rule,
            [
                {
                    "day": clock.local_date(r.at, zone),
                    "label": _("review of %(ref)s") % {"ref": r.risk.ref},
                }
                for r in reversed(reviews)
            ],
            today=today,
        )
        if drawn:
            for tick in drawn["y"]:
                tick["label"] = number(tick["value"])
        state = indicator_status_context(indicator, today, indicator.risks_seen)  # type: ignore[attr-defined]
        latest_day = series[-1][0] if series else None
        return {
            "i": indicator,
            "comments": comments_panel(self.viewer, indicator),
            "state": state,
            "title": indicator.name,
            "description": localised(indicator.descriptions),
            "outdated": outdated_indicator_text_rows(indicator),
            "limits": limit_texts(indicator),
            "limit_note": limit_note_of(indicator),
            "source": next(iter(source_rows([indicator.source])), None),
            "owner": name_of_person(indicator.owner),
            "external_id": external_id_of(indicator, self.viewer),
            "frequency": frequency_text(indicator.frequency_days),
            "latest_said": time_text(newest[-1], zone) if newest else "",
            "behind": behind_or_ahead_of_path_text_or_empty(
                indicator, indicator.latest_value, latest_day
            )
            if latest_day and indicator.latest_value is not None
            else "",
            "chart": drawn,
            "reviews": [
                {
                    "ref": r.risk.ref,
                    "at": r.at,
                    "who": name_of_person(r.reviewer),
                    "outcome": r.get_outcome_display(),
                }
                for r in reviews[:CALLED]
            ],
            "reviews_total": len(reviews) if len(reviews) < REVIEWS else every_review.count(),
            "page_obj": page,
            "readings": [
                {
                    **self._reading(r, by_reading.get(r.pk), zone),
                    "evidence": {
                        "rows": [evidence_row(each) for each in evidence.get(r.uuid, ())],
                        "kind": "reading",
                        "ref": str(r.uuid),
                    },
                }
                for r in page
            ],
            **self._reviews_called_for(indicator),
            "past": history_by_people_first(
                self.viewer,
                events.history_of(
                    self.viewer.audience,
                    [indicator.uuid, *(each.uuid for files in evidence.values() for each in files)],
                ),
                0,
                HISTORY,
            ).context,
            "evidence_cut": evidence_cut,
            "may_attach": permits(self.viewer, "evidence.add", indicator),
            "may_edit": permits(self.viewer, "indicator.edit", indicator),
            "may_read": indicator.active and permits(self.viewer, "indicator.reading", indicator),
        }

    def _reading(self, reading: Reading, status: str | None, zone: str) -> dict[str, Any]:
        return {
            "when": time_text(reading, zone),
            "value": number(reading.value),
            "status": status_badge(status) if status else None,
            "label": reading.label,
            "source": next(iter(source_rows([reading.source])), None),
            "origin": reading.get_origin_display(),
            "who": name_of_person(reading.recorded_by),
            "recorded": reading.created_at,
            "was": number(reading.corrects.value) if reading.corrects else "",
        }

    def _reviews_called_for(self, indicator: Indicator) -> dict[str, Any]:
        every = breaches_of_indicator(self.viewer, indicator)
        rows = [
            {
                "ref": b.risk.ref,
                "title": b.risk.localized("title"),
                "at": b.opened_at,
                "due_on": b.due_on,
                "status": status_badge(b.status),
                "value": value_with_unit(b.reading.value, indicator.unit),
                "answered": b.reviewed,  # type: ignore[attr-defined]
                "closed": b.risk.state != "open",
            }
            for b in every[:CALLED]
        ]
        total = len(rows) if len(rows) < CALLED else every.count()
        return {"called": rows, "called_total": total}

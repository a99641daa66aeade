"""The home of leadership: one screen of figures, each of which opens what it counts."""

import datetime as dt
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.decisions.queries.acceptances import first_unaccepted_threats
from riskreg.indicators.queries.access import active_indicator_measuring_each
from riskreg.indicators.queries.breaches import first_unreviewed_breaches, unreviewed_breaches
from riskreg.kernel import clock
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.appetite_words import matrix_note
from riskreg.register.axes import axes_of
from riskreg.register.permissions import permits
from riskreg.register.queries import first_objectives_not_past
from riskreg.reviews.queries.meetings import last_meeting_before
from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.counts import above_own_appetite_count
from riskreg.risks.queries.heatmap import Heatmap, heatmap
from riskreg.risks.queries.totals import (
    above_appetite_counts_over_time,
    scores_while_open_and_rated,
)
from riskreg.risks.queries.work import totals_of_uncancelled_mitigations
from riskreg.web.base import RegisterView
from riskreg.web.heatmap.moves import moves_by_ref_among, moves_panel, score_delta
from riskreg.web.heatmap.places import count_in, day_months_later
from riskreg.web.indicators.labels import status_badge, value_with_unit
from riskreg.web.overview import panels
from riskreg.web.overview.panels import SHOWN
from riskreg.web.presenters import Scale, error_list, heat_grid, name_of_person, query_string

MONTHS = 12
PRESETS = (1, 3, 6, 12)


class OverviewPage(RegisterView):
    """How the register stands today, and what moved since a day: the last meeting, or ``?since=``.

    A day that cannot be compared with is said above the usual one, with status 400.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.viewer.today(self.at)
        self.slug = self.viewer.register.slug
        usual = self._day_of_last_meeting(today)
        problems: list[dict[str, str]] = []
        try:
            since = _parse_since_if_given(request.GET.get("since", ""), today) or usual
        except Invalid as invalid:
            problems, since = error_list(invalid, {"since": _("Since")}), usual
        since = since or day_months_later(today, -3)
        shown = heatmap(self.viewer, stage="residual", at=self.at, compare=since, refs_per_cell=0)
        scale = Scale(shown.criteria)
        map_url = reverse("web:heatmap", kwargs={"slug": self.slug})
        compared = f"{map_url}?compare={since.isoformat()}"
        work = totals_of_uncancelled_mitigations(self.viewer, today)
        overdue = panels.overdue_panel(self.viewer, today, work)
        above = self._unaccepted_context(today, scale)
        exposure = panels.exposure_panel(self.viewer)
        context = {
            "title": _("Home"),
            "problems": problems,
            "shown": shown,
            "since": since,
            "since_meeting": since == usual,
            "presets": self._presets(today, usual, since),
            "grid": heat_grid(
                scale,
                axes_of(self.viewer.register),
                shown,
                None,
                lambda cell: map_url + query_string({}, cell=cell),
            ),
            "caption": _("Residual (as it stands today), threats"),
            "appetite_note": matrix_note(self.viewer, shown.criteria),
            "figures": self._figures(
                shown,
                map_url,
                sum(party["count"] for party in overdue["reviews"]),
                above,
            ),
            **above,
            "empty": not (shown.total or shown.other_total),
            "may_create": permits(self.viewer, "risk.create"),
            "over_time": self._above_appetite_over_time(today, shown),
            "moved": self._moves_context(shown, scale),
            "moved_url": f"{compared}#moved",
            "opened_url": f"{compared}#opened",
            "closed_url": f"{compared}#closed",
            "top": self._highest_risk_rows(shown, scale, today),
            "top_url": reverse("web:risks", kwargs={"slug": self.slug})
            + query_string({}, state="open", kind="threat", ordering="-score"),
            **panels.waiting_panel(self.viewer, today),
            "decisions": panels.decisions_panel(self.viewer, today),
            "exposure": exposure,
            "money": panels.money_panel(self.viewer, work),
            "overdue": overdue,
            **self._unreviewed_breaches_context(),
            "objectives": self._objectives_not_past(today, exposure["chances"] if exposure else {}),
        }
        return self.render("overview/index.html", context, 400 if problems else 200)

    def _day_of_last_meeting(self, today: dt.date) -> dt.date | None:
        """The day of the last meeting before today; a day is compared with another one."""
        zone = self.viewer.register.time_zone
        yesterday = today - dt.timedelta(days=1)
        found = last_meeting_before(self.viewer, clock.start_of_next_day(yesterday, zone))
        assert found is None or found.ended_at  # noqa: S101 - it has ended
        return clock.local_date(found.ended_at, zone) if found and found.ended_at else None

    @staticmethod
    def _presets(today: dt.date, usual: dt.date | None, since: dt.date) -> list[dict[str, Any]]:
        days = [(day_months_later(today, -n), _months_text(n)) for n in PRESETS]
        chosen: list[tuple[dt.date, str]] = [(usual, _("Last meeting"))] if usual else []
        return [
            {
                "label": label,
                "url": query_string({}, since=day.isoformat()),
                "current": day == since,
            }
            for day, label in [*chosen, *days]
        ]

    def _figures(
        self, shown: Heatmap, map_url: str, overdue: int, unaccepted_context: dict[str, Any]
    ) -> list[dict[str, Any]]:
        every = reverse("web:risks", kwargs={"slug": self.slug})
        risks = f"{every}?kind=threat" + ("&parts=within" if shown.left_out_count else "")
        above = count_in(shown, heatmap_lists.ABOVE)
        # Counted as those above appetite are, so that the one never exceeds the other.
        unaccepted = unaccepted_context["unaccepted_count"] - unaccepted_context["unaccepted_parts"]
        return [
            {
                "label": ngettext("open threat", "open threats", shown.total),
                "count": shown.total,
                "url": f"{risks}&state=open",
            },
            {
                "label": _("above appetite"),
                "count": above,
                "url": f"{risks}&state=open&above_appetite=true",
                "tone": "warn" if above else "",
            },
            *self._own_appetite_figures(risks),
            {
                "label": _("above appetite, not accepted"),
                "count": unaccepted,
                "url": reverse("web:acceptances", kwargs={"slug": self.slug}),
                "tone": "bad" if unaccepted else "",
                "note": _("and parts of others: %(n)d")
                % {"n": unaccepted_context["unaccepted_parts"]}
                if unaccepted_context["unaccepted_parts"]
                else "",
            },
            {
                "label": ngettext("review overdue", "reviews overdue", overdue),
                "count": overdue,
                "url": f"{every}?overdue=true",
                "tone": "bad" if overdue else "",
            },
            {
                "label": _("unrated"),
                "count": shown.unrated_count,
                "url": f"{risks}&state=open&unrated=true",
            },
            {
                "label": ngettext("open opportunity", "open opportunities", shown.other_total),
                "count": shown.other_total,
                "url": f"{map_url}?kind=opportunity",
            },
        ]

    def _own_appetite_figures(self, risks_url: str) -> list[dict[str, Any]]:
        """How many are above what the viewer's party itself is content with, if it has said any."""
        count = above_own_appetite_count(self.viewer)
        if count is None or self.viewer.party is None:
            return []
        return [
            {
                "label": _("above our own appetite"),
                "count": count,
                "url": f"{risks_url}&state=open&above_own=true",
                "tone": "warn" if count else "",
                "note": _("seen by %(party)s alone") % {"party": self.viewer.party.name},
            }
        ]

    def _above_appetite_over_time(self, today: dt.date, shown: Heatmap) -> dict[str, Any]:
        """How many threats stood above appetite at the ends of the last months, and today."""
        ends = _month_ends(today)
        counts = above_appetite_counts_over_time(self.viewer, ends)
        rows = [*zip(ends, counts, strict=True), (today, count_in(shown, heatmap_lists.ABOVE))]
        map_url = reverse("web:heatmap", kwargs={"slug": self.slug})
        return {
            "values": [float(n) for _day, n in rows],
            # In its first month a register has no past to draw.
            "young": not any(counts) and self._is_first_month(today),
            "rows": [
                {
                    "day": day,
                    "text": n,
                    "url": map_url
                    + query_string(
                        {},
                        as_of=day.isoformat() if day < today else None,
                        cell=heatmap_lists.ABOVE,
                    ),
                }
                for day, n in rows
            ],
        }

    def _is_first_month(self, today: dt.date) -> bool:
        """Whether the register was made this month."""
        register = self.viewer.register
        made = clock.local_date(register.created_at, register.time_zone)
        return (made.year, made.month) == (today.year, today.month)

    def _moves_context(self, shown: Heatmap, scale: Scale) -> dict[str, Any] | None:
        compared = shown.comparison
        assert compared is not None  # noqa: S101 - the page always compares
        page = Paginator(compared.moves, SHOWN).get_page(1)
        opened_and_closed = [
            Paginator(refs, SHOWN).get_page(1) for refs in (compared.opened, compared.closed)
        ]
        refs = [*(m.ref for m in page), *(ref for rows in opened_and_closed for ref in rows)]
        reasons = heatmap_lists.titles_and_rationales_between(
            self.viewer, refs, stage=shown.stage, since=compared.compared_to, until=shown.as_of
        )
        return moves_panel(shown, scale, page, opened_and_closed, reasons, self._risk_url)

    def _highest_risk_rows(
        self, shown: Heatmap, scale: Scale, today: dt.date
    ) -> list[dict[str, Any]]:
        rows = heatmap_lists.highest_rated_open(
            self.viewer, stage=shown.stage, kind=shown.kind, most=SHOWN
        )
        moves = moves_by_ref_among(shown, (row.ref for row in rows))
        past = scores_while_open_and_rated(
            self.viewer, [row.risk_id for row in rows], _month_ends(today)
        )
        return [
            {
                "ref": row.ref,
                "url": self._risk_url(row.ref),
                "title": row.risk.localized("title"),
                "owner": name_of_person(row.owner),
                "chip": scale.cell_chip(row.cell(shown.stage), shown.kind),
                "delta": score_delta(moves.get(row.ref)),
                # As far as it was on the map; a line needs two ends.
                "trend": [*past[row.risk_id], row.residual_score],
                "private": row.visibility == "party",
            }
            for row in rows
        ]

    def _unaccepted_context(self, today: dt.date, scale: Scale) -> dict[str, Any]:
        """What stands above appetite without a valid acceptance, the worst first: each by itself,
        as each is accepted by itself; how many of them are parts of others on the map."""
        listed: list[Any] = first_unaccepted_threats(self.viewer, today, most=SHOWN)
        return {
            "unaccepted_count": listed[0].all_of_them if listed else 0,
            "unaccepted_parts": listed[0].parts_of_them if listed else 0,
            "unaccepted": [
                {
                    "ref": row.ref,
                    "title": row.risk.localized("title"),
                    "url": self._risk_url(row.ref),
                    "owner": name_of_person(row.owner),
                    "chip": scale.cell_chip(row.cell("residual"), row.kind),
                    "request": row.request,
                    "private": row.visibility == "party",
                }
                for row in listed
            ],
        }

    def _unreviewed_breaches_context(self) -> dict[str, Any]:
        listed = first_unreviewed_breaches(self.viewer, most=SHOWN + 1)
        more = len(listed) > SHOWN
        return {
            "breaches_count": unreviewed_breaches(self.viewer).count() if more else len(listed),
            "breaches": [
                {
                    "status": status_badge(row.status),
                    "ref": row.indicator.ref,
                    "name": row.indicator.name,
                    "value": value_with_unit(row.reading.value, row.indicator.unit),
                    "value_label": row.reading.label,
                    "url": reverse(
                        "web:indicator", kwargs={"slug": self.slug, "ref": row.indicator.ref}
                    ),
                    "risk": row.risk.ref,
                    "risk_title": row.risk.localized("title"),
                    "risk_url": self._risk_url(row.risk.ref),
                }
                for row in listed[:SHOWN]
            ],
        }

    def _objectives_not_past(self, today: dt.date, chances: dict[str, Any]) -> list[dict[str, Any]]:
        """The objectives that are still to be reached, soonest first, with how far they are and the
        chance of each that the newest run has followed (``chances``, by public id)."""
        rows = first_objectives_not_past(self.viewer, today, most=SHOWN)
        measures = active_indicator_measuring_each(self.viewer, [row.pk for row in rows])
        listed = []
        for row in rows:
            measure = measures.get(row.pk)
            listed.append(
                {
                    "name": row.name,
                    "label": row.label,
                    "chance": chances.get(str(row.uuid)),
                    "url": reverse("web:objective", kwargs={"slug": self.slug, "key": row.key}),
                    "target": value_with_unit(row.value, row.unit),
                    "due_on": row.due_on,
                    "now": value_with_unit(measure.latest_value, measure.unit) if measure else "",
                    "now_label": measure.reading_label if measure else None,  # type: ignore[attr-defined]
                    "read_at": measure.latest_at if measure else None,
                    "status": status_badge(measure.status) if measure else None,
                }
            )
        return listed

    def _risk_url(self, ref: str) -> str:
        return reverse("web:risk", kwargs={"slug": self.slug, "ref": ref})


def _month_ends(today: dt.date) -> list[dt.date]:
    """The last days of the months before today's, as many as are drawn, oldest first."""
    first = today.replace(day=1)
    return [day_months_later(first, -n) - dt.timedelta(days=1) for n in range(MONTHS - 2, -1, -1)]


def _parse_since_if_given(text: str, today: dt.date) -> dt.date | None:
    """The day that the address names, None where it names none. Raises ``Invalid`` for a text that
    is no day, or a day that is not over."""
    if not text:
        return None
    errors = Errors()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        errors.add("since", "not_a_date", _("This must be a date, as in 2027-03-31."))
    else:
        if day >= today:
            errors.add("since", "in_the_future", _("Compare with a day before today."))
    errors.raise_if_any()
    return day


def _months_text(n: int) -> str:
    return {1: _("A month"), 3: _("Three months"), 6: _("Six months"), 12: _("A year")}[n]

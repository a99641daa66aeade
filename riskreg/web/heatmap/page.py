"""The heatmap: where the open risks stand, as of any day, and what moved between two."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.exchange.queries.heatmap_pictures import COUNTS, NAMED, title_or_empty_by_ref_in_cells
from riskreg.exchange.writing.files import FORMATS, PICTURES
from riskreg.kernel.errors import Invalid
from riskreg.kernel.punctuation import in_brackets
from riskreg.kernel.replica import from_replica
from riskreg.register.appetite_words import matrix_note
from riskreg.register.axes import axes_of
from riskreg.register.queries import choices_for
from riskreg.risks import filters
from riskreg.risks.models import Kind, Position
from riskreg.risks.parts import WITHIN
from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.counts import risk_counts
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_changes import Move
from riskreg.risks.queries.heatmap_flows import MOVEMENT
from riskreg.web.base import RegisterView
from riskreg.web.file_links import file_links
from riskreg.web.filter_form import (
    active_filters,
    filter_fields,
    filter_problems,
    url_without_empty_params_or_none,
)
from riskreg.web.heatmap import switches
from riskreg.web.heatmap.asked import KEPT, OWN, HeatmapAsked, asked_by_default
from riskreg.web.heatmap.movement import movement_context
from riskreg.web.heatmap.moves import (
    PAGES,
    moves_by_ref_among,
    moves_panel,
    older_scales_by_criteria_id,
    pages_of_moved_opened_closed,
    scale_before_move,
    score_delta,
)
from riskreg.web.heatmap.places import (
    Place,
    count_in,
    month_links,
    place_as_param,
    risk_filters_of_place,
)
from riskreg.web.presenters import (
    REFS_NAMED,
    Scale,
    heat_grid,
    name_of_person,
    query_string,
    stage_meaning,
    stage_name,
)

BESIDE = 50
TOP = 8


class HeatmapPage(RegisterView):
    """The matrix with its counts; each count opens the list that it counts beside it.

    The address says all of it: stage, as_of, compare, cell and the filters. What is asked wrongly
    is said above an unfiltered heatmap of today, with status 400.
    """

    @from_replica
    def get(self, request: HttpRequest) -> HttpResponse:
        today = self.viewer.today(self.at)
        usual = [("as_of", today.isoformat()), *((name, "1") for name in PAGES)]
        tidy = url_without_empty_params_or_none(request, usual)
        if tidy and not request.htmx:  # type: ignore[attr-defined]
            return HttpResponseRedirect(tidy)
        problems: list[dict[str, str]] = []
        try:
            asked = HeatmapAsked.read(self.viewer, request.GET, self.at)
            shown = asked.heatmap(REFS_NAMED)
            place = _parse_place(request.GET.get("cell", ""), shown)
        except Invalid as invalid:
            asked = asked_by_default(self.viewer, self.at)
            shown = asked.heatmap(REFS_NAMED)
            problems = filter_problems(
                invalid, choices_for(self.viewer), Scale(shown.criteria), names=_form_labels()
            )
            place = None
        chosen, flows = asked.chosen, asked.flows(shown)
        scale = Scale(shown.criteria)
        given = self._params_that_are_no_default(asked, shown)
        panel_rows = self._positions_in_panel(shown, chosen, place)
        moves, *opened_and_closed = pages_of_moved_opened_closed(request, shown)
        beside_moved = moves_by_ref_among(shown, (position.ref for position in panel_rows))
        reasons = self._titles_and_reasons(
            shown, [*moves.object_list, *beside_moved.values()], opened_and_closed
        )
        choices = choices_for(self.viewer)
        open_list = given if place is None else {**given, "cell": place_as_param(place)}
        context = {
            "title": _("Heatmap"),
            "problems": problems,
            "shown": shown,
            "past": shown.as_of < today,
            "scale": scale,
            "grid": heat_grid(
                scale,
                axes_of(self.viewer.register),
                shown,
                place,
                lambda cell: query_string(given, cell=cell),
                title_or_empty_by_ref_in_cells(self.viewer, shown, asked.cells),
                NAMED[asked.cells],
            ),
            "cells": switches.cell_contents_switch(open_list, asked.cells),
            "movement": movement_context(asked, shown, flows, scale, self._risk_url),
            "caption": self._caption(shown, today),
            "appetite_note": matrix_note(self.viewer, shown.criteria)
            if shown.kind == Kind.THREAT
            else "",
            "stages": switches.stage_switch(open_list, MOVEMENT if asked.moving else shown.stage),
            "kinds": switches.threat_or_opportunity_switch(open_list, shown),
            "stage_name": stage_name(shown.stage),
            "fields": filter_fields(choices, chosen.given, ("party", "owner", "objective", "term")),
            "active": active_filters(choices, chosen.given, open_list, skip=KEPT),
            "clear": query_string({k: v for k, v in open_list.items() if k in (*OWN, *KEPT)}),
            "figures": self._figures(shown, chosen, given, place, past=shown.as_of < today),
            "steps": month_links(shown, today, open_list),
            "days": switches.days_of_movement_context(self.viewer, shown, today, open_list),
            "presets": switches.compare_presets(self.viewer, shown, open_list),
            "beside": self._panel_context(
                shown, scale, chosen, given, place, panel_rows, beside_moved, reasons, today
            ),
            "moved": moves_panel(shown, scale, moves, opened_and_closed, reasons, self._risk_url),
            "parts": switches.part_risks_switch(open_list, shown),
            "given": given,
            "exports": file_links(self.viewer, "heatmap_export", given, FORMATS | PICTURES),
        }
        response = self.render("heatmap/index.html", context, status=400 if problems else 200)
        if tidy:
            response["HX-Push-Url"] = tidy
        return response

    def _params_that_are_no_default(self, asked: HeatmapAsked, shown: Heatmap) -> dict[str, Any]:
        """What the address says, without what is as it would be anyway."""
        given: dict[str, Any] = {
            k: v for k, v in asked.chosen.given.items() if k not in ("stage", "kind")
        }
        given.pop("parts", None)
        if shown.parts != WITHIN:
            given["parts"] = shown.parts
        if shown.kind != Kind.THREAT:
            given["kind"] = shown.kind
        if shown.stage != "residual":
            given["stage"] = shown.stage
        if asked.moving:
            given["stage"] = MOVEMENT
        if asked.cells != COUNTS:
            given["cells"] = asked.cells
        if shown.as_of < self.viewer.today(self.at):
            given["as_of"] = shown.as_of.isoformat()
        if shown.comparison:
            given["compare"] = shown.comparison.compared_to.isoformat()
        return given

    @staticmethod
    def _caption(shown: Heatmap, today: dt.date) -> str:
        n = shown.total
        if shown.kind == Kind.THREAT:
            risks = ngettext("%(n)d open threat", "%(n)d open threats", n) % {"n": n}
        else:
            risks = ngettext("%(n)d open opportunity", "%(n)d open opportunities", n) % {"n": n}
        meaning = in_brackets(stage_meaning(shown.stage))
        return f"{stage_name(shown.stage)}{meaning} · {risks}"

    def _titles_and_reasons(
        self, shown: Heatmap, moves: Iterable[Move], opened_and_closed: Sequence[Page[str]]
    ) -> dict[str, heatmap_lists.TitleAndReason]:
        """Titles and reasons of everything on the page that moved."""
        compared = shown.comparison
        if compared is None:
            return {}
        refs = [*(m.ref for m in moves), *(ref for page in opened_and_closed for ref in page)]
        return heatmap_lists.titles_and_rationales_between(
            self.viewer, refs, stage=shown.stage, since=compared.compared_to, until=shown.as_of
        )

    def _figures(
        self,
        shown: Heatmap,
        chosen: filters.RiskFilter,
        given: dict[str, Any],
        place: Place,
        *,
        past: bool,
    ) -> list[dict[str, Any]]:
        """What the cells alone would hide. Draft and overdue are of today, whatever the day."""
        now = risk_counts(self.viewer, self.at, chosen, shown.kind)
        kept = {k: v for k, v in chosen.given.items() if k not in ("stage", "state", "overdue")}
        kept["kind"] = [shown.kind]
        risks = reverse("web:risks", kwargs={"slug": self.viewer.register.slug})
        of_today = _("today") if past else ""
        # Appetite is about what may go wrong: an opportunity is never above it.
        above = {
            "label": _("Above appetite"),
            "count": count_in(shown, heatmap_lists.ABOVE),
            "url": query_string(given, cell=heatmap_lists.ABOVE),
            "here": True,
            "current": place == heatmap_lists.ABOVE,
        }
        return [
            *([above] if shown.kind == Kind.THREAT else []),
            {
                "label": _("Unrated"),
                "count": shown.unrated_count,
                "url": query_string(given, cell=heatmap_lists.UNRATED),
                "here": True,
                "current": place == heatmap_lists.UNRATED,
            },
            {
                "label": _("Review overdue"),
                "note": of_today,
                "count": now.overdue,
                "url": risks + query_string(kept, overdue="true"),
                "tone": "bad" if now.overdue else "",
            },
            {
                "label": _("Draft"),
                "note": of_today,
                "count": now.draft,
                "url": risks + query_string(kept, state="draft"),
            },
        ]

    def _positions_in_panel(
        self, shown: Heatmap, chosen: filters.RiskFilter, place: Place
    ) -> list[Position]:
        """What the list beside the matrix holds."""
        return heatmap_lists.first_risks_in_cell(
            self.viewer,
            place,
            TOP if place is None else BESIDE,
            stage=shown.stage,
            at=self.at,
            as_of=shown.as_of,
            criteria=shown.criteria,
            chosen=chosen,
            kind=shown.kind,
        )

    def _panel_context(
        self,
        shown: Heatmap,
        scale: Scale,
        chosen: filters.RiskFilter,
        given: dict[str, Any],
        place: Place,
        rows: Sequence[Position],
        moves: Mapping[str, Move],
        reasons: dict[str, heatmap_lists.TitleAndReason],
        today: dt.date,
    ) -> dict[str, Any]:
        """The list of the chosen cell, or the highest risks while none is chosen."""
        count = count_in(shown, place)
        full = None
        if shown.as_of == today and place is not None:
            kept = {**chosen.given, "kind": [shown.kind]}
            if shown.left_out_count:
                kept["parts"] = [shown.parts]
            full = reverse("web:risks", kwargs={"slug": self.viewer.register.slug}) + query_string(
                {
                    **kept,
                    "state": "open",
                    "stage": given.get("stage"),
                    **risk_filters_of_place(place),
                }
            )
        return {
            "title": self._place_title(scale, place, shown.kind),
            "chip": scale.cell_chip(vars(scale.matrix.cell(*place)), shown.kind)
            if isinstance(place, tuple)
            else "",
            "chosen": place is not None,
            "count": count,
            "rows": self._rows(rows, shown, scale, moves, reasons, today),
            "more": max(0, count - len(rows)) if place is not None else 0,
            "full": full,
            "close": query_string(given),
        }

    @staticmethod
    def _place_title(scale: Scale, place: Place, kind: str) -> str:
        if place is None:
            return _("Highest risks") if kind == Kind.THREAT else _("Largest opportunities")
        if place == heatmap_lists.UNRATED:
            return _("Unrated")
        if place == heatmap_lists.ABOVE:
            return _("Above appetite")
        return scale.place_in_words({"likelihood": place[0], "impact": place[1]})

    def _rows(
        self,
        rows: Iterable[Position],
        shown: Heatmap,
        scale: Scale,
        moves: Mapping[str, Move],
        reasons: dict[str, heatmap_lists.TitleAndReason],
        today: dt.date,
    ) -> list[dict[str, Any]]:
        scales = older_scales_by_criteria_id(shown)
        listed = []
        for position in rows:
            move = moves.get(position.ref)
            before = move.before if move else None
            after = position.cell(shown.stage)
            reason = reasons[position.ref].localized("rationale") if position.ref in reasons else ""
            listed.append(
                {
                    "ref": position.ref,
                    "url": self._risk_url(position.ref),
                    "title": position.risk.localized("title"),
                    "chip": scale.cell_chip(after, shown.kind),
                    "owner": name_of_person(position.owner),
                    "due": position.risk.next_review_on
                    if position.risk.state == "open" and shown.as_of == today
                    else None,
                    "private": position.visibility == "party",
                    "moved": move is not None,
                    "delta": score_delta(move),
                    "from": scale_before_move(move, scales, scale).place_in_words(before)
                    if move and before
                    else "",
                    "by_scale": move is not None and move.by_scale,
                    "reason": reason if move else "",
                }
            )
        return listed

    def _risk_url(self, ref: str) -> str:
        return reverse("web:risk", kwargs={"slug": self.viewer.register.slug, "ref": ref})


def _form_labels() -> dict[str, str]:
    return {
        "as_of": _("As of"),
        "compare": _("Compare with"),
        "stage": _("Stage"),
        "cell": _("Cell"),
        "cells": _("In the cells"),
        "kind": _("Kind"),
        "party": _("Party"),
        "owner": _("Owner"),
        "objective": _("Objective"),
        "term": _("Terms"),
    }


def _parse_place(text: str, shown: Heatmap) -> Place:
    """The cell that the address names. Raises ``Invalid`` for one that the criteria lack."""
    if text in ("", heatmap_lists.UNRATED, heatmap_lists.ABOVE):
        return text or None
    places = {f"{c.likelihood},{c.impact}": (c.likelihood, c.impact) for c in shown.cells}
    if text not in places:
        raise Invalid.one(
            "cell", "unknown", _("There is no such cell; choose one of the matrix, as in 4,5.")
        )
    return places[text]


urlpatterns = [path("heatmap/", HeatmapPage.as_view(), name="heatmap")]

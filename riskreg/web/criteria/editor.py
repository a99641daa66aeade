"""Writing the next version of the criteria, with what it would change in sight."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.localised import localised
from riskreg.register.axes import Axes, axes_of
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Criteria, Role
from riskreg.register.permissions import require
from riskreg.register.policy import LABELS
from riskreg.risks.services import publish_criteria
from riskreg.web.base import RegisterView
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.criteria.draft import (
    ANEW,
    AXES,
    DIMENSIONS_READ,
    Draft,
    draft_from_form,
    draft_of,
)
from riskreg.web.criteria.draft_rows import name_or_fallback
from riskreg.web.criteria.preview import needs_yes, preview_of
from riskreg.web.criteria.term_appetites import grouped_term_choices
from riskreg.web.forms.keeping import draft_fields_to_refill
from riskreg.web.ui.drawing import severity_step
from riskreg.web.ui.labels import figure_label_word

ACCEPT_ROLES = ("owner", "manager", "leader")


class CriteriaEditor(RegisterView):
    """Each button of the form is a request of its own, so that all of it works without a script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The criteria in force as a form."""
        require(self.viewer, "register.configure")
        written = draft_fields_to_refill(request)
        return self._page(draft_from_form(written) if written else draft_of(self.viewer.criteria))

    def post(self, request: HttpRequest) -> HttpResponse:
        """``action``: publish, add-l/-i/-r/-d/-t, remove-l-N …, paint-X-Y, or preview (default)."""
        require(self.viewer, "register.configure")
        draft, action = draft_from_form(request.POST), request.POST.get("action", "")
        if action == "publish":
            return self._publish(draft)
        apply_button(draft, action)
        return self._page(draft, mark=action == "preview")

    @property
    def _is_asked_by_htmx(self) -> bool:
        """Whether htmx asks: it puts nothing on the page that comes with an error's status."""
        return bool(getattr(self.request, "htmx", False))

    def _publish(self, draft: Draft) -> HttpResponse:
        now = self.viewer.criteria
        if any(draft.dropped_levels_without_choice_by_axis(now).values()):
            return self._page(draft, mark=True, status=400, refused=True)
        try:
            register = publish_criteria(
                actor=self.viewer,
                data=draft.to_json(now),
                mapping=draft.moved_levels_by_axis(now),
                # A form that names no version has seen none: it is stale, whatever is in force.
                seen_number=int(draft.seen) if draft.seen.isdigit() else -1,
                at=self.at,
            )
        except Invalid as invalid:
            # All else that may be wrong stands beside its field.
            waiting = invalid.detail if "change_request" in invalid.fields else ""
            return self._page(draft, mark=True, status=400, refused=True, waiting=waiting)
        except Conflict as conflict:
            self.viewer.register.refresh_from_db()
            # What was written goes on from what is in force now, and is saved over it knowingly.
            draft = draft.rebased(now, self.viewer.criteria)
            return self._page(draft, mark=True, status=409, conflict=conflict.detail)
        if isinstance(register, ChangeRequest):
            return redirect_to_request(self.request, self.viewer, register)
        assert register.criteria is not None  # noqa: S101 - a register always has criteria
        if register.criteria.number == now.number:
            messages.info(self.request, _("Nothing differs, so nothing was changed."))
        else:
            message = _("Version %(n)d of the criteria is in force.")
            messages.success(self.request, message % {"n": register.criteria.number})
        return HttpResponseRedirect(self._url("web:criteria"))

    def _url(self, name: str) -> str:
        return reverse(name, kwargs={"slug": self.viewer.register.slug})

    def _page(
        self,
        draft: Draft,
        *,
        mark: bool = False,
        status: int = 200,
        refused: bool = False,
        conflict: str = "",
        waiting: str = "",
    ) -> HttpResponse:
        now = self.viewer.criteria
        preview = preview_of(self.viewer, draft)
        errors = preview.errors if mark or refused else {}
        if preview.errors and mark and status == 200 and not self._is_asked_by_htmx:
            status = 400
        context = {
            "url": self._url("web:criteria_new"),
            "draft": draft,
            "number": now.number,
            "axes": [self._axis(short, draft, errors) for short in AXES],
            "ratings": _ratings(draft),
            "ratings_full": draft.is_full(draft.ratings),
            **_grid(draft, axes_of(self.viewer.register)),
            "roles": [(role, capfirst(Role(role).label)) for role in ACCEPT_ROLES],
            "terms": grouped_term_choices(self.viewer, draft.term_appetites),
            "currency": self.viewer.register.currency,
            "labels": [(value, figure_label_word(value)) for value in LABELS],
            "mapping": self._dropped_level_questions(draft, now),
            "dimensions": [
                {"n": n, "row": d, "label": name_or_fallback(d, _("Kind %(n)d") % {"n": n + 1})}
                for n, d in enumerate(draft.dimensions)
            ],
            "dimensions_full": len(draft.dimensions) >= DIMENSIONS_READ,
            "preview": preview,
            "errors": errors,
            "refused": refused,
            "conflict": conflict,
            "waiting": waiting,
            "parties_asked": names_of_parties_to_ask(self.viewer),
            "needs_yes": needs_yes(self.viewer, draft) if not preview.errors else None,
        }
        return self.render("criteria/new.html", context, status)

    def _axis(self, short: str, draft: Draft, errors: dict[str, list[str]]) -> dict[str, Any]:
        axis = AXES[short]
        levels = draft.levels(axis)
        return {
            "short": short,
            "key": axis,
            "title": axes_of(self.viewer.register).name(axis),
            "range": _("Chance within a year, from 0 to 1")
            if short == "l"
            else _("Amount in %(currency)s") % {"currency": self.viewer.register.currency},
            "levels": [
                {"n": n, "number": n + 1, "row": level}
                for n, level in reversed(list(enumerate(levels)))
            ],
            "full": draft.is_full(levels),
            "errors": errors.get(axis, []),
        }

    def _dropped_level_questions(self, draft: Draft, now: Criteria) -> list[dict[str, Any]]:
        """A question for each level that no row continues: where do its judgements go?"""
        asked = []
        for short, axis in AXES.items():
            offered = [
                (str(n), name_or_fallback(level, str(n)))
                for n, level in enumerate(draft.levels(axis), 1)
            ]
            for old in draft.dropped_levels_by_axis(now)[axis]:
                names = getattr(now, axis)[old - 1]["names"]
                asked.append(
                    {
                        "name": f"map_{short}_{old}",
                        "axis": axes_of(self.viewer.register).name(axis),
                        "level": localised(names, str(old)),
                        "options": offered,
                        "anew": ANEW,
                        "chosen": draft.chosen.get(axis, {}).get(old, ""),
                    }
                )
        return asked


def apply_button(draft: Draft, action: str) -> None:
    """Do what a button of the form says; a name that is no button does nothing."""
    verb, _dash, rest = action.partition("-")
    what, _dash, place = rest.partition("-")
    numbers = [int(text) for text in f"{what}-{place}".split("-") if text.isdigit()]
    if verb == "add" and what in AXES:
        draft.add_level(AXES[what])
    elif verb == "add" and what == "r":
        draft.add_rating()
    elif verb == "remove" and what in AXES and numbers:
        draft.remove_level(AXES[what], numbers[0])
    elif verb == "remove" and what == "r" and numbers:
        draft.remove_rating(numbers[0])
    elif verb == "add" and what == "d":
        draft.add_dimension()
    elif verb == "add" and what == "t":
        draft.add_term_appetite()
    elif verb == "add" and what == "o":
        draft.add_tolerated()
    elif verb == "remove" and what == "d" and numbers:
        del draft.dimensions[numbers[0] : numbers[0] + 1]
    elif verb == "paint" and len(numbers) == 2:
        draft.paint(*numbers)


def _ratings(draft: Draft) -> list[dict[str, Any]]:
    """Ratings from the most severe."""
    of = len(draft.ratings)
    return [
        {
            "n": n,
            "row": rating,
            "label": name_or_fallback(rating, rating.key),
            "step": severity_step(n, of),
            "tone": n,
            "of": of,
        }
        for n, rating in reversed(list(enumerate(draft.ratings)))
    ]


def _grid(draft: Draft, axes: Axes) -> dict[str, Any]:
    """The matrix to paint, the highest on top; hidden fields keep the order of ``read``."""
    words = {r.key: name_or_fallback(r, r.key) for r in draft.ratings}
    keys = draft.rating_keys
    levels = {
        axis: [
            {"number": n, "label": name_or_fallback(level, str(n))}
            for n, level in enumerate(draft.levels(axis), 1)
        ]
        for axis in AXES.values()
    }
    turned = axes.across == "likelihood"
    down, across = levels[axes.down], levels[axes.across]

    def cell(row: int, column: int) -> dict[str, Any]:
        x, y = (column, row) if turned else (row, column)
        key = draft.cells[x][y]
        return {
            "x": x,
            "y": y,
            "words": _("%(axis)s %(level)s, %(other)s %(its)s")
            % {
                "axis": axes.name("likelihood"),
                "level": levels["likelihood"][x]["label"],
                "other": axes.name("impact"),
                "its": levels["impact"][y]["label"],
            },
            "label": words.get(key, key),
            "step": severity_step(keys.index(key) if key in keys else 0, len(keys)),
        }

    return {
        "down_name": axes.name(axes.down),
        "across_name": axes.name(axes.across),
        "columns": across,
        "rows": [
            {**down[row], "cells": [cell(row, column) for column in range(len(across))]}
            for row in range(len(down) - 1, -1, -1)
        ],
    }

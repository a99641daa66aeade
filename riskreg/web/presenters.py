"""From rows to what components draw. No database and no clock; rows are handed in loaded.

A ``Scale`` speaks for one version of the criteria. Texts come out escaped or as plain text that a
template escapes; the only markup made here is that of the design system's own components.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from riskreg.accounts.models import User
from riskreg.kernel.localised import day_text, localised, text_of
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.axes import AXES, Axes
from riskreg.register.models import Criteria
from riskreg.register.policy import STAGES, Matrix
from riskreg.risks.models import Kind, Position
from riskreg.risks.policy import score_mismatch_marks
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.web.templatetags import ui


def name_of_person(user: User | None) -> str:
    """Somebody's name in the reader's language; empty for nobody."""
    return localised(user.names, str(user)) if user else ""


def stage_name(stage: str) -> str:
    """A stage as a heading says it."""
    return {
        "inherent": pgettext("stage", "Inherent"),
        "residual": pgettext("stage", "Residual"),
        "target": pgettext("stage", "Target"),
    }[stage]


def stage_meaning(stage: str) -> str:
    """What a stage takes into account, in a few words."""
    return {
        "inherent": _("without any controls"),
        "residual": _("as it stands today"),
        "target": _("after planned mitigations"),
    }[stage]


_MISMATCHES_OF_THREATS = {
    "residual_worse_than_inherent": gettext_lazy("worse than without controls"),
    "target_worse_than_residual": gettext_lazy("worse after the planned work than now"),
}
_MISMATCHES_OF_OPPORTUNITIES = {
    "residual_worse_than_inherent": gettext_lazy(
        "less to gain as it stands than without any controls"
    ),
    "target_worse_than_residual": gettext_lazy("less to gain after the planned work than now"),
}


def mismatch_text(mark: str, kind: str) -> str:
    """What does not fit together in the scores of a risk (``policy.score_mismatch_marks``)."""
    found = _MISMATCHES_OF_OPPORTUNITIES if kind == Kind.OPPORTUNITY else _MISMATCHES_OF_THREATS
    return str(found[mark])


def mismatch_texts_of(position: Position) -> list[str]:
    """The marks of where a risk stands, in words."""
    scores = {stage: getattr(position, f"{stage}_score") for stage in STAGES}
    return [mismatch_text(m, position.kind) for m in score_mismatch_marks(position.kind, scores)]


class Scale:
    """Words, tones and chips of one version of the criteria, each made once."""

    def __init__(self, criteria: Criteria | None) -> None:
        assert criteria is not None  # noqa: S101 - a register has criteria from its first day
        self.criteria = criteria
        self.matrix = Matrix(criteria)
        self.of = len(self.matrix.rating_keys)
        self._chips: dict[tuple[str | None, int | None, str], SafeString] = {}

    @cached_property
    def drawing_cache_key(self) -> str:
        """What tells what it draws from what another scale does (``ui.drawn``)."""
        return repr((self.criteria.pk, self.criteria.label, self.criteria.ratings))

    @property
    def top_score(self) -> int:
        """The highest score there is."""
        top: int = max(cell["score"] for row in self.criteria.cells for cell in row)
        return top

    def tone(self, rating: str | None) -> int | None:
        """The rating's place from 0, the lowest; None for unrated or a rating of other criteria."""
        keys = self.matrix.rating_keys
        return keys.index(rating) if rating in keys else None

    def name(self, rating: str | None) -> str:
        """The rating's name; a key of other criteria is said as it is."""
        if rating is not None and self.tone(rating) is None:
            return rating
        return self.matrix.rating_name(rating)

    def level_name(self, axis: str, value: int) -> str:
        """The name of a level of ``likelihood`` or ``impact``."""
        levels = getattr(self.criteria, axis)
        return localised(levels[value - 1]["names"], str(value)) if value <= len(levels) else ""

    def place_in_words(self, cell: Mapping[str, Any]) -> str:
        """A cell in words: “Likely × Major”."""
        likelihood = self.level_name("likelihood", cell["likelihood"])
        return f"{likelihood} × {self.level_name('impact', cell['impact'])}"

    def chip(
        self, rating: str | None, score: int | None = None, kind: str = Kind.THREAT.value
    ) -> SafeString:
        """The rating chip of the design system."""
        key = (rating, score, kind)
        if key not in self._chips:
            shown = self.name(rating) if rating else None
            self._chips[key] = ui.rating(
                shown, self.tone(rating), self.of, score, kind, self.criteria.label
            )
        return self._chips[key]

    def cell_chip(
        self, cell: Mapping[str, Any] | None, kind: str = Kind.THREAT.value
    ) -> SafeString:
        """The chip of a cell, or the one that says unrated."""
        return self.chip(cell["rating"], cell["score"], kind) if cell else self.chip(None)

    def stage_rows(self, position: Position) -> list[dict[str, Any]]:
        """inherent → residual → target for ``rating_path``."""
        path = []
        for stage in STAGES:
            cell = position.cell(stage)
            rating = cell["rating"] if cell else None
            path.append(
                {
                    "stage": stage_name(stage),
                    "label": self.name(rating) if rating else None,
                    "tone": self.tone(rating),
                    "of": self.of,
                    "score": cell["score"] if cell else None,
                    "kind": position.kind,
                    "origin": self.criteria.label,
                }
            )
        return path

    def grid(
        self,
        axes: Axes,
        more: Callable[[int, int], Mapping[str, Any]] | None = None,
        kind: str = Kind.THREAT.value,
    ) -> dict[str, Any]:
        """The matrix for ``matrix_table`` and ``matrix_radio``; ``more`` adds to each cell."""
        likelihood, impact = self.criteria.likelihood, self.criteria.impact
        rows = []
        for x in range(len(likelihood), 0, -1):
            row = []
            for y in range(1, len(impact) + 1):
                cell = self.matrix.cell(x, y)
                row.append(
                    {
                        "likelihood": x,
                        "impact": y,
                        "score": cell.score,
                        "rating": cell.rating,
                        "rating_label": self.name(cell.rating),
                        "tone": self.tone(cell.rating),
                        "above_appetite": self.matrix.above_appetite(cell.rating, kind),
                        **(more(x, y) if more else {}),
                    }
                )
            rows.append(row)
        return {
            "tones": self.of,
            "kind": kind,
            "across": axes.across,
            "axis_names": {axis: axes.name(axis) for axis in AXES},
            "likelihood": [
                {"value": n, "label": self.level_name("likelihood", n)}
                for n in range(len(likelihood), 0, -1)
            ],
            "impact": [
                {"value": n, "label": self.level_name("impact", n)}
                for n in range(1, len(impact) + 1)
            ],
            "rows": rows,
        }

    def cadence_rows(self) -> list[dict[str, Any]]:
        """How often each rating asks for a review, most severe first."""
        return [
            {
                "key": key,
                "label": self.name(key),
                "tone": self.tone(key),
                "of": self.of,
                "days": self.matrix.cadence_days(key),
            }
            for key in reversed(self.matrix.rating_keys)
        ]


# So many refs stand in the title of a cell.
REFS_NAMED = 12


def heat_grid(
    scale: Scale,
    axes: Axes,
    shown: Heatmap,
    selected: tuple[int, int] | str | None,
    url: Callable[..., str],
    titles: Mapping[str, str] | None = None,
    named: int = 0,
) -> dict[str, Any]:
    """The heatmap's matrix; ``url(cell=…)`` is the page with that cell's list beside it. ``named``:
    so many refs stand in a cell, each with its title where ``titles`` has one."""
    counts = {(c.likelihood, c.impact): c for c in shown.cells}
    compared = shown.comparison

    def more(x: int, y: int) -> dict[str, Any]:
        cell = counts[(x, y)]
        return {
            "count": cell.count,
            "refs": cell.refs[:REFS_NAMED],
            "named": [(ref, (titles or {}).get(ref, "")) for ref in cell.refs[:named]],
            "more": max(0, cell.count - named) if named else 0,
            "url": url(cell=f"{x},{y}") if cell.count else "",
            "selected": (x, y) == selected,
            "came": compared.came[x, y] if compared else 0,
            "left": compared.left[x, y] if compared else 0,
        }

    return scale.grid(axes, more, shown.kind)


def trail_points(
    positions: Sequence[Position],
    scales: Mapping[int, Scale],
    stage: str,
    was_recorded_later: Callable[[dt.datetime], bool],
) -> list[dict[str, Any]]:
    """Where one risk stood over time for the ``trail`` tag, without repeats, oldest first.

    ``was_recorded_later(at)`` says whether what happened at that moment was recorded later.
    """
    points: list[dict[str, Any]] = []
    before = None
    for position in positions:
        cell = position.cell(stage)
        if cell is None or cell == before:
            continue
        scale = scales[position.criteria_id]
        points.append(
            {
                "at": position.valid_from,
                "score": cell["score"],
                "tone": scale.tone(cell["rating"]) or 0,
                "tones": scale.of,
                "label": scale.name(cell["rating"]),
                "kind": position.kind,
                "brought": was_recorded_later(position.valid_from),
            }
        )
        before = cell
    return points


def source_rows(sources: Iterable[Any]) -> list[dict[str, Any]]:
    """Sources for reading; an address that is not http or https is shown as text, never linked."""
    rows = []
    for source in sources:
        if not isinstance(source, Mapping) or not source:
            continue
        rows.append(
            {
                "title": text_of(source.get("title")) or source.get("url") or "",
                "url": safe_url(source.get("url")),
                "address": source.get("url") or "",
                "label": source.get("label") or "",
                "date": day_text(text_of(source.get("date"))),
                "quote": source.get("quote") or "",
                "locator": text_of(source.get("locator")),
                "note": text_of(source.get("note")),
            }
        )
    return rows


def safe_url(value: Any) -> str:
    """``value`` if it is an http or https address, else nothing."""
    try:
        parts = urlsplit(str(value or ""))
    except ValueError:
        return ""
    return str(value) if parts.scheme in ("http", "https") and parts.hostname else ""


def query_string(given: Mapping[str, Any], **changes: Any) -> str:
    """``given`` with ``changes`` as a query string; None or empty takes a name out."""
    merged: dict[str, Any] = {**given, **changes}
    pairs = []
    for name, value in merged.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(v)) for v in values if v not in (None, "")]
    return "?" + urlencode(pairs) if pairs else "?"


def error_list(
    invalid: Any, names: Mapping[str, Any], offered: Mapping[str, Iterable[str]] | None = None
) -> list[dict[str, str]]:
    """What was refused, by the words that the page uses for each field. ``offered``: of a field
    what can be chosen there, in words, where the service names what programs send."""
    found = []
    for name, errors in invalid.fields.items():
        words = list((offered or {}).get(name, ()))
        for error in errors:
            detail = error.detail
            if error.code == "unknown" and words:
                detail = _("Choose one of these: %(all)s.") % {"all": enumerate_texts(words)}
            elif error.code == "unknown_filter":
                detail = _("There is no such filter; those there are stand below.")
            found.append({"field": str(names.get(name, name)), "detail": detail})
    return found

"""The sections of a pack, in their order; plain JSON, so that it goes from one step to the next."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.queries.packs.asked import (
    above_appetite,
    breaches,
    decisions,
    objectives,
    spending,
)
from riskreg.exchange.queries.packs.closing_pages import appendix, review_coverage
from riskreg.exchange.queries.packs.positions import heatmaps, highest_threats, what_moved
from riskreg.exchange.queries.packs.scope import PackScope, day_text, reader_for_audience
from riskreg.register.visibility import Visibility

# A pack that is made otherwise has another number: the same day then gives other bytes.
ENGINE = "1"
Section = dict[str, Any]
_SECTIONS: tuple[Callable[[PackScope], list[Section]], ...] = (
    what_moved, heatmaps, highest_threats, above_appetite, decisions, objectives, review_coverage,
    spending, breaches, appendix,
)  # fmt: skip


def pack_contents(scope: PackScope, audience: str) -> dict[str, Any]:
    """Everything that a pack says, in the language in force."""
    viewer = scope.viewer
    own = audience == Visibility.PARTY and viewer.party is not None
    notice = (
        _("%(party)s's own: holds what is private to %(party)s. Not for other parties.")
        % {"party": viewer.party}
        if own
        else _("Holds what every party of the register sees, and nothing of any party's own.")
    )
    return {
        "title": _("Board pack"),
        "register": viewer.register.name,
        "as_of": _("As of %(day)s") % {"day": day_text(scope.as_of)},
        "since": _("Compared with %(day)s") % {"day": day_text(scope.since)},
        "notice": notice,
        "engine": ENGINE,
        "none": _("None"),
        "figures": _figures(scope),
        "sections": [section for make in _SECTIONS for section in make(scope)],
    }


def headline_figures(scope: PackScope) -> dict[str, int]:
    """The figures of the cover, by name; ``figure_labels`` has them in words."""
    shown = scope.heatmap_on_as_of
    compared = shown.comparison
    return {
        "open": shown.total,
        "above": shown.above_count,
        "unrated": shown.unrated_count,
        "opportunities": shown.other_total,
        "moved": len(compared.moves) if compared else 0,
        "new": len(compared.opened) if compared else 0,
        "gone": len(compared.closed) if compared else 0,
    }


def figure_labels() -> dict[str, str]:
    """What the figures of the cover are called, in their order."""
    return {
        "open": _("Open threats"),
        "above": _("Above appetite"),
        "unrated": _("Unrated"),
        "opportunities": _("Open opportunities"),
        "moved": _("Moved since then"),
        "new": _("New on the map"),
        "gone": _("No longer on the map"),
    }


def _figures(scope: PackScope) -> list[dict[str, str]]:
    figures = headline_figures(scope)
    return [{"label": label, "value": str(figures[n])} for n, label in figure_labels().items()]


__all__ = [
    "ENGINE",
    "PackScope",
    "figure_labels",
    "headline_figures",
    "pack_contents",
    "reader_for_audience",
]

"""Risks that moved between two days, each cell said by the criteria of its own day."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_changes import AT_ONCE, Move
from riskreg.risks.queries.heatmap_lists import TitleAndReason
from riskreg.web.presenters import Scale
from riskreg.web.ui.paging import page_of

# Of what moved, opened and closed: so many at once.
MOVED = AT_ONCE
PAGES = ("page", "new", "gone")


def older_scales_by_criteria_id(shown: Heatmap) -> dict[int, Scale]:
    """Of the criteria that were in force before the scale changed."""
    compared = shown.comparison
    return {key: Scale(row) for key, row in compared.older.items()} if compared else {}


def scale_before_move(move: Move | None, scales: dict[int, Scale], scale: Scale) -> Scale:
    """By which to say where ``move`` began."""
    return scales.get(move.before_criteria or 0, scale) if move else scale


def score_delta(move: Move | None) -> int | None:
    """By how much the score moved; None where there is none, or one is of another scale."""
    if move is None or move.before is None or move.after is None or move.before_criteria:
        return None
    return int(move.after["score"] - move.before["score"])


def pages_of_moved_opened_closed(request: HttpRequest, shown: Heatmap) -> list[Page[Any]]:
    """Of what moved, what opened and what closed: the pages that the address names (``PAGES``)."""
    compared = shown.comparison
    lists = (compared.moves, compared.opened, compared.closed) if compared else ((), (), ())
    return [page_of(request, rows, MOVED, name) for name, rows in zip(PAGES, lists, strict=True)]


def moves_by_ref_among(shown: Heatmap, refs: Iterable[str]) -> dict[str, Move]:
    """Those of the risks called ``refs`` that moved, by ref."""
    compared = shown.comparison
    return {move.ref: move for move in compared.moves_of(list(refs))} if compared else {}


def moves_panel(
    shown: Heatmap,
    scale: Scale,
    page: Page[Move],
    opened_and_closed: Sequence[Page[str]],
    reasons: Mapping[str, TitleAndReason],
    risk_url: Callable[[str], str],
) -> dict[str, Any] | None:
    """What moved, opened and closed, for the panel under the map; ``page``: of what moved;
    ``opened_and_closed``: those of what opened and of what closed."""
    compared = shown.comparison
    if compared is None:
        return None

    def entry(ref: str) -> dict[str, Any]:
        known = reasons.get(ref)
        return {
            "ref": ref,
            "url": risk_url(ref),
            "title": known.localized("title") if known else "",
            "reason": known.localized("rationale") if known else "",
        }

    moves, scales = [], older_scales_by_criteria_id(shown)
    for move in page:
        before, after = move.before, move.after
        old_scale = scale_before_move(move, scales, scale)
        moves.append(
            {
                **entry(move.ref),
                "before": old_scale.cell_chip(before, shown.kind),
                "after": scale.cell_chip(after, shown.kind),
                "before_place": old_scale.place_in_words(before) if before else "",
                "after_place": scale.place_in_words(after) if after else "",
                "delta": score_delta(move),
                "by_scale": move.by_scale,
            }
        )
    return {
        "since": compared.compared_to,
        "scale_changed_on": compared.scale_changed_on,
        "moves": moves,
        "page": page,
        **{
            name: {
                "rows": [entry(ref) for ref in refs],
                "page": refs,
                "count": refs.paginator.count,
            }
            for name, refs in zip(("opened", "closed"), opened_and_closed, strict=True)
        },
    }

"""Risks that moved between two days, each cell said by the criteria of its own day."""

from riskreg.risks.queries.heatmap import Heatmap, Move
from riskreg.web.presenters import Scale


def scales_before(shown: Heatmap) -> dict[int, Scale]:
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

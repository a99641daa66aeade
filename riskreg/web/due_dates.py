"""When the next review falls due, for each cell that a person may choose before saving."""

import datetime as dt
from typing import Any

from riskreg.risks import policy
from riskreg.risks.models import Position, Risk, State
from riskreg.web.presenters import Scale


def next_review_rows_after_review(
    scale: Scale, position: Position, today: dt.date
) -> list[dict[str, Any]]:
    """What a review leads to at each rating, most severe first, and where nothing is chosen.

    Each entry has ``key, label, tone, of, days, on``; ``now`` marks where the risk stands, and
    ``sooner`` is for judgements alone.
    """
    entries = _cadence_rows(scale, position.residual_rating)
    for entry in entries:
        entry["on"] = policy.next_review_after(today, entry["days"])
        entry["sooner"] = None
    return entries


def next_review_rows_after_assessment(
    scale: Scale, position: Position, risk: Risk, stage: str, today: dt.date
) -> list[dict[str, Any]]:
    """As ``next_review_rows_after_review``, for a judgement alone, which only brings it in.

    Empty where the judgement moves no date: of another stage, or of a draft.
    """
    if stage != "residual" or risk.state != State.OPEN or risk.next_review_on is None:
        return []
    entries = _cadence_rows(scale, position.residual_rating)
    for entry in entries:
        entry["on"] = policy.brought_forward_review_on(risk.next_review_on, today, entry["days"])
        entry["sooner"] = entry["on"] < risk.next_review_on
    return entries


def _cadence_rows(scale: Scale, rating: str | None) -> list[dict[str, Any]]:
    entries = scale.cadence_rows()
    if rating is None:
        unrated = {"key": None, "label": scale.name(None), "tone": None, "of": scale.of}
        entries.append({**unrated, "days": scale.matrix.cadence_days(None)})
    for entry in entries:
        entry["now"] = entry["key"] == rating
    return entries

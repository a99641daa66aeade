"""Rows of the risk list: what is read of each risk, and what its row shows."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import get_language

from riskreg.kernel.localised import in_language
from riskreg.register.policy import STAGES
from riskreg.risks.policy import score_mismatch_marks
from riskreg.web.presenters import Scale, mismatch_text
from riskreg.web.templatetags import ui

_SCORE_COLUMNS = tuple(f"{stage}_{part}" for stage in STAGES for part in ("rating", "score"))
LIST_COLUMNS = (
    "ref", "state", "kind", "visibility", "party__key", "party__names", "owner__name",
    "owner__names", "owner__email", "risk__title", "risk__translations", "risk__next_review_on",
    "risk__happened_on", *_SCORE_COLUMNS,
)  # fmt: skip
"""The columns of a current position that ``risk_list_rows`` reads: values, since whole rows of four
tables would cost more than the rest of the page."""


class RiskRow(NamedTuple):
    """What the list shows of a risk, as plain values: what the row looks like follows from them."""

    ref: str
    url: str
    title: str
    kind: str
    visibility: str
    state: str
    owner: str
    party: str
    inherent_rating: str | None
    inherent_score: int | None
    residual_rating: str | None
    residual_score: int | None
    target_rating: str | None
    target_score: int | None
    next_review_on: dt.date | None
    happened_on: dt.date | None

    def table_cells(self, scale: Scale, today: dt.date) -> dict[str, Any]:
        """Every cell of the row, ready to be written."""
        scores = {stage: getattr(self, f"{stage}_score") for stage in STAGES}
        return {
            "ref": self.ref,
            "url": self.url,
            "title": self.title,
            "opportunity": self.kind == "opportunity",
            "private": self.visibility == "party",
            "owner": self.owner,
            "party": self.party,
            "inherent": scale.chip(self.inherent_rating, self.inherent_score, self.kind),
            "residual": scale.chip(self.residual_rating, self.residual_score, self.kind),
            "target": scale.chip(self.target_rating, self.target_score, self.kind),
            "due": ui.draw_date(self.next_review_on, today, due=True)
            if self.state == "open"
            else "",
            "state": ui.state_badge(self.state),
            "happened_on": ui.draw_date(self.happened_on, today) if self.happened_on else "",
            "marks": [mismatch_text(m, self.kind) for m in score_mismatch_marks(self.kind, scores)],
        }


def risk_list_rows(
    positions: Iterable[Mapping[str, Any]], url: Callable[[str], str]
) -> list[RiskRow]:
    """Rows of the risk list from ``LIST_COLUMNS``, in the reader's language."""
    language = get_language() or settings.LANGUAGE_CODE
    rows = []
    for p in positions:
        versions = (p["risk__translations"] or {}).get(language) or {}
        owner = p["owner__name"] or p["owner__email"]
        rows.append(
            RiskRow(
                ref=p["ref"],
                url=url(p["ref"]),
                title=versions.get("title") or p["risk__title"],
                kind=p["kind"],
                visibility=p["visibility"],
                state=p["state"],
                owner=in_language(p["owner__names"], language, owner),
                party=in_language(p["party__names"], language, p["party__key"]),
                next_review_on=p["risk__next_review_on"],
                happened_on=p["risk__happened_on"],
                **{name: p[name] for name in _SCORE_COLUMNS},
            )
        )
    return rows

"""As of which day, compared with which, and for whom a pack reads."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.kernel import clock
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix
from riskreg.register.visibility import Visibility
from riskreg.risks.queries.heatmap import Heatmap, heatmap

# So many of a list; the true number stands with it, and the whole of it is in the register.
LISTED = 10


def reader_for_audience(viewer: Viewer, audience: str) -> Viewer:
    """Who a pack reads for: the viewer's party, or everybody of the register, as whom nothing of
    any party's own is seen."""
    return viewer if audience == Visibility.PARTY else replace(viewer, party=None)


@dataclass(frozen=True)
class PackScope:
    """``viewer`` is the reader that a pack is made for (``reader_for_audience``), ``at`` now."""

    viewer: Viewer
    as_of: dt.date
    since: dt.date
    at: dt.datetime

    @property
    def today(self) -> dt.date:
        """The day it is in the register."""
        return self.viewer.today(self.at)

    @property
    def is_past(self) -> bool:
        """Whether the pack looks back."""
        return self.as_of < self.today

    @cached_property
    def after_as_of(self) -> dt.datetime:
        """The first moment after the day of the pack."""
        return clock.start_of_next_day(self.as_of, self.viewer.register.time_zone)

    @cached_property
    def after_since(self) -> dt.datetime:
        """The first moment after the day that it is compared with."""
        return clock.start_of_next_day(self.since, self.viewer.register.time_zone)

    @cached_property
    def heatmap_on_as_of(self) -> Heatmap:
        """The heatmap of the day, with what moved; the same as the page of that day draws."""
        return heatmap(
            self.viewer, stage="residual", at=self.at, as_of=self.as_of, compare=self.since
        )

    @cached_property
    def heatmap_on_since(self) -> Heatmap:
        """The heatmap of the day that it is compared with."""
        return heatmap(self.viewer, stage="residual", at=self.at, as_of=self.since)

    @cached_property
    def matrix(self) -> Matrix:
        """The criteria of the day."""
        return Matrix(self.heatmap_on_as_of.criteria)


# Words -------------------------------------------------------------------------------------------
def day_text(value: dt.date | dt.datetime | None) -> str:
    """A day as the reader writes it; empty for none."""
    return date_format(value, "DATE_FORMAT") if value else ""


def person_text(user: User | None) -> str:
    """Somebody's name in the reader's language; empty for nobody."""
    return localised(user.names, str(user)) if user else ""


def stage_text(stage: str) -> str:
    """A stage in words."""
    return {
        "inherent": _("Inherent (without any controls)"),
        "residual": _("Residual (as it stands)"),
        "target": _("Target (after planned work)"),
    }[stage]


def rating_text(matrix: Matrix, cell: Mapping[str, Any] | None) -> str:
    """A cell as its rating and its score; a rating of other criteria as it is called there."""
    if not cell:
        return _("unrated")
    known = cell["rating"] in matrix.rating_keys
    name = matrix.rating_name(cell["rating"]) if known else str(cell["rating"])
    return f"{name} {cell['score']}"


def level_name(criteria: Criteria, axis: str, value: int) -> str:
    """What a level of ``likelihood`` or ``impact`` is called."""
    return localised(getattr(criteria, axis)[value - 1]["names"], str(value))


def note_where_cut(shown: int, total: int) -> list[dict[str, Any]]:
    """What is said under a list that is cut."""
    if total <= shown:
        return []
    text = _("%(n)d of %(total)d are listed, the worst first; all of them are in the register.")
    return [{"kind": "note", "text": text % {"n": shown, "total": total}}]

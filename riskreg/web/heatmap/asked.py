"""What the address of the heatmap asks for, read once for the page and its files."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from riskreg.exchange.queries.heatmap_pictures import COUNTS, clean_cell_content
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.risks import filters
from riskreg.risks.queries.heatmap import Heatmap, heatmap
from riskreg.risks.queries.heatmap_flows import NAMED, Flows, flows_on, split_off_movement

OWN = ("as_of", "compare", "cell", "page", "new", "gone", "cells")
KEPT = ("stage", "kind", "parts")


@dataclass(frozen=True)
class HeatmapAsked:
    """``moving``: the stage that shows how risks go over the map; it compares with no other day."""

    viewer: Viewer
    at: dt.datetime
    chosen: filters.RiskFilter
    as_of: dt.date | None = None
    compare: dt.date | None = None
    cells: str = COUNTS
    moving: bool = False

    @classmethod
    def read(cls, viewer: Viewer, given: QueryDict, at: dt.datetime) -> "HeatmapAsked":
        """Raises ``Invalid`` for what the page cannot show."""
        asked, moving = split_off_movement(given)
        chosen = filters.parse(viewer, asked, at, other_params=OWN, one_kind=True)
        errors = Errors()
        as_of, compare = _clean_day(errors, asked, "as_of"), _clean_day(errors, asked, "compare")
        cells = clean_cell_content(errors, asked.getlist("cells"))
        errors.raise_if_any()
        return cls(viewer, at, chosen, as_of, None if moving else compare, cells, moving)

    def heatmap(self, refs_per_cell: int) -> Heatmap:
        """The map. Raises ``Invalid`` for days that it cannot show."""
        return heatmap(
            self.viewer,
            stage=self.chosen.stage,
            at=self.at,
            as_of=self.as_of,
            compare=self.compare,
            chosen=self.chosen,
            kind=self.chosen.kind,
            refs_per_cell=refs_per_cell,
        )

    def flows(self, shown: Heatmap, named: int = NAMED) -> Flows | None:
        """How risks go over it, if that is asked for."""
        return flows_on(self.viewer, shown, self.chosen, self.at, named) if self.moving else None


def asked_by_default(viewer: Viewer, at: dt.datetime) -> HeatmapAsked:
    """Today, without a filter: what is shown in place of what cannot be."""
    return HeatmapAsked(viewer, at, filters.RiskFilter())


def _clean_day(errors: Errors, given: Any, name: str) -> dt.date | None:
    text = given.get(name, "")
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        errors.add(name, "not_a_date", _("This must be a date, as in 2027-03-31."))
        return None

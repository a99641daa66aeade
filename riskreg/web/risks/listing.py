"""The risk list: filtered, sorted, a page at a time."""

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.exchange.writing.files import FORMATS, RISK_FORMATS
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.risks import filters
from riskreg.risks.fields import RISK
from riskreg.risks.models import Position, State
from riskreg.risks.queries.lists import risk_list
from riskreg.web.list_page import OWN, ListPage
from riskreg.web.presenters import Scale
from riskreg.web.risks.rows import LIST_COLUMNS, risk_list_rows

DEFAULT_ORDER = "-score"
# Behind "More filters": words of a few, other than those that stand in front or are known better.
_FOLDED = ("party", "owner", *(f.name for f in RISK.filters if f.choices and f.name != "state"))


class RiskList(ListPage):
    """Visible risks, drafts and open ones unless asked otherwise, highest score first."""

    template = "risks/list.html"
    columns = LIST_COLUMNS
    route = "risks"
    files = "risk_export"
    formats = (*FORMATS, *RISK_FORMATS)
    front = ("state", "rating")
    folded = (*_FOLDED, "term", "due_before", "part_of", "related_to", "parts", "external_id")
    switches = ("overdue", "above_appetite", "above_own", "unrated", "happened")

    def all_rows(self) -> QuerySet[Any]:
        """Every visible risk, as plain values."""
        return risk_list(self.viewer, filters.RiskFilter()).select_related(None)

    def filters_and_rows(self, params: Any) -> tuple[Mapping[str, list[str]], QuerySet[Any]]:
        """As ``filter_and_rows``: a risk's filters know stages, which no other noun has."""
        chosen, rows = filter_and_rows(self.viewer, params, self.at)
        return chosen.given, rows

    def scale(self) -> Scale:
        """The register's criteria."""
        return self._scale

    @cached_property
    def _scale(self) -> Scale:
        return Scale(self.viewer.register.criteria)

    def shown_rows(self, rows: Sequence[Any]) -> list[Any]:
        """What the row of each looks like follows from."""
        slug = self.viewer.register.slug
        pattern = reverse("web:risk", kwargs={"slug": slug, "ref": "REF"})
        return risk_list_rows(rows, lambda ref: pattern.replace("REF", ref))

    def offered_switches(self) -> Sequence[str]:
        """An appetite of their own have parties alone."""
        mine = self.viewer.party_id is not None
        return [name for name in self.switches if mine or name != "above_own"]

    def extra_context(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {
            "title": _("Risks"),
            "scale": self.scale(),
            "today": self.viewer.today(self.at),
            "may_create": permits(self.viewer, "risk.create"),
            "may_import": permits(self.viewer, "import.make"),
            "may_transfer": permits(self.viewer, "risk.transfer"),
        }


def filter_and_rows(
    viewer: Viewer, given: QueryDict, at: dt.datetime
) -> tuple[filters.RiskFilter, QuerySet[Position]]:
    """What the query string of the list asks for: the filters, and every row in their order.

    Raises ``Invalid`` for a list that cannot be shown as asked.
    """
    chosen = filters.parse(viewer, given, at, other_params=OWN)
    errors = Errors()
    column, descending = filters.parse_risk_ordering(
        errors, given.get("ordering"), chosen.stage, DEFAULT_ORDER
    )
    errors.raise_if_any()
    rows = risk_list(viewer, chosen).select_related(None)
    # What happened is closed: who asks for it is not shown an empty list.
    as_asked = chosen.state_given or "happened" in chosen.given
    rows = rows if as_asked else rows.filter(~Q(state=State.CLOSED))
    return chosen, _in_order(rows, column, descending)


def _in_order(rows: QuerySet[Position], column: str, descending: bool) -> QuerySet[Position]:
    """Unrated and undated risks come last either way; the place of the ref breaks ties."""
    if column == "ref_order":
        return rows.order_by("-ref_order" if descending else "ref_order")
    by = F(column).desc(nulls_last=True) if descending else F(column).asc(nulls_last=True)
    return rows.order_by(by, "ref_order")

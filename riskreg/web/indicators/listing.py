"""The list of indicators: how each stands, with its last values as a small line."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from riskreg.indicators import filters
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator, Status
from riskreg.indicators.queries.access import indicators_for, latest_uncorrected_values
from riskreg.register.permissions import permits
from riskreg.web.file_links import file_links
from riskreg.web.filter_form import FilterWords
from riskreg.web.indicators.labels import indicator_status_context, limits_for_spark
from riskreg.web.list_page import ListPage, Preset

SPARK_POINTS = 24


class IndicatorList(ListPage):
    """Indicators of the register that the viewer may know of: those in use unless asked otherwise,
    by ref."""

    template = "indicators/index.html"
    route = "indicators"
    files = "indicator_export"
    filters = filters
    words = FilterWords(
        INDICATOR,
        labels={
            "late": gettext_lazy("Reading late"),
            "due_before": gettext_lazy("Reading due before"),
            "risk": gettext_lazy("Watches risk"),
            "objective": gettext_lazy("Objective"),
        },
        unset={"active": gettext_lazy("Yes")},
    )
    default_order = "ref"
    front = ("status", "owner")
    folded = ("active", "party", "risk", "due_before", "external_id", "term")
    switches = ("late",)
    unasked: ClassVar = {"active": ["true"]}
    presets = (
        Preset("all", gettext_lazy("In use"), {}),
        Preset("red", gettext_lazy("Red"), {"status": [Status.RED.value]}),
        Preset("amber", gettext_lazy("Amber"), {"status": [Status.AMBER.value]}),
        Preset("late", gettext_lazy("Reading late"), {"late": ["true"]}),
        Preset("mine", gettext_lazy("Mine"), {"owner": ["me"]}),
        Preset("retired", gettext_lazy("Retired"), {"active": ["false"]}),
    )

    def all_rows(self) -> QuerySet[Indicator]:
        """Indicators in use and retired."""
        return indicators_for(self.viewer)

    def shown_rows(self, rows: Sequence[Indicator]) -> list[dict[str, Any]]:
        """Each with how it stands and its newest values."""
        today = self.viewer.today(self.at)
        values = latest_uncorrected_values(rows, SPARK_POINTS)
        return [
            {
                **indicator_status_context(indicator, today),
                "values": [float(v) for _at, v in values.get(indicator.pk, ())],
                "limits": limits_for_spark(indicator),
            }
            for indicator in rows
        ]

    def extra_context(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {
            "may_create": permits(self.viewer, "indicator.create"),
            "reading_exports": file_links(self.viewer, "reading_export", self.request.GET),
        }

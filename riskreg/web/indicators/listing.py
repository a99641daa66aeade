"""The list of indicators: how each stands, with its last values as a small line."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from riskreg.indicators.filters import ASKED
from riskreg.indicators.models import Status
from riskreg.indicators.queries.access import (
    counts_by_status,
    indicators_for,
    latest_values,
)
from riskreg.register.permissions import permits
from riskreg.web.base import RegisterView
from riskreg.web.indicators.labels import limits_for_spark, stands
from riskreg.web.ui.paging import page_of

PER_PAGE = 50
SPARK_POINTS = 24


class IndicatorList(RegisterView):
    """Indicators of the register that the viewer may know of."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?show=`` all (the default), red, amber, late, mine or retired."""
        today = self.viewer.today(self.at)
        late = ASKED & Q(next_reading_on__lt=today)
        kinds = {
            "all": (_("All"), Q(active=True)),
            "red": (_("Red"), Q(active=True, status=Status.RED)),
            "amber": (_("Amber"), Q(active=True, status=Status.AMBER)),
            "late": (_("Reading late"), late),
            "mine": (_("Mine"), Q(active=True, owner=self.viewer.user)),
            "retired": (_("Retired"), Q(active=False)),
        }
        show = request.GET.get("show", "all")
        if show not in kinds:
            show = "all"
        counts = counts_by_status(self.viewer, today)
        page = page_of(request, indicators_for(self.viewer).filter(kinds[show][1]), PER_PAGE)
        values = latest_values(self.viewer, list(page), SPARK_POINTS)
        rows = [
            {
                **stands(indicator, today),
                "values": [float(v) for _at, v in values.get(indicator.pk, ())],
                "limits": limits_for_spark(indicator),
            }
            for indicator in page
        ]
        context = {
            "page_obj": page,
            "rows": rows,
            "tabs": [
                {"label": label, "url": f"?show={k}", "current": k == show, "count": counts.get(k)}
                for k, (label, _condition) in kinds.items()
            ],
            "may_create": permits(self.viewer, "indicator.create"),
        }
        return self.render("indicators/index.html", context)

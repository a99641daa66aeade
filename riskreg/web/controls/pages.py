"""Reading controls."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.register.permissions import permits
from riskreg.risks import control_filters
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control, Effectiveness
from riskreg.risks.queries.access import control_for
from riskreg.risks.queries.lists import controls_for
from riskreg.risks.services.controls import may_change_control
from riskreg.web.base import RegisterView
from riskreg.web.comments.panel import comments_panel
from riskreg.web.evidence.panel import evidence_panel
from riskreg.web.filter_form import FilterWords
from riskreg.web.list_page import ListPage, Preset
from riskreg.web.presenters import name_of_person, source_rows


class ControlList(ListPage):
    """What is in place unless asked otherwise, what is to be tested, and what has ended."""

    template = "controls/index.html"
    route = "controls"
    files = "control_export"
    filters = control_filters
    words = FilterWords(
        CONTROL,
        labels={
            "active": gettext_lazy("In place"),
            "risk": gettext_lazy("Works on risk"),
            "test_due": gettext_lazy("Test is due"),
            "test_due_before": gettext_lazy("Test due before"),
            "untested": gettext_lazy("Never tested"),
        },
        unset={"active": gettext_lazy("Yes")},
    )
    default_order = "created_at"
    front = ("kind", "effectiveness")
    folded = ("active", "owner", "party", "risk", "test_due_before", "term")
    switches = ("test_due", "untested")
    unasked: ClassVar = {"active": ["true"]}
    presets = (
        Preset("in_place", gettext_lazy("In place"), {}),
        Preset("mine", gettext_lazy("Mine"), {"owner": ["me"]}),
        Preset("due", gettext_lazy("Test is due"), {"test_due": ["true"]}),
        Preset("untested", gettext_lazy("Never tested"), {"untested": ["true"]}),
        Preset("ended", gettext_lazy("Ended"), {"active": ["false"]}),
    )

    def all_rows(self) -> QuerySet[Control]:
        """Those in place and those that have ended."""
        return controls_for(self.viewer)

    def shown_rows(self, rows: Sequence[Control]) -> list[dict[str, Any]]:
        """As the table shows them."""
        return [control_context(row, self.viewer.today(self.at)) for row in rows]

    def extra_context(self) -> dict[str, Any]:
        """What may be done from the list."""
        return {"may_add": permits(self.viewer, "control.edit")}


class ControlPage(RegisterView):
    """One control."""

    def get(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """What it is, on which risks it works, when it was tested, and since when it has ended."""
        row = controls_for(self.viewer).get(pk=control_for(self.viewer, control).pk)
        context = {
            **control_context(row, self.viewer.today(self.at)),
            "risks": [(risk.ref, risk.localized("title")) for risk in row.risks.all()],
            "source": next(iter(source_rows([row.source])), None) if row.source else None,
            "comments": comments_panel(self.viewer, row),
            "evidence": evidence_panel(self.viewer, "control", row),
            "may_edit": row.ended_at is None and may_change_control(self.viewer, row),
        }
        return self.render("controls/detail.html", context)


def control_context(row: Control, today: dt.date) -> dict[str, Any]:
    """A control as its pages show it."""
    tones = {"": "dashed", "effective": "ok", "partly": "warn", "ineffective": "bad"}
    found = row.effectiveness
    return {
        "c": row,
        "name": row.localized("name"),
        "kind": row.get_kind_display(),
        "owner": name_of_person(row.owner) if row.owner else "",
        "tested_by": name_of_person(row.tested_by) if row.tested_by else "",
        "effectiveness": Effectiveness(found).label if found else _("not judged"),
        "tone": tones[found],
        "refs": [risk.ref for risk in row.risks.all()],
        "private": row.visibility == "party",
        "due": row.ended_at is None and row.next_test_on is not None and row.next_test_on <= today,
    }

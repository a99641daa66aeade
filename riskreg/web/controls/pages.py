"""Reading controls."""

import datetime as dt
import uuid
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.register.permissions import permits
from riskreg.risks.models import Control, ControlKind, Effectiveness
from riskreg.risks.queries.access import control_for
from riskreg.risks.queries.lists import controls_for
from riskreg.risks.services.controls import may_change_control
from riskreg.web.base import RegisterView
from riskreg.web.presenters import person, source_rows

PER_PAGE = 50


class ControlList(RegisterView):
    """What is in place, what is to be tested, and what has ended."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?which=`` in_place (the default), mine, untested, due or ended; ``?kind=``."""
        today, rows = self.viewer.today(self.at), controls_for(self.viewer)
        which = request.GET.get("which", "")
        kind = request.GET.get("kind", "")
        wanted = _which(today, self.viewer.user.pk)
        chosen = wanted.get(which, wanted["in_place"])
        if kind in ControlKind.values:
            chosen &= Q(kind=kind)
        page = Paginator(rows.filter(chosen), PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "tabs": self._tabs(rows, wanted, which if which in wanted else "in_place"),
            "rows": [shown(row, today) for row in page],
            "page": page,
            "may_add": permits(self.viewer, "control.edit"),
        }
        return self.render("controls/index.html", context)

    def _tabs(self, rows: Any, wanted: dict[str, Q], current: str) -> list[dict[str, Any]]:
        words = {
            "in_place": _("In place"),
            "mine": _("Mine"),
            "due": _("Test is due"),
            "untested": _("Never tested"),
            "ended": _("Ended"),
        }
        url = reverse("web:controls", kwargs={"slug": self.viewer.register.slug})
        counts = rows.order_by().aggregate(**_counts(wanted))
        return [
            {
                "label": label,
                "url": f"{url}?which={name}" if name != "in_place" else url,
                "current": name == current,
                "count": counts[f"n_{name}"],
            }
            for name, label in words.items()
        ]


class ControlPage(RegisterView):
    """One control."""

    def get(self, request: HttpRequest, control: uuid.UUID) -> HttpResponse:
        """What it is, on which risks it works, when it was tested, and since when it has ended."""
        row = controls_for(self.viewer).get(pk=control_for(self.viewer, control).pk)
        context = {
            **shown(row, self.viewer.today(self.at)),
            "risks": [(risk.ref, risk.localized("title")) for risk in row.risks.all()],
            "source": next(iter(source_rows([row.source])), None) if row.source else None,
            "may_edit": row.ended_at is None and may_change_control(self.viewer, row),
        }
        return self.render("controls/detail.html", context)


def _which(today: dt.date, user: int) -> dict[str, Q]:
    in_place = Q(ended_at=None)
    return {
        "in_place": in_place,
        "mine": in_place & Q(owner=user),
        "due": in_place & Q(next_test_on__lte=today),
        "untested": in_place & Q(tested_on=None),
        "ended": Q(ended_at__isnull=False),
    }


def _counts(wanted: dict[str, Q]) -> dict[str, Any]:
    return {f"n_{name}": Count("pk", filter=found) for name, found in wanted.items()}


def shown(row: Control, today: dt.date) -> dict[str, Any]:
    """A control as its pages show it."""
    tones = {"": "dashed", "effective": "ok", "partly": "warn", "ineffective": "bad"}
    found = row.effectiveness
    return {
        "c": row,
        "name": row.localized("name"),
        "kind": row.get_kind_display(),
        "owner": person(row.owner) if row.owner else "",
        "tested_by": person(row.tested_by) if row.tested_by else "",
        "effectiveness": Effectiveness(found).label if found else _("not judged"),
        "tone": tones[found],
        "refs": [risk.ref for risk in row.risks.all()],
        "private": row.visibility == "party",
        "due": row.ended_at is None and row.next_test_on is not None and row.next_test_on <= today,
    }

"""Drivers: the list, one of them with its beliefs and links, and the forms for each."""

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.analysis.models import Belief, Driver
from riskreg.analysis.policy.estimates import round_significant
from riskreg.analysis.queries.drivers import (
    beliefs_of,
    driver_for,
    drivers_for,
    links_in_force_for,
    newest_beliefs_in_force_by_driver,
    place_of_newer_reading_in_range,
    pool_of,
)
from riskreg.analysis.ranges import Range
from riskreg.analysis.services import (
    add_driver,
    end_belief,
    end_link,
    link_driver,
    record_belief,
    set_indicator_of_driver,
)
from riskreg.indicators.queries.access import label_of_newest_reading
from riskreg.kernel.errors import Invalid, NotFound
from riskreg.kernel.localised import number
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits, require
from riskreg.register.visibility import Visibility
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.drivers.forms import BeliefForm, DriverForm, FeedForm, LinkForm
from riskreg.web.estimates.drawing import Quantiles, bars_on_one_scale
from riskreg.web.file_links import file_links
from riskreg.web.forms.marks import adds_same_contents_once, mark_not_done, repeatable
from riskreg.web.presenters import name_of_person, source_rows

MOST = 200


class Drivers(RegisterView):
    """The drivers that the viewer may know of, and a form for another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """By ref."""
        return self._page(DriverForm(self.viewer))

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Name one."""
        require(self.viewer, "driver.edit")
        form = DriverForm(self.viewer, request.POST)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            visibility = form.cleaned_data["visibility"]
            row = add_driver(
                actor=self.viewer,
                given=form.fields_for_service(),
                visibility=visibility,
                at=self.at,
            )
        except Invalid as invalid:
            renamed = {"name" if n == "names" else n: e for n, e in invalid.fields.items()}
            add_errors(form, Invalid(renamed))
            return self._page(form, 400)
        messages.success(request, _("%(ref)s is added. Say now what you believe of it.") % {
            "ref": row.ref,
        })  # fmt: skip
        return _redirect_to_driver(self.viewer, row)

    def _page(self, form: DriverForm, status: int = 200) -> HttpResponse:
        rows = list(drivers_for(self.viewer)[: MOST + 1])
        newest = newest_beliefs_in_force_by_driver(beliefs_of(self.viewer, rows[:MOST]))
        context = {
            "rows": [_row(row, newest.get(row.pk, [])) for row in rows[:MOST]],
            "more": len(rows) > MOST,
            "exports": file_links(self.viewer, "driver_export"),
            "form": form if _may_edit_drivers(self.viewer) else None,
        }
        return self.render("drivers/index.html", context, status)


class DriverPage(RegisterView):
    """One driver: what is believed of it, and what it moves."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        return self.page(driver_for(self.viewer, ref))

    def page(
        self,
        row: Driver,
        belief: BeliefForm | None = None,
        link: LinkForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """The page, with a form that was refused."""
        newest = newest_beliefs_in_force_by_driver(beliefs_of(self.viewer, [row])).get(row.pk, [])
        pool = pool_of(newest)
        ranges = [one.range for one in newest] + ([pool] if pool else [])
        ends = [_quantiles(one) for one in ranges]
        bars, powers = bars_on_one_scale(ends or [Quantiles(0.0, 1.0, 2.0)])
        links = links_in_force_for(self.viewer).filter(driver=row).select_related("risk__party")
        may = _may_edit_drivers(self.viewer)
        context = {
            "d": row,
            "private": row.visibility == Visibility.PARTY,
            "beliefs": [
                self._belief(one, end, bar)
                for one, end, bar in zip(newest, ends, bars, strict=False)
            ],
            "reading": _newest_reading(row),
            "pool": {**_quantiles_as_texts(ends[-1]), "bar": bars[-1]} if pool else None,
            "powers": powers,
            "links": [
                {
                    "link": one,
                    "title": one.risk.localized("title"),
                    "strength": number(one.sensitivity),
                    "may_end": permits(self.viewer, "risk.edit", one.risk)
                    if one.visibility == Visibility.SHARED
                    else may,
                }
                for one in links
            ],
            "belief_form": belief or (BeliefForm(self.viewer) if may else None),
            "link_form": link or (LinkForm(self.viewer) if may else None),
            "feed_form": FeedForm(self.viewer, row) if may else None,
        }
        return self.render("drivers/detail.html", context, status)

    def _belief(self, row: Belief, quantiles: Quantiles, bar: Any) -> dict[str, Any]:
        place = place_of_newer_reading_in_range(row)
        return {
            "belief": row,
            "expert": name_of_person(row.expert),
            "private": row.visibility == Visibility.PARTY,
            "bar": bar,
            "sources": source_rows(row.sources),
            "place": f"P{place.below}" if place else "",
            "outside": bool(place and place.outside),
            "steps": [
                {
                    "day": dt.date.fromisoformat(step["on"]),
                    "factor": number(float(step["factor"])),
                    "why": step["why"],
                }
                for step in row.steps
            ],
            "may_end": permits(self.viewer, "belief.end", row),
            **_quantiles_as_texts(quantiles),
        }


class GiveBelief(DriverPage):
    """What one believes of a driver."""

    http_method_names = ["post"]

    @adds_same_contents_once
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Keep it."""
        row = driver_for(self.viewer, ref)
        require(self.viewer, "driver.edit")
        form = BeliefForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(row, belief=form, status=400)
        try:
            visibility = form.cleaned_data["visibility"]
            record_belief(
                actor=self.viewer,
                ref=ref,
                given=form.fields_for_service(),
                visibility=visibility,
                at=self.at,
            )
        except Invalid as invalid:
            renamed = {_form_field_of(name): errors for name, errors in invalid.fields.items()}
            add_errors(form, Invalid(renamed))
            return self.page(row, belief=form, status=400)
        messages.success(request, _("It is kept."))
        return _redirect_to_driver(self.viewer, row)


class EndBelief(RegisterView):
    """Withdraw a belief."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, belief: uuid.UUID) -> HttpResponse:
        """Nothing reckons with it any more."""
        row = end_belief(actor=self.viewer, belief=belief, at=self.at)
        messages.success(request, _("It is withdrawn; nothing reckons with it any more."))
        return _redirect_to_driver(self.viewer, row.driver)


class ChooseDriverIndicator(DriverPage):
    """Which indicator measures a driver."""

    http_method_names = ["post"]

    @repeatable
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Keep it."""
        row = driver_for(self.viewer, ref)
        require(self.viewer, "driver.edit")
        indicator = request.POST.get("indicator", "")[:20] or None
        try:
            set_indicator_of_driver(actor=self.viewer, ref=ref, indicator=indicator, at=self.at)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
            return mark_not_done(_redirect_to_driver(self.viewer, row))
        messages.success(request, _("It is kept."))
        return _redirect_to_driver(self.viewer, row)


class LinkRisk(DriverPage):
    """That a driver moves a risk."""

    http_method_names = ["post"]

    @adds_same_contents_once
    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Link it."""
        row = driver_for(self.viewer, ref)
        require(self.viewer, "driver.edit")
        form = LinkForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(row, link=form, status=400)
        try:
            risk = form.cleaned_data["risk"].strip().upper()
            link_driver(
                actor=self.viewer, ref=risk, driver=ref, given=form.fields_for_service(), at=self.at
            )
        except NotFound as missing:
            form.add_error("risk", missing.detail)
            return self.page(row, link=form, status=400)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(row, link=form, status=400)
        messages.success(request, _("%(risk)s is moved by it from now on.") % {"risk": risk})
        return _redirect_to_driver(self.viewer, row)


class EndLink(RegisterView):
    """A driver does not move a risk any more."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, link: uuid.UUID) -> HttpResponse:
        """End it."""
        row = end_link(actor=self.viewer, link=link, at=self.at)
        messages.success(
            request, _("%(risk)s is not moved by it any more.") % {"risk": row.risk.ref}
        )
        return _redirect_to_driver(self.viewer, row.driver)


def _may_edit_drivers(viewer: Viewer) -> bool:
    return viewer.party_id is not None and permits(viewer, "driver.edit")


def _redirect_to_driver(viewer: Viewer, row: Driver) -> HttpResponse:
    keys = {"slug": viewer.register.slug, "ref": row.ref}
    return HttpResponseRedirect(reverse("web:driver", kwargs=keys))


def _quantiles(it: Range) -> Quantiles:
    return Quantiles(it.quantile(0.05), it.quantile(0.5), it.quantile(0.95))


def _quantiles_as_texts(quantiles: Quantiles) -> dict[str, str]:
    return {n: number(round_significant(x)) for n, x in quantiles._asdict().items()}


def _row(row: Driver, beliefs: list[Belief]) -> dict[str, Any]:
    pool = pool_of(beliefs)
    return {
        "d": row,
        "private": row.visibility == Visibility.PARTY,
        "experts": len(beliefs),
        **(_quantiles_as_texts(_quantiles(pool)) if pool else {}),
    }


def _newest_reading(row: Driver) -> dict[str, Any] | None:
    """Where the driver stands by its indicator."""
    it = row.indicator
    if it is None:
        return None
    value = "" if it.latest_value is None else f"{number(it.latest_value)} {row.unit}"
    label = label_of_newest_reading(it) if value else ""
    return {"indicator": it, "value": value, "at": it.latest_at, "label": label}


def _form_field_of(name: str) -> str:
    """The field of the form that shows what is wrong with ``name`` of a belief."""
    for table, form in (("steps.", "step_"), ("sources.", "source_")):
        if name.startswith(table):
            return form + name.rpartition(".")[2]
    return name

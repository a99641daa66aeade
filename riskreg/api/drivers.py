"""Drivers, what is believed of them, and their links to risks."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.analysis.fields import BELIEF, DRIVER, LINK
from riskreg.analysis.models import Belief, Driver, DriverLink
from riskreg.analysis.policy.estimates import round_significant
from riskreg.analysis.queries.drivers import (
    beliefs_of,
    driver_for,
    drivers_for,
    links_in_force_of_risk,
    newest_beliefs_in_force_by_driver,
    pool_of,
)
from riskreg.analysis.services import (
    add_driver,
    end_belief,
    end_link,
    link_driver,
    record_belief,
    set_indicator_of_driver,
)
from riskreg.api import shapes_drivers as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, newest_first, page_response
from riskreg.api.core.table import row_to_json
from riskreg.kernel import keyset
from riskreg.kernel.errors import Invalid
from riskreg.register.visibility import Visibility
from riskreg.risks.queries.access import risk_for

_DRIVER = tuple(field.name for field in DRIVER.settable)
_BELIEF = tuple(field.name for field in BELIEF.settable)
_LINK = tuple(field.name for field in LINK.settable)
_BY_REF = keyset.Order("ref", tie="id")


class DriverApi(RegisterApi):
    """A view about drivers."""

    def as_json(self, rows: list[Driver]) -> list[dict[str, Any]]:
        """Drivers with what all experts together believe, to three digits."""
        newest = newest_beliefs_in_force_by_driver(beliefs_of(self.viewer, rows))
        found = []
        for row in rows:
            pool = pool_of(newest.get(row.pk, []))
            levels = (("p5", 0.05), ("p50", 0.5), ("p95", 0.95))
            shown = pool and {name: round_significant(pool.quantile(q)) for name, q in levels}
            url = f"{self.register_url}drivers/{row.ref}/"
            measured = row.indicator and row.indicator.ref
            found.append(
                row_to_json(DRIVER, row, self.viewer, url=url, pool=shown, indicator=measured)
            )
        return found


class Drivers(DriverApi):
    """GET lists the drivers that the caller may know of; POST names one."""

    @schema.listed("List drivers", shapes.Driver)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """By ref."""
        self.refuse_unknown_params(*PARAMS)
        rows = drivers_for(self.viewer)
        listing = Listing(
            queryset=rows, order=_BY_REF, place=lambda row: (row.ref, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )  # fmt: skip
        return page_response(self, self.viewer.audience.key, listing, self.as_json)

    @schema.made("Add a driver", shapes.DriverNew, shapes.Driver)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """An uncertain quantity that several risks share. It is not changed afterwards."""

        def act() -> Answer:
            given = body_of(request, "visibility", *_DRIVER)
            visibility = given.pop("visibility", Visibility.SHARED)
            row = add_driver(actor=self.viewer, given=given, visibility=visibility, at=self.at)
            body = self.as_json([driver_for(self.viewer, row.ref)])[0]
            return Answer.of(body, 201, Location=body["url"])

        return self.write(act)


class DriverDetail(DriverApi):
    """One driver, by its ref."""

    @schema.detailed("Read a driver", shapes.Driver)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The driver, with what is believed of it now."""
        self.refuse_unknown_params()
        return self.detail(self.as_json([driver_for(self.viewer, ref)])[0])


class Beliefs(RegisterApi):
    """GET lists what is believed of a driver, newest first; POST says what the caller believes."""

    @schema.listed("List the beliefs of a driver", shapes.Belief)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those of everybody and those of the caller's party, older ones too."""
        self.refuse_unknown_params(*PARAMS)
        rows = beliefs_of(self.viewer, [driver_for(self.viewer, ref)])
        listing = newest_first(rows)
        return page_response(
            self, self.viewer.audience.key, listing,
            lambda found: [row_to_json(BELIEF, row, self.viewer) for row in found],
        )  # fmt: skip

    @schema.described(
        "Say what one believes of a driver",
        shapes.Belief,
        [schema.KEY],
        request=shapes.BeliefNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """A newer one takes the place of the caller's last."""

        def act() -> Answer:
            given = body_of(request, "visibility", *_BELIEF)
            visibility = given.pop("visibility", Visibility.SHARED)
            row: Belief = record_belief(
                actor=self.viewer, ref=ref, given=given, visibility=visibility, at=self.at
            )
            return Answer.of(row_to_json(BELIEF, row, self.viewer), 201)

        return self.write(act)


class BeliefEnd(RegisterApi):
    """POST withdraws a belief."""

    @schema.described("Withdraw a belief", shapes.Belief, [schema.KEY], problems=schema.WRITE)
    def post(self, request: Request, slug: str, belief: uuid.UUID) -> HttpResponse:
        """Nothing reckons with it any more. Doing it twice is no error."""

        def act() -> Answer:
            require_empty_body(request)
            row = end_belief(actor=self.viewer, belief=belief, at=self.at)
            return Answer.of(row_to_json(BELIEF, row, self.viewer))

        return self.write(act)


class DriverFeed(DriverApi):
    """POST says which indicator measures a driver."""

    @schema.described(
        "Say what measures a driver",
        shapes.Driver,
        [schema.KEY],
        request=shapes.DriverFeed,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """A reading outside P5 … P95 of a belief then asks its expert for a look. Null: none."""

        def act() -> Answer:
            given = body_of(request, "indicator")
            indicator = given.get("indicator", "")
            if not (indicator is None or (isinstance(indicator, str) and indicator)):
                raise Invalid.one("indicator", "unknown", _("There is no such indicator."))
            set_indicator_of_driver(actor=self.viewer, ref=ref, indicator=indicator, at=self.at)
            return Answer.of(self.as_json([driver_for(self.viewer, ref)])[0])

        return self.write(act)


class LinkApi(RegisterApi):
    """A view about links."""

    def as_json(self, row: DriverLink, ref: str) -> dict[str, Any]:
        """A link of the risk ``ref``."""
        return row_to_json(LINK, row, self.viewer, risk=ref, driver=row.driver.ref)


class RiskLinks(LinkApi):
    """GET lists the drivers that move a risk; POST links one."""

    @schema.listed("List the drivers of a risk", shapes.Driverlink)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Links in force, oldest first."""
        self.refuse_unknown_params(*PARAMS)
        risk = risk_for(self.viewer, ref)
        rows = links_in_force_of_risk(self.viewer, risk)
        listing = Listing(
            queryset=rows,
            order=keyset.Order("at", tie="id"),
            place=lambda row: (row.at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self, self.viewer.audience.key, listing,
            lambda found: [self.as_json(row, risk.ref) for row in found],
        )  # fmt: skip

    @schema.described(
        "Link a driver to a risk",
        shapes.Driverlink,
        [schema.KEY],
        request=shapes.DriverlinkNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """What an estimate of the risk includes already is refused, with both sentences."""

        def act() -> Answer:
            given = body_of(request, "driver", *_LINK)
            driver = given.pop("driver", "")
            if not isinstance(driver, str) or not driver:
                raise Invalid.one("driver", "required", _("Name the driver by its ref."))
            row = link_driver(actor=self.viewer, ref=ref, driver=driver, given=given, at=self.at)
            return Answer.of(self.as_json(row, row.risk.ref), 201)

        return self.write(act)


class LinkEnd(LinkApi):
    """POST ends a link."""

    @schema.described("End a link", shapes.Driverlink, [schema.KEY], problems=schema.WRITE)
    def post(self, request: Request, slug: str, link: uuid.UUID) -> HttpResponse:
        """The driver does not move the risk any more. Ending it twice is no error."""

        def act() -> Answer:
            require_empty_body(request)
            row = end_link(actor=self.viewer, link=link, at=self.at)
            return Answer.of(self.as_json(row, row.risk.ref))

        return self.write(act)

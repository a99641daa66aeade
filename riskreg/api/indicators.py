"""Indicators: measured series with limits, and their readings."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import shapes_indicators as shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import (
    column_value,
    parse_moment,
    parse_row_order,
    parse_switch,
    with_errors_in_query,
)
from riskreg.api.core.table import plain_number, row_to_json
from riskreg.api.core.values import person, time
from riskreg.indicators import filters, services
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator, Origin, Reading
from riskreg.indicators.policy import is_late
from riskreg.indicators.queries.access import (
    indicator_for,
    indicators_for,
    readings_of,
    visible_indicators,
)
from riskreg.kernel import clock, keyset
from riskreg.kernel.days import parse_iso_day
from riskreg.kernel.errors import Errors
from riskreg.register.filtering import RowFilter
from riskreg.register.visibility import Visibility

READING_FILTERS = ("since", "until", "corrected")
_BY_AGE = keyset.Order("id", tie="id")
_NEWEST_FIRST = keyset.Order("at", tie="id", descending=True, tie_descending=True)


class IndicatorApi(RegisterApi):
    """A view about indicators."""

    def to_json(self, row: Indicator) -> dict[str, Any]:
        """An indicator as JSON; of the risks it watches, those that the caller may know of."""
        dormant = row.dormant and row.objective is None  # type: ignore[attr-defined]
        asked, latest = row.active and not dormant, None
        if row.latest_at is not None and row.latest_value is not None:
            latest = {"at": time(row.latest_at), "value": plain_number(row.latest_value)}
        return row_to_json(
            INDICATOR,
            row,
            self.viewer,
            url=f"{self.register_url}indicators/{row.ref}/",
            name=row.name,
            status=row.status or None,
            latest=latest,
            late=is_late(asked, row.next_reading_on, self.viewer.today(self.at)),
        )

    def answer(self, indicator: Indicator, status: int = 200) -> Answer:
        """``indicator`` as it is now, with its ETag, and its address where it is new."""
        body = self.to_json(indicators_for(self.viewer).get(pk=indicator.pk))
        answer = Answer.of(body, status, ETag=etag(body["version"], body))
        if status == 201:
            return Answer(answer.text, status, {**answer.headers, "Location": body["url"]})
        return answer


class Indicators(IndicatorApi):
    """GET lists the indicators that the caller may know of, POST sets one up."""

    @schema.listed("List indicators", shapes.Indicator, row_parameters.INDICATOR_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first."""
        self.refuse_unknown_params(*filters.NAMES, "ordering", *PARAMS)
        params = request.query_params
        chosen: RowFilter = with_errors_in_query(
            lambda: filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), filters.ORDERINGS, _BY_AGE)
        listing = Listing(
            queryset=indicators_for(self.viewer).filter(chosen.condition),
            order=order,
            place=lambda row: (column_value(row, order), str(row.uuid)),
            tie=finder_by_uuid(visible_indicators(self.viewer)),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [self.to_json(row) for row in found],
        )

    @schema.made("Set up an indicator", shapes.IndicatorNew, shapes.Indicator)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """An indicator of the caller's party."""

        def act() -> Answer:
            fields = _fields_for_service(body_of(request))
            visibility = fields.pop("visibility", Visibility.SHARED)
            made = services.create_indicator(
                actor=self.viewer, fields=fields, visibility=visibility, at=self.at
            )
            return self.answer(made, 201)

        return self.write(act)


class IndicatorDetail(IndicatorApi):
    """One indicator, by its ref."""

    @schema.detailed("Read an indicator", shapes.Indicator)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The indicator and how it stands now. If-Match goes by what is set up, not by readings."""
        self.refuse_unknown_params()
        found = indicator_for(self.viewer, ref)
        row = indicators_for(self.viewer).get(pk=found.pk)
        return self.detail(self.to_json(row), row.version)

    @schema.changed("Change an indicator", shapes.IndicatorChange, shapes.Indicator)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Changes what is named; other limits are held against the readings at once."""

        def act() -> Answer:
            changed = services.edit_indicator(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                fields=_fields_for_service(body_of(request)),
                at=self.at,
            )
            return self.answer(changed)

        return self.write(act)


class Readings(RegisterApi):
    """GET lists readings, newest first; POST records up to 10,000, all or none."""

    takes_readings = True

    @schema.listed("List readings", shapes.Reading, schema.READING_FILTERS)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those that count; with ``corrected=true`` also those that another one corrects."""
        self.refuse_unknown_params(*READING_FILTERS, *PARAMS)
        indicator = indicator_for(self.viewer, ref)
        params, errors = request.query_params, Errors()
        corrected = parse_switch(errors, "corrected", params.get("corrected"))
        rows = readings_of(
            self.viewer, indicator, include_corrected=bool(corrected)
        ).select_related("recorded_by", "corrects", "correction")
        for name, lookup in (("since", "at__gte"), ("until", "at__lt")):
            if (text := params.get(name)) is not None:
                moment = _parse_day_or_moment(text, self.viewer.register.time_zone)
                if moment is None:
                    errors.add(
                        name, "not_a_time", _("This must be a day or a time with its offset.")
                    )
                rows = rows.filter(**{lookup: moment}) if moment else rows
        with_errors_in_query(errors.raise_if_any)
        listing = Listing(
            queryset=rows,
            order=_NEWEST_FIRST,
            place=lambda row: (row.at, str(row.uuid)),
            tie=finder_by_uuid(readings_of(self.viewer, indicator, include_corrected=True)),
        )
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [_reading_to_json(row) for row in found],
        )

    @schema.noted("Record readings", shapes.ReadingsNew, shapes.ReadingsDone)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The same value at the same time again changes nothing, so a repeat is safe."""

        def act() -> Answer:
            indicator_for(self.viewer, ref)
            body = body_of(request, "readings")
            done = services.record_readings(
                actor=self.viewer,
                ref=ref,
                rows=body.get("readings"),
                origin=Origin.API,
                at=self.at,
            )
            values = {
                "recorded": len(done.readings),
                "corrected": done.corrected,
                "unchanged": done.unchanged,
                "status": done.indicator.status or None,
                "status_before": done.before or None,
                "called": [breach.risk.ref for breach in done.breaches],
            }
            return Answer.of(values, 201 if done.readings else 200)

        return self.write(act)


def _reading_to_json(row: Reading) -> dict[str, Any]:
    return {
        "id": str(row.uuid),
        "at": time(row.at),
        "value": plain_number(row.value),
        "precision": row.precision,
        "label": row.label,
        "source": row.source,
        "origin": row.origin,
        "recorded_by": person(row.recorded_by),
        "recorded_at": time(row.created_at),
        "corrects": str(row.corrects.uuid) if row.corrects else None,
        "counts": not hasattr(row, "correction"),
    }


def _parse_day_or_moment(text: str, zone: str) -> dt.datetime | None:
    try:
        if len(text) <= 10:
            return clock.start_of_day(parse_iso_day(text), zone)
    except (ValueError, OverflowError):
        return None
    return parse_moment(text)


def _fields_for_service(body: dict[str, Any]) -> dict[str, Any]:
    return {k: id_or_email_of_person(v) if k == "owner" else v for k, v in body.items()}

"""What of a register goes out as rows: each noun with its table, its rows as their reader may see
them, and how a row becomes JSON."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from riskreg.analysis.fields import BELIEF, DRIVER, ESTIMATE, LINK, MODEL
from riskreg.analysis.models import Belief, Estimate
from riskreg.analysis.queries.drivers import beliefs_of, drivers_for, links_in_force_for
from riskreg.analysis.queries.estimates import estimates_not_withheld
from riskreg.analysis.queries.objectives import models_for
from riskreg.decisions.fields import ACCEPTANCE, DECISION
from riskreg.decisions.models import Acceptance, Decision
from riskreg.decisions.queries.acceptances import (
    acceptances_with_shown_fields_for,
    stale_because,
    status_of,
)
from riskreg.decisions.queries.as_json import argument_to_json, decision_parts_to_json
from riskreg.decisions.queries.decisions import decisions_with_shown_fields_for
from riskreg.exchange.fields import MEETING, READING
from riskreg.indicators import filters as indicator_filters
from riskreg.indicators.fields import INDICATOR
from riskreg.indicators.models import Indicator, Reading
from riskreg.indicators.queries.access import indicators_for, visible_indicators
from riskreg.kernel.fields import Field, Table, Text
from riskreg.register import objective_filters
from riskreg.register.access import Viewer
from riskreg.register.fields import OBJECTIVE
from riskreg.register.filtering import NounFilters
from riskreg.register.queries import objectives_for
from riskreg.register.row_json import day, person, row_to_json_without_computed, time, to_json
from riskreg.reviews.models import Meeting, MeetingItem
from riskreg.reviews.queries.meetings import meetings_for
from riskreg.risks import control_filters, mitigation_filters
from riskreg.risks.fields import CONTROL, MITIGATION, RELATION, RISK
from riskreg.risks.models import Position, Risk, Stage
from riskreg.risks.queries.access import current_positions, visible_risks
from riskreg.risks.queries.links import links_by_risk
from riskreg.risks.queries.lists import controls_for, mitigations_for
from riskreg.risks.queries.relations import relations_for

PIECE = 500
Body = dict[str, Any]


@dataclass(frozen=True)
class Noun:
    """``rows`` are all that the viewer may know of, in the order of their list; ``to_json`` makes a
    piece of them JSON. ``filters``: by what they can be narrowed, as their list is."""

    name: str
    title: Text
    table: Table
    rows: Callable[[Viewer, dt.datetime], QuerySet[Any]]
    to_json: Callable[[Viewer, Sequence[Any], dt.datetime], Iterable[Body]]
    filters: NounFilters | None = None


def bodies_in_pieces(
    noun: Noun, viewer: Viewer, rows: QuerySet[Any], at: dt.datetime
) -> Iterator[Body]:
    """``rows`` as JSON, read in pieces, so that memory does not grow with them."""
    found = rows.iterator(chunk_size=PIECE)
    while piece := list(islice(found, PIECE)):
        yield from noun.to_json(viewer, piece, at)


def _body_builder_for(
    table: Table, more: Callable[[Viewer, Any], Mapping[str, Any]] | None = None
) -> Callable[[Viewer, Sequence[Any], dt.datetime], Iterator[Body]]:
    def to_bodies(viewer: Viewer, rows: Sequence[Any], _at: dt.datetime) -> Iterator[Body]:
        for row in rows:
            known = more(viewer, row) if more else {}
            further = {name: value for name, value in known.items() if name not in table}
            yield further | row_to_json_without_computed(table, row, viewer, **known)

    return to_bodies


# Risks -------------------------------------------------------------------------------------------
def _current_positions(viewer: Viewer, _at: dt.datetime) -> QuerySet[Position]:
    people = ("risk__register", "risk__party", "owner", "risk__deputy", "party")
    return current_positions(viewer).select_related(*people).order_by("ref_order")


def _risks_to_json(
    viewer: Viewer, positions: Sequence[Position], _at: dt.datetime
) -> Iterator[Body]:
    ids = [position.risk_id for position in positions]
    filed = links_by_risk(viewer, ids)
    for position in positions:
        links = {
            "terms": filed.terms.get(position.risk_id, {}),
            "objectives": filed.objectives.get(position.risk_id, []),
            "scores": {stage: position.cell(stage) for stage in Stage.values},
            "owner": person(position.owner),
        }
        yield row_to_json_without_computed(RISK, position.risk, viewer, **links)


# Others ------------------------------------------------------------------------------------------
def _readings_without_corrected(viewer: Viewer, _at: dt.datetime) -> QuerySet[Reading]:
    return uncorrected_readings_of(visible_indicators(viewer))


def uncorrected_readings_of(indicators: QuerySet[Indicator]) -> QuerySet[Reading]:
    """The readings of ``indicators``, which were asked for with their reader, that count."""
    rows = Reading.objects.filter(indicator__in=indicators.order_by().values("pk"), correction=None)
    return rows.select_related("indicator", "recorded_by", "corrects").order_by(
        "indicator__ref", "-at", "-pk"
    )


def _readings_to_json(_viewer: Viewer, rows: Sequence[Reading], _at: dt.datetime) -> Iterator[Body]:
    for row in rows:
        others = {
            "indicator": row.indicator.ref,
            "recorded_by": person(row.recorded_by),
            "recorded_at": time(row.created_at),
            "corrects": str(row.corrects.uuid) if row.corrects else None,
            "id": str(row.uuid),
        }
        yield to_json(READING, partial(_value_as_stored, row), others)


def _value_as_stored(row: Reading, field: Field) -> Any:
    return getattr(row, field.name)


def _meetings_with_agenda(viewer: Viewer, _at: dt.datetime) -> QuerySet[Meeting]:
    items = MeetingItem.objects.filter(risk__in=visible_risks(viewer)).select_related(
        "risk", "recorded_by"
    )
    agenda = Prefetch("items", queryset=items.order_by("number"), to_attr="agenda")
    return meetings_for(viewer).prefetch_related(agenda)


def _agenda_to_json(_viewer: Viewer, row: Any) -> Mapping[str, Any]:
    return {
        "items": row.count,
        "done": row.done,
        "agenda": [
            {
                "number": item.number,
                "risk": item.risk.ref,
                "outcome": item.outcome,
                "note": item.note,
                "before": item.before,
                "after": item.after,
                "recorded_by": person(item.recorded_by),
                "recorded_at": time(item.recorded_at),
            }
            for item in row.agenda
        ],
    }


def _all_acceptances_newest_first(viewer: Viewer, at: dt.datetime) -> QuerySet[Acceptance]:
    return acceptances_with_shown_fields_for(viewer, viewer.today(at)).order_by("-at", "-pk")


def _acceptances_to_json(
    viewer: Viewer, rows: Sequence[Acceptance], at: dt.datetime
) -> Iterator[Body]:
    today = viewer.today(at)
    for row in rows:
        yield row_to_json_without_computed(
            ACCEPTANCE,
            row,
            viewer,
            risk=row.risk.ref,
            status=status_of(viewer, row, today).value,
            stale=[each.value for each in stale_because(viewer, row)],
            criteria_number=row.criteria.number,
            extension_of=row.extension_of.ref if row.extension_of else None,
            translations=row.translations or {},
            conditions=[
                {
                    "text": one.localized("text"),
                    "owner": person(one.owner),
                    "due_on": day(one.due_on),
                    "state": one.state,
                    "words": one.words,
                }
                for one in row.conditions  # type: ignore[attr-defined]
            ],
        )


def _all_decisions_newest_first(viewer: Viewer, at: dt.datetime) -> QuerySet[Decision]:
    return decisions_with_shown_fields_for(viewer, viewer.today(at)).order_by("-created_at", "-pk")


def _decisions_to_json(viewer: Viewer, rows: Sequence[Any], _at: dt.datetime) -> Iterator[Body]:
    for row in rows:
        body = row_to_json_without_computed(
            DECISION, row, viewer, **decision_parts_to_json(viewer, row)
        )
        yield body | {"arguments": [argument_to_json(one) for one in row.argued]}


def _estimates_not_withheld_by_risk(viewer: Viewer, _at: dt.datetime) -> QuerySet[Estimate]:
    rows = estimates_not_withheld(viewer).filter(risk__in=visible_risks(viewer))
    return rows.select_related("risk", "expert", "party").order_by("risk__ref", "-at", "-id")


def _all_beliefs_by_driver(viewer: Viewer, _at: dt.datetime) -> QuerySet[Belief]:
    return beliefs_of(viewer, drivers_for(viewer).order_by()).order_by("driver__ref", "-at", "-id")


NOUNS: dict[str, Noun] = {
    noun.name: noun
    for noun in (
        Noun("risks", _("Risks"), RISK, _current_positions, _risks_to_json),
        Noun(
            "mitigations", _("Mitigations"), MITIGATION, lambda v, _at: mitigations_for(v),
            _body_builder_for(MITIGATION), mitigation_filters,
        ),
        Noun(
            "controls", _("Controls"), CONTROL, lambda v, _at: controls_for(v),
            _body_builder_for(CONTROL), control_filters,
        ),
        Noun(
            "indicators", _("Indicators"), INDICATOR, lambda v, _at: indicators_for(v),
            _body_builder_for(INDICATOR), indicator_filters,
        ),
        Noun("readings", _("Readings"), READING, _readings_without_corrected, _readings_to_json),
        Noun(
            "objectives", _("Objectives"), OBJECTIVE,
            lambda v, _at: objectives_for(v).select_related("party").order_by("due_on", "id"),
            _body_builder_for(OBJECTIVE), objective_filters,
        ),
        Noun(
            "models", _("Models of objectives"), MODEL,
            lambda v, _at: models_for(v).order_by("objective__key", "-at", "-id"),
            _body_builder_for(MODEL, lambda _v, row: {"translations": row.translations or {}}),
        ),
        Noun(
            "meetings", _("Review meetings"), MEETING, _meetings_with_agenda,
            _body_builder_for(MEETING, _agenda_to_json),
        ),
        Noun(
            "acceptances", _("Acceptances"), ACCEPTANCE, _all_acceptances_newest_first,
            _acceptances_to_json,
        ),
        Noun(
            "decisions", _("Decisions"), DECISION, _all_decisions_newest_first,
            _decisions_to_json,
        ),
        Noun(
            "drivers", _("Drivers"), DRIVER, lambda v, _at: drivers_for(v),
            _body_builder_for(DRIVER, lambda _v, row: {
                "indicator": row.indicator and row.indicator.ref,
            }),
        ),
        Noun(
            "beliefs", _("Beliefs"), BELIEF, _all_beliefs_by_driver,
            _body_builder_for(BELIEF, lambda _v, row: {"driver": row.driver.ref}),
        ),
        Noun(
            "links", _("Links to risks"), LINK, lambda v, _at: links_in_force_for(v),
            _body_builder_for(LINK, lambda _v, row: {
                "risk": row.risk.ref, "driver": row.driver.ref,
            }),
        ),
        Noun(
            "estimates", _("Estimates"), ESTIMATE, _estimates_not_withheld_by_risk,
            _body_builder_for(ESTIMATE, lambda _v, row: {
                "risk": row.risk.ref, "translations": row.translations or {},
            }),
        ),
        Noun(
            "relations", _("Relations"), RELATION,
            lambda v, _at: relations_for(v).order_by("created_at", "id"),
            _body_builder_for(RELATION, lambda _v, row: {
                "risk": row.risk.ref, "other": row.other.ref, "active": row.ended_at is None,
            }),
        ),
    )
}  # fmt: skip


def narrow_to_risk(noun: str, rows: QuerySet[Any], risk: Risk) -> QuerySet[Any]:
    """Those of the rows of ``noun`` that hang on ``risk``."""
    many = {"mitigations": "risks", "controls": "risks", "indicators": "risks"}
    return rows.filter(**{many.get(noun, "risk"): risk})

"""Sections of a pack that ask for something: acceptances, decisions, targets, money, breaches."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.analysis.amounts import chance_band_text, chance_text
from riskreg.analysis.queries.chances import Chance, newest_chances
from riskreg.decisions.queries.acceptances import unaccepted_threats_above_appetite
from riskreg.decisions.queries.past import (
    acceptances_running_on,
    decisions_taken_between,
    decisions_waiting_at,
    unaccepted_threats_among,
)
from riskreg.exchange.queries.packs.scope import (
    LISTED,
    PackScope,
    day_text,
    note_where_cut,
    person_text,
    rating_text,
)
from riskreg.indicators.models import Status
from riskreg.indicators.queries.breaches import breaches_unreviewed_at, unreviewed_breaches
from riskreg.indicators.queries.objectives import last_reading_before_by_objective
from riskreg.kernel import clock
from riskreg.kernel.localised import number
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.labels import Label
from riskreg.register.queries import objectives_for
from riskreg.register.units import with_unit
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import MitigationStatus
from riskreg.risks.queries.heatmap_positions import is_left_out_on_day, open_positions_on
from riskreg.risks.queries.lists import mitigations_for

Section = dict[str, Any]


def above_appetite(scope: PackScope) -> list[Section]:
    """What stands above appetite without a valid acceptance, and what was accepted."""
    viewer, day = scope.viewer, scope.as_of
    if scope.is_past:
        positions = open_positions_on(viewer, day, scope.today)
        found = unaccepted_threats_among(
            viewer, positions, scope.heatmap_on_as_of.criteria, day, scope.after_as_of
        )
    else:
        found = unaccepted_threats_above_appetite(viewer, day)
    total = found.count()
    # As on the map, parts stand behind what they are part of; each is accepted by itself.
    parts = found.filter(is_left_out_on_day(viewer, day, scope.today, RiskFilter())).count()
    counted = _("Not accepted: %(n)d") % {"n": total - parts}
    if parts:
        counted += in_brackets(_("and parts of others: %(n)d") % {"n": parts})
    rows = [
        [
            row.ref,
            row.risk.localized("title"),
            rating_text(scope.matrix, row.cell("residual")),
            person_text(row.owner),
        ]
        for row in found.select_related("risk", "owner")[:LISTED]
    ]
    granted = acceptances_running_on(viewer, day, scope.after_as_of)
    accepted_total = granted.count()
    accepted = [
        [
            row.ref,
            f"{row.risk.ref} {row.risk.localized('title')}",
            day_text(row.expires_on),
            person_text(row.granted_by),
        ]
        for row in granted.select_related("risk", "granted_by")[:LISTED]
    ]
    return [
        {
            "key": "above",
            "title": _("Above appetite"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": counted,
                    "head": [_("Risk"), _("Title"), _("Rating"), _("Owner")],
                    "widths": [1.4, 5, 2, 3],
                    "rows": rows,
                },
                *note_where_cut(len(rows), total),
                {
                    "kind": "table",
                    "caption": _("Accepted, and still running: %(n)d") % {"n": accepted_total},
                    "head": [_("Ref"), _("Risk"), _("Until"), _("Accepted by")],
                    "widths": [1.4, 5, 2, 3],
                    "rows": accepted,
                },
                *note_where_cut(len(accepted), accepted_total),
            ],
        }
    ]


def decisions(scope: PackScope) -> list[Section]:
    """What was decided in between, and what waits for an answer."""
    taken = decisions_taken_between(scope.viewer, scope.after_since, scope.after_as_of)
    waiting = decisions_waiting_at(scope.viewer, scope.after_as_of)
    taken_total, waiting_total = taken.count(), waiting.count()
    done = [
        [row.ref, row.localized("title"), day_text(_local_day(scope, row.decided_at)),
         person_text(row.ruled_by)]
        for row in taken.select_related("ruled_by")[:LISTED]
    ]  # fmt: skip
    due = [
        [row.ref, row.localized("title"), day_text(row.due_on), person_text(row.requested_by)]
        for row in waiting.select_related("requested_by")[:LISTED]
    ]
    return [
        {
            "key": "decisions",
            "title": _("Decisions"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": _("Taken since %(day)s: %(n)d")
                    % {"day": day_text(scope.since), "n": taken_total},
                    "head": [_("Ref"), _("Question"), _("Decided on"), _("Decided by")],
                    "widths": [1.4, 5, 2, 3],
                    "rows": done,
                },
                *note_where_cut(len(done), taken_total),
                {
                    "kind": "table",
                    "caption": _("Waiting for an answer: %(n)d") % {"n": waiting_total},
                    "head": [_("Ref"), _("Question"), _("Due on"), _("Asked by")],
                    "widths": [1.4, 5, 2, 3],
                    "rows": due,
                },
                *note_where_cut(len(due), waiting_total),
            ],
        }
    ]


def _local_day(scope: PackScope, moment: dt.datetime | None) -> dt.date | None:
    return clock.local_date(moment, scope.viewer.register.time_zone) if moment else None


def objectives(scope: PackScope) -> list[Section]:
    """The targets that are still to be reached, with the last reading of each by then."""
    found = objectives_for(scope.viewer).filter(
        due_on__gte=scope.as_of
    ).order_by("due_on", "key")  # fmt: skip
    total = found.count()
    rows = list(found[:LISTED])
    readings = last_reading_before_by_objective(
        scope.viewer, [row.pk for row in rows], scope.after_as_of
    )
    chances = newest_chances(scope.viewer, rows, scope.after_as_of)
    lines = []
    for row in rows:
        read, chance = readings.get(row.pk), chances.get(row.pk)
        label = str(Label(chance.found["label"]).label) if chance else ""
        lines.append(
            [
                row.name,
                _amount_text(row.value, row.unit),
                day_text(row.due_on),
                _amount_text(read.value, read.unit) if read else _("not measured"),
                day_text(_local_day(scope, read.at)) if read else "",
                _chance_text(chance) if chance else _("no simulation tells it"),
                f"{label} · {day_text(_local_day(scope, chance.run.at))}" if chance else "",
            ]
        )
    return [
        {
            "key": "objectives",
            "title": _("Objectives"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": _("Still to be reached: %(n)d") % {"n": total},
                    "head": [
                        _("Objective"),
                        _("Target"),
                        _("Due on"),
                        _("Last reading"),
                        _("Read on"),
                        _("Chance of meeting it"),
                        _("By the simulation of"),
                    ],
                    "widths": [4, 2.6, 2, 2.6, 2, 3, 2.8],
                    "rows": lines,
                },
                *note_where_cut(len(lines), total),
                {
                    "kind": "note",
                    "text": _(
                        "The chance is as things stand, by the newest simulation of that day or "
                        "before; behind it the band that sampling leaves open (95 %)."
                    ),
                },
            ],
        }
    ]


def _chance_text(found: Chance) -> str:
    chance = found.found["sides"]["before"]["chance"]
    return chance_text(chance[0]) + in_brackets(chance_band_text(chance))


def _amount_text(value: Any, unit: str) -> str:
    return with_unit(number(value), unit)


def spending(scope: PackScope) -> list[Section]:
    """What mitigations cost, by how far they are."""
    viewer = scope.viewer
    works = mitigations_for(viewer).prefetch_related(None)
    counted = {
        status: (n, priced, cost)
        for status, n, priced, cost in works.order_by()
        .values_list("status")
        .annotate(n=Count("pk"), priced=Count("cost"), total=Sum("cost"))
    }
    rows, planned = [], Decimal(0)
    for status in MitigationStatus:
        n, priced, cost = counted.get(status.value, (0, 0, None))
        if status != MitigationStatus.CANCELLED:
            planned += cost or 0
        rows.append([str(capfirst(status.label)), str(n), str(n - priced), number(cost or 0)])
    unpriced = works.exclude(status=MitigationStatus.CANCELLED).filter(cost=None).count()
    note = _("In %(currency)s. Without what is cancelled: %(cost)s; of %(n)d no cost is known. "
             "Work is shown as it is recorded when the pack is made.")  # fmt: skip
    values = {"currency": viewer.register.currency, "cost": number(planned), "n": unpriced}
    return [
        {
            "key": "spending",
            "title": _("What mitigations cost"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": _("By state"),
                    "head": [_("State"), _("Mitigations"), _("Of these without a cost"), _("Cost")],
                    "widths": [4, 2, 2, 3],
                    "numbers": [1, 2, 3],
                    "rows": rows,
                },
                {"kind": "note", "text": note % values},
            ],
        }
    ]


def breaches(scope: PackScope) -> list[Section]:
    """Indicators that call for a review that nobody has recorded by then."""
    if scope.is_past:
        found = breaches_unreviewed_at(scope.viewer, scope.after_as_of)
    else:
        found = unreviewed_breaches(scope.viewer)
    total = found.count()
    rows = [
        [
            f"{row.indicator.ref} {row.indicator.name}",
            str(capfirst(Status(row.status).label)),
            _amount_text(row.reading.value, row.indicator.unit),
            f"{row.risk.ref} {row.risk.localized('title')}",
        ]
        for row in found[:LISTED]
    ]
    return [
        {
            "key": "breaches",
            "title": _("Indicators in breach"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": _("Waiting for a review: %(n)d") % {"n": total},
                    "head": [_("Indicator"), _("Status"), _("Value"), _("Risk")],
                    "widths": [4, 2, 3, 4],
                    "rows": rows,
                },
                *note_where_cut(len(rows), total),
            ],
        }
    ]

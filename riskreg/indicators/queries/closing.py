"""What serves one risk alone, and would be left without any when it is closed."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from riskreg.accounts.models import User
from riskreg.indicators.models import Indicator
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.risks.models import Mitigation, Risk
from riskreg.risks.queries.serving import (
    running_mitigations_serving_no_other_open_risk,
    serving_no_other_open_risk,
)

# Of each kind; more than anybody goes through on one page.
MOST = 100


@dataclass(frozen=True)
class Dependent:
    """A mitigation or an indicator that serves, or served, one risk and nothing else.

    ``due_on``: when the work, or the next reading, is due. ``may_end``: whether the viewer may end
    it, or bring it back.
    """

    kind: str
    ref: str
    title: str
    status: str
    due_on: dt.date
    owner: User
    private: bool
    may_end: bool


@dataclass(frozen=True)
class Dependents:
    """``rows``: of each kind the first ``MOST``, work first. ``total``: how many there are."""

    rows: list[Dependent]
    total: int


def active_indicators_serving_no_other_open_risk(viewer: Viewer, risk: Risk) -> QuerySet[Indicator]:
    """Indicators in use, as far as the viewer may know of them, that watch no open risk but
    ``risk``. One that measures the way to an objective serves that, whatever becomes of the risk.
    """
    rows: QuerySet[Indicator] = Indicator.objects.visible_to(viewer)
    rows = rows.filter(active=True, objective=None).select_related("owner", "party")
    return serving_no_other_open_risk(rows, risk)


def dependents_serving_no_other_open_risk(viewer: Viewer, risk: Risk) -> Dependents:
    """What closing ``risk`` would leave without an open risk."""
    works, read = (
        running_mitigations_serving_no_other_open_risk(viewer, risk),
        active_indicators_serving_no_other_open_risk(viewer, risk),
    )
    return _first_dependents_and_total(viewer, works, read)


def dependents_ended_with(viewer: Viewer, risk: Risk) -> Dependents:
    """What was ended when ``risk`` was closed and has not been brought back since."""
    works = Mitigation.objects.visible_to(viewer).filter(ended_with=risk).order_by("ref")
    read = Indicator.objects.visible_to(viewer).filter(ended_with=risk).order_by("ref")
    return _first_dependents_and_total(
        viewer, works.select_related("owner", "party"), read.select_related("owner", "party")
    )


def _first_dependents_and_total(
    viewer: Viewer, works: QuerySet[Mitigation], indicators: QuerySet[Indicator]
) -> Dependents:
    rows = [
        *_mitigations_as_dependents(viewer, works[:MOST]),
        *_indicators_as_dependents(viewer, indicators[:MOST]),
    ]
    # Nothing was cut, and so nothing is to be counted, where neither kind can have reached MOST.
    total = len(rows) if len(rows) < MOST else works.count() + indicators.count()
    return Dependents(rows, total)


def _mitigations_as_dependents(viewer: Viewer, rows: Iterable[Mitigation]) -> list[Dependent]:
    return [
        Dependent(
            kind="mitigation",
            ref=row.ref,
            title=row.localized("title"),
            status=row.status,
            due_on=row.due_on,
            owner=row.owner,
            private=row.visibility == "party",
            may_end=permits(viewer, "mitigation.edit", row),
        )
        for row in rows
    ]


def _indicators_as_dependents(viewer: Viewer, rows: Iterable[Indicator]) -> list[Dependent]:
    return [
        Dependent(
            kind="indicator",
            ref=row.ref,
            title=row.name,
            status="active" if row.active else "retired",
            due_on=row.next_reading_on,
            owner=row.owner,
            private=row.visibility == "party",
            may_end=permits(viewer, "indicator.edit", row),
        )
        for row in rows
    ]

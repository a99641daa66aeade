"""What lies beside the heatmap: the risks of a cell, the highest ones, why something moved."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria
from riskreg.register.policy import Matrix
from riskreg.register.written import written_once
from riskreg.risks.appetite import is_threat_above_appetite
from riskreg.risks.filters import RiskFilter
from riskreg.risks.models import Assessment, Kind, Position, Risk, State, Translated
from riskreg.risks.parts import WITHIN, is_left_out_as_part_or_whole
from riskreg.risks.queries.access import current_positions, visible_risks
from riskreg.risks.queries.heatmap_positions import (
    is_left_out_on_day,
    narrow_by_today,
    open_positions_on,
    tie_breaker,
)

UNRATED = "unrated"
ABOVE = "above"


def risks_in_cell(
    viewer: Viewer,
    place: tuple[int, int] | str | None,
    *,
    stage: str,
    at: dt.datetime,
    as_of: dt.date,
    criteria: Criteria | None = None,
    chosen: RiskFilter | None = None,
    kind: str = Kind.THREAT.value,
) -> QuerySet[Position]:
    """Open risks of ``kind`` in ``place`` at the end of the day ``as_of``, highest score first; in
    a cell, and among the unrated, by the score of another stage.

    ``place`` is a cell (likelihood, impact), ``UNRATED``, ``ABOVE`` (above the appetite of
    ``criteria``; None: of those in force) or None for every rated one. These are the rows that the
    heatmap's counts count.
    """
    today, chosen = viewer.today(at), chosen or RiskFilter()
    positions = narrow_by_today(
        viewer, open_positions_on(viewer, as_of, today).filter(kind=kind), chosen
    )
    positions = positions.filter(~is_left_out_on_day(viewer, as_of, today, chosen))
    if place == UNRATED:
        positions = positions.filter(**{f"{stage}_score": None})
    elif place == ABOVE:
        positions = positions.filter(
            is_threat_above_appetite(Matrix(criteria or viewer.criteria), stage)
        )
    elif place is None:
        positions = positions.exclude(**{f"{stage}_score": None})
    elif isinstance(place, tuple):
        likelihood, impact = place
        positions = positions.filter(
            **{f"{stage}_likelihood": likelihood, f"{stage}_impact": impact}
        )
    return _in_list_order(positions, stage)


def _in_list_order(positions: QuerySet[Position], stage: str) -> QuerySet[Position]:
    return positions.select_related("risk", "owner", "party").order_by(
        F(f"{stage}_score").desc(nulls_last=True),
        F(tie_breaker(stage)).desc(nulls_last=True),
        "ref_order",
    )


def first_risks_in_cell(
    viewer: Viewer,
    place: tuple[int, int] | str | None,
    most: int,
    *,
    stage: str,
    at: dt.datetime,
    as_of: dt.date,
    criteria: Criteria,
    chosen: RiskFilter,
    kind: str,
) -> list[Position]:
    """The first ``most`` of ``risks_in_cell``."""
    if place is None and chosen.takes_all and as_of >= viewer.today(at):
        return highest_rated_open(viewer, stage=stage, kind=kind, most=most, parts=chosen.parts)
    rows = risks_in_cell(
        viewer,
        place,
        stage=stage,
        at=at,
        as_of=as_of,
        criteria=criteria,
        chosen=chosen,
        kind=kind,
    )
    return list(rows[:most])


@written_once()
def highest_rated_open(
    viewer: Viewer, *, stage: str, kind: str, most: int, parts: str = WITHIN
) -> QuerySet[Position]:
    """The first ``most`` of what ``risks_in_cell`` gives of today for every rated risk; ``parts``:
    how they are counted."""
    current = current_positions(viewer).filter(state=State.OPEN)
    rated = current.filter(kind=kind).exclude(**{f"{stage}_score": None})
    return _in_list_order(
        rated.filter(~is_left_out_as_part_or_whole(viewer, parts, current)), stage
    )[:most]


@dataclass(frozen=True)
class TitleAndReason(Translated):
    """A risk that moved: its title, and the newest rationale given in between, if any."""

    title: str
    rationale: str
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


def titles_and_rationales_between(
    viewer: Viewer, refs: Collection[str], *, stage: str, since: dt.date, until: dt.date
) -> dict[str, TitleAndReason]:
    """What the judges of ``refs`` said about ``stage`` after ``since`` and up to ``until``.

    One query; a risk that is not visible, or is called otherwise by now, is left out.
    """
    zone = viewer.register.time_zone
    ends = [clock.start_of_next_day(day, zone) for day in (since, until)]
    reasons = {}
    for risk in _titles_with_newest_rationale(viewer, list(refs), *ends, stage=stage):
        versions: dict[str, dict[str, str]] = {}
        for name, source in (("title", risk.translations), ("rationale", risk.newest_translations)):
            for language, texts in (source or {}).items():
                if texts.get(name):
                    versions.setdefault(language, {})[name] = texts[name]
        reasons[risk.ref] = TitleAndReason(
            title=risk.title, rationale=risk.newest_rationale or "", translations=versions
        )
    return reasons


@written_once()
def _titles_with_newest_rationale(
    viewer: Viewer, refs: list[str], since: dt.datetime, until: dt.datetime, *, stage: str
) -> QuerySet[Any]:
    assessments = (
        Assessment.objects.visible_to(viewer)
        .filter(
            risk=OuterRef("pk"),
            stage=stage,
            at__gte=since,
            at__lt=until,
        )
        .order_by("-at", "-id")
    )
    rows: QuerySet[Risk] = visible_risks(viewer).filter(ref__in=refs)
    return rows.annotate(
        newest_rationale=Subquery(assessments.values("rationale")[:1]),
        newest_translations=Subquery(assessments.values("translations")[:1]),
    ).only("ref", "title", "translations")

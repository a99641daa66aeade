"""Drivers, beliefs and links as their reader may see them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.analysis.models import Belief, Driver, DriverLink
from riskreg.analysis.ranges import Pool
from riskreg.indicators.models import Indicator
from riskreg.kernel import clock
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.visibility import Reader, Visibility
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import is_valid_ref


def drivers_for(viewer: Reader) -> QuerySet[Driver]:
    """Every driver that the viewer may know of, by ref."""
    rows = Driver.objects.visible_to(viewer).select_related("party", "indicator")
    return rows.order_by("ref")


def driver_for(viewer: Viewer, ref: str) -> Driver:
    """The driver called ``ref``. Raises ``NotFound`` also for another party's own."""
    row = drivers_for(viewer).filter(ref=ref).first() if is_valid_ref(ref) else None
    if row is None:
        raise NotFound(_("There is no such driver."))
    row.register = viewer.register
    return row


def beliefs_of(viewer: Reader, drivers: Collection[Driver] | QuerySet[Driver]) -> QuerySet[Belief]:
    """What is believed of ``drivers``, as far as the viewer may know of it, newest first."""
    rows = Belief.objects.visible_to(viewer).filter(driver__in=drivers)
    people = ("expert", "party", "register", "driver__indicator")
    return rows.select_related(*people).order_by("-at", "-id")


def belief_for(viewer: Viewer, belief: UUID) -> Belief:
    """The belief of that id. Raises ``NotFound`` also for another party's own."""
    rows = Belief.objects.visible_to(viewer).select_related("driver", "party", "expert")
    row = rows.filter(uuid=belief).first()
    if row is None:
        raise NotFound(_("There is no such belief."))
    row.register = row.driver.register = viewer.register
    return row


def newest_beliefs_in_force_by_driver(rows: Iterable[Belief]) -> dict[int, list[Belief]]:
    """By driver: of beliefs in order, newest first, the first in force of each expert."""
    found: dict[tuple[int, int], Belief] = {}
    for row in rows:
        if row.ended_at is not None:
            continue
        found.setdefault((row.driver_id, row.expert_id), row)
    by_driver: dict[int, list[Belief]] = {}
    for row in found.values():
        by_driver.setdefault(row.driver_id, []).append(row)
    return by_driver


def pool_of(beliefs: Collection[Belief]) -> Pool | None:
    """All experts together, each with the same weight; None where nobody has said anything."""
    return Pool.equal([row.range for row in beliefs]) if beliefs else None


@dataclass(frozen=True)
class ReadingPlace:
    """Where a reading lies in a belief: what share of it is below, in per cent, and whether it has
    less than one in twenty beyond."""

    below: int
    outside: bool


def place_of_newer_reading_in_range(row: Belief) -> ReadingPlace | None:
    """Where the newest reading of its driver lies in a belief; None where nothing was read since.

    It is outside where ``duties.sources.beliefs`` asks for a look.
    """
    it = row.driver.indicator
    if it is None or it.latest_value is None or it.latest_at is None:
        return None
    if clock.local_date(it.latest_at, row.register.time_zone) <= row.as_of:
        return None
    below = round(100 * row.range.cdf(float(it.latest_value)))
    return ReadingPlace(below, not row.p5 <= it.latest_value <= row.p95)


def first_active_indicators_fitting(viewer: Viewer, row: Driver) -> list[Indicator]:
    """The indicators that can measure a driver: in its unit, and seen by all who see it."""
    rows = Indicator.objects.visible_to(viewer).filter(unit=row.unit, active=True)
    if row.visibility == Visibility.SHARED:
        rows = rows.filter(visibility=Visibility.SHARED)
    return list(rows.order_by("ref")[:100])


def links_in_force_for(viewer: Reader) -> QuerySet[DriverLink]:
    """Links in force between what the viewer may know of."""
    rows = DriverLink.objects.visible_to(viewer).filter(ended_at=None)
    return rows.select_related("risk", "driver", "party").order_by("id")


def link_for(viewer: Viewer, link: UUID) -> DriverLink:
    """The link of that id. Raises ``NotFound`` also for another party's own."""
    row = DriverLink.objects.visible_to(viewer).select_related("risk__party", "driver", "party")
    found = row.filter(uuid=link).first()
    if found is None:
        raise NotFound(_("There is no such link."))
    found.register = viewer.register
    return found


def links_in_force_of_risk(viewer: Viewer, risk: Risk) -> QuerySet[DriverLink]:
    """Links in force of one risk."""
    return links_in_force_for(viewer).filter(risk=risk)

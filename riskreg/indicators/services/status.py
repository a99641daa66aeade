"""How an indicator stands, kept true, and opening breaches; inside a service's transaction."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from riskreg.events.services import Entry
from riskreg.indicators.models import Breach, Indicator, Reading
from riskreg.indicators.policy import expected_by, limit_rule_of, status_series, triggers_review
from riskreg.indicators.queries.breaches import all_unreviewed_breaches_of_open_risks
from riskreg.kernel import clock
from riskreg.register.access import Viewer
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Review
from riskreg.risks.models import Risk, State


class ReviewCall(NamedTuple):
    """A reading at which the status came to call for a review, and that status."""

    reading: Reading
    status: str


def recompute_status_in_memory(
    indicator: Indicator, *, since: dt.datetime | None = None, older_unchanged: bool = False
) -> list[ReviewCall]:
    """Set status, latest reading and next date from the readings that count; the turns for the bad.

    Returned is each reading after ``since`` (None: of all) at which the status came to call for a
    review, with that status. Status before the first reading is none. ``older_unchanged``: up to
    ``since`` nothing has changed, so that only what came after it is read.
    """
    zone = indicator.register.time_zone
    rows = Reading.objects.filter(indicator=indicator, correction=None)
    before, last = "", None
    if older_unchanged and since is not None:
        rows = rows.filter(at__gt=since)
        before, last = indicator.status, clock.local_date(since, zone)
    counted = list(rows.only("id", "at", "value", "indicator_id").order_by("at"))
    series = [(clock.local_date(r.at, zone), r.value) for r in counted]
    turns, status = [], before
    walked = status_series(limit_rule_of(indicator), series, before, last)
    for reading, (was, status) in zip(counted, walked, strict=True):
        news = since is None or reading.at > since
        if news and triggers_review(was, status, indicator.breach_at):
            turns.append(ReviewCall(reading, status))
    indicator.status = status
    if counted:
        latest = counted[-1]
        indicator.latest_at, indicator.latest_value = latest.at, latest.value
        last = series[-1][0]
    start = last or clock.local_date(indicator.created_at, zone)
    indicator.next_reading_on = expected_by(start, indicator.frequency_days, indicator.grace_days)
    return turns


def status_changes_for_log(
    indicator: Indicator, status_before: str, next_reading_before: dt.date
) -> dict[str, list[Any]]:
    """What the log tells of how it stands now, where that is not as it was before."""
    changes: dict[str, list[Any]] = {}
    if indicator.status != status_before:
        changes["indicator_status"] = [status_before or None, indicator.status or None]
    if indicator.next_reading_on != next_reading_before:
        days = (next_reading_before, indicator.next_reading_on)
        changes["next_reading_on"] = [day.isoformat() for day in days]
    return changes


def create_breaches_and_build_entries(
    actor: Viewer,
    indicator: Indicator,
    reading: Reading,
    status: str,
    *,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    only: Iterable[Risk] | None = None,
) -> tuple[list[Breach], list[Entry]]:
    """Call for a review of the linked open risks (of ``only`` those) that none is called for yet:
    the breaches, and the entries to be appended.

    The risks are locked, so that of a breach and a review of the same risk one comes first.
    """
    if not indicator.active:
        return [], []
    risks = indicator.risks.select_for_update(of=("self",)).filter(state=State.OPEN).order_by("pk")
    if only is not None:
        risks = risks.filter(pk__in=[r.pk for r in only])
    waiting = set(
        all_unreviewed_breaches_of_open_risks()
        .filter(indicator=indicator)
        .values_list("risk_id", flat=True)
    )
    opened, entries = [], []
    for risk in risks:
        if risk.pk in waiting:
            continue
        breach = Breach.objects.create(
            register=indicator.register,
            party_id=risk.party_id,
            visibility=_narrower_visibility(indicator, risk),
            indicator=indicator,
            risk=risk,
            reading=reading,
            status=status,
            opened_at=at,
            due_on=actor.today(at),
            reviewed_before=Review.objects.filter(risk=risk).order_by("-pk").first(),
            created_at=recorded_at or at,
        )
        opened.append(breach)
        entries.append(
            actor.entry(
                "risk.breached",
                _Called(breach, risk),
                at=at,
                recorded_at=recorded_at,
                changes={
                    "indicator": [None, indicator.ref],
                    "reading": [None, f"{reading.value.normalize():f} {indicator.unit}"],
                    "indicator_status": [None, status],
                },
            )
        )
    return opened, entries


def _narrower_visibility(indicator: Indicator, risk: Risk) -> str:
    private = Visibility.PARTY in (indicator.visibility, risk.visibility)
    return Visibility.PARTY if private else Visibility.SHARED


class _Called:
    """The risk as the subject of a log entry that only the breach's audience may read."""

    def __init__(self, breach: Breach, risk: Risk) -> None:
        self.uuid, self.ref, self._meta = risk.uuid, risk.ref, risk._meta
        self.visibility, self.party = breach.visibility, breach.party

"""Naming a driver, saying what one believes of it, and linking it to risks."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.analysis.fields import BELIEF, DRIVER, LINK
from riskreg.analysis.models import Belief, Driver, DriverLink
from riskreg.analysis.policy.drivers import (
    check_belief,
    check_driver_multiplier_not_negative,
    check_review_and_step_days,
    earliest_review_or_step_day,
    p5_and_p95,
)
from riskreg.analysis.queries.drivers import (
    belief_for,
    beliefs_of,
    driver_for,
    link_for,
    links_in_force_for,
    links_in_force_of_risk,
    newest_beliefs_in_force_by_driver,
)
from riskreg.analysis.services.included import check_link_not_in_estimates
from riskreg.events.services import Entry, append, append_all
from riskreg.indicators.models import Indicator
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Table, Type
from riskreg.register.access import Viewer
from riskreg.register.changes import values_as_first_changes
from riskreg.register.cleaning import clean_given
from riskreg.register.models import Party
from riskreg.register.permissions import require
from riskreg.register.policy import check_sourced
from riskreg.register.services import take_next_ref
from riskreg.register.visibility import Visibility
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import is_valid_ref, risk_for


@transaction.atomic
def add_driver(
    *,
    actor: Viewer,
    given: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Driver:
    """Name an uncertain quantity that risks share. Raises ``Invalid``, ``Forbidden``."""
    require(actor, "driver.edit")
    party = _require_own_party(actor)
    errors = Errors()
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    clean = _clean_fields_of_table(errors, actor, DRIVER, given, party)
    errors.raise_if_any()
    private_to = party if visibility == Visibility.PARTY else None
    row = Driver.objects.create(
        register=actor.register,
        party=party,
        visibility=visibility,
        ref=take_next_ref(actor.register, "driver", private_to),
        created_at=recorded_at or at,
        **clean,
    )
    changes = values_as_first_changes(DRIVER, _values_for_log(DRIVER, row))
    append(actor.entry("driver.added", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


@transaction.atomic
def record_belief(
    *,
    actor: Viewer,
    ref: str,
    given: Mapping[str, Any],
    visibility: str = Visibility.SHARED,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Belief:
    """Record the actor's range of a driver. One of a private driver is its party's own."""
    driver = driver_for(actor, ref)
    require(actor, "driver.edit")
    party = _require_own_party(actor)
    errors = Errors()
    if visibility not in Visibility.values:
        errors.add("visibility", "unknown", _("This must be one of: shared, party."))
    clean = _clean_fields_of_table(errors, actor, BELIEF, {"label": "judgement", **given}, party)
    check_belief(errors, clean)
    check_sourced(errors, "label", clean.get("label"), bool(clean.get("sources")))
    check_review_and_step_days(errors, clean, actor.today(at))
    errors.raise_if_any()
    _check_links_still_hold(errors, actor, driver, clean)
    errors.raise_if_any()
    audience = _narrowest_audience(visibility, driver.visibility)
    ended = _end_beliefs_and_build_entries(
        actor, at, driver=driver, expert=actor.user, visibility=audience, party=party
    )
    row = Belief(
        register=actor.register,
        party=party,
        visibility=audience,
        driver=driver,
        expert=actor.user,
        at=at,
        created_at=recorded_at or at,
        **clean,
    )
    row.p5, row.p95 = p5_and_p95(row.range)
    row.look_on = earliest_review_or_step_day(row.review_on, row.steps)
    row.save()
    changes = values_as_first_changes(BELIEF, _values_for_log(BELIEF, row)) | {
        "driver": [None, driver.ref]
    }
    entry = actor.entry("belief.recorded", row, at=at, recorded_at=recorded_at, changes=changes)
    append_all([*ended, entry])
    return row


def _end_beliefs_and_build_entries(actor: Viewer, at: dt.datetime, **which: Any) -> list[Entry]:
    """End beliefs in force; the entries to be appended. A newer one of the same audience takes the
    place of an older one, and of no other: what is private changes nothing that everybody sees."""
    rows = list(
        Belief.objects.select_for_update()
        .filter(ended_at=None, **which)
        .select_related("party", "driver")
    )
    entries = []
    for row in rows:
        row.register, row.ended_at = actor.register, at
        row.save(update_fields=["ended_at"])
        ended = values_as_first_changes(BELIEF, {"ended_at": at})
        entries.append(actor.entry("belief.ended", row, at=at, changes=ended))
    return entries


@transaction.atomic
def end_belief(*, actor: Viewer, belief: UUID, at: dt.datetime) -> Belief:
    """Withdraw a belief: nothing reckons with it any more. Doing it twice is as once."""
    row = belief_for(actor, belief)
    require(actor, "belief.end", row)
    append_all(_end_beliefs_and_build_entries(actor, at, pk=row.pk))
    row.refresh_from_db(fields=["ended_at"])
    return row


@transaction.atomic
def set_indicator_of_driver(
    *,
    actor: Viewer,
    ref: str,
    indicator: str | None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> Driver:
    """Say which indicator measures a driver (None: none). Where that is what holds already,
    nothing happens.

    One that everybody sees is measured by what everybody sees. Raises ``Invalid``, ``Forbidden``.
    """
    row = driver_for(actor, ref)
    require(actor, "driver.edit")
    _require_own_party(actor)
    found = None
    if indicator:
        rows = Indicator.objects.visible_to(actor).filter(ref=indicator)
        found = rows.first() if is_valid_ref(indicator) else None
        if found is None:
            raise Invalid.one("indicator", "unknown", _("There is no such indicator."))
        if found.visibility == Visibility.PARTY and row.visibility == Visibility.SHARED:
            text = _(
                "This indicator is your party's own, and everybody sees the driver. Take one that "
                "everybody sees, or a driver of your party's own."
            )
            raise Invalid.one("indicator", "narrower", text)
        if found.unit.strip() != row.unit.strip():
            text = _(
                "The indicator is in %(theirs)s and the driver in %(own)s: take the same unit."
            )
            raise Invalid.one(
                "indicator", "wrong_unit", text % {"theirs": found.unit, "own": row.unit}
            )
    before = row.indicator
    if (before and before.pk) == (found and found.pk):
        return row
    row.indicator = found
    row.save(update_fields=["indicator"])
    changes = {"indicator": [before and before.ref, found and found.ref]}
    append(actor.entry("driver.fed", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


def _check_links_still_hold(
    errors: Errors, actor: Viewer, driver: Driver, clean: Mapping[str, Any]
) -> None:
    """Note a belief under which a link in force would not hold any more."""
    others = newest_beliefs_in_force_by_driver(beliefs_of(actor, [driver])).get(driver.pk, [])
    parts = [row.range for row in others if row.expert_id != actor.user.pk]
    given = {name: clean.get(name) for name in ("family", "low", "mode", "high")}
    parts.append(Belief(**given).range)
    for link in links_in_force_for(actor).filter(driver=driver):
        found = Errors()
        factors = _factors_after_steps(clean.get("steps") or ())
        check_driver_multiplier_not_negative(
            found, parts, link.form, float(link.sensitivity), factors
        )
        for problems in found.fields.values():
            text = _("Its link to %(ref)s would not hold: %(why)s")
            errors.add(
                "low", "out_of_range", text % {"ref": link.risk.ref, "why": problems[0].detail}
            )


@transaction.atomic
def link_driver(
    *,
    actor: Viewer,
    ref: str,
    driver: str,
    given: Mapping[str, Any],
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
) -> DriverLink:
    """Say that a driver moves a risk. What an estimate of the risk includes already is refused,
    with both sentences. Raises ``Invalid``, ``Forbidden``, ``NotFound``."""
    risk, moving = risk_for(actor, ref, lock=True), driver_for(actor, driver)
    visibility = _narrowest_audience(risk.visibility, moving.visibility)
    party = _party_that_may_link(actor, risk, visibility)
    if risk.state == State.CLOSED:
        raise Invalid.one("state", "closed", _("This risk is closed; reopen it to link it."))
    errors = Errors()
    clean = _clean_fields_of_table(errors, actor, LINK, given, party)
    errors.raise_if_any()
    beliefs = newest_beliefs_in_force_by_driver(beliefs_of(actor, [moving])).get(moving.pk, [])
    if visibility == Visibility.SHARED:
        # What everybody reckons with stands on what everybody sees.
        beliefs = [row for row in beliefs if row.visibility == Visibility.SHARED]
    check_driver_multiplier_not_negative(
        errors,
        [row.range for row in beliefs],
        clean["form"],
        float(clean["sensitivity"]),
        [factor for row in beliefs for factor in _factors_after_steps(row.steps)],
    )
    check_link_not_in_estimates(errors, actor, risk, moving, clean["rationale"])
    on = [row.on for row in links_in_force_of_risk(actor, risk).filter(driver=moving)]
    if clean["on"] in on:
        errors.add(
            "on", "taken", _("This driver moves that of the risk already; end that link first.")
        )
    errors.raise_if_any()
    row = DriverLink.objects.create(
        register=actor.register,
        party=party,
        visibility=visibility,
        risk=risk,
        driver=moving,
        made_by=actor.user,
        at=at,
        created_at=recorded_at or at,
        **clean,
    )
    changes = values_as_first_changes(LINK, _values_for_log(LINK, row)) | {
        "driver": [None, moving.ref]
    }
    append(actor.entry("driver.linked", row, at=at, recorded_at=recorded_at, changes=changes))
    return row


@transaction.atomic
def end_link(*, actor: Viewer, link: UUID, at: dt.datetime) -> DriverLink:
    """A driver does not move a risk any more. Ending it twice is as once."""
    row = link_for(actor, link)
    row.risk.register = actor.register
    _party_that_may_link(actor, row.risk, row.visibility)
    if row.ended_at is None and DriverLink.objects.filter(pk=row.pk, ended_at=None).update(
        ended_at=at
    ):
        row.ended_at = at
        ended = values_as_first_changes(LINK, {"ended_at": at})
        append(actor.entry("driver.unlinked", row, at=at, changes=ended))
    return row


def _party_that_may_link(actor: Viewer, risk: Risk, visibility: str) -> Party:
    """Whose link it is: what everybody reckons with is said by who may edit the risk; what one's
    own party reckons with besides, by who says what drivers are."""
    if visibility == Visibility.SHARED:
        require(actor, "risk.edit", risk)
        return risk.party
    require(actor, "driver.edit")
    return _require_own_party(actor)


def _factors_after_steps(steps: Iterable[Mapping[str, Any]]) -> list[float]:
    """What the range is times after each of the steps, which come one after the other."""
    found, factor = [], 1.0
    for step in sorted(steps, key=lambda step: str(step["on"])):
        factor *= float(step["factor"])
        found.append(factor)
    return found


def _clean_fields_of_table(
    errors: Errors, actor: Viewer, table: Table, given: Mapping[str, Any], party: Party
) -> dict[str, Any]:
    clean = clean_given(errors, actor, table, given, party=party, visibility=Visibility.PARTY)
    for field in table.settable:
        empty = field.must_send and clean.get(field.name) in (None, "", {})
        if empty and not errors.has_any_on(field.name):
            errors.add(field.name, "required", _("This is needed."))
    return clean


def _require_own_party(actor: Viewer) -> Party:
    if actor.party is None:
        raise Invalid.one("party", "needs_party", _("Only members who act for a party do this."))
    return actor.party


def _narrowest_audience(*visibilities: str) -> str:
    """The narrowest of audiences."""
    return Visibility.PARTY if Visibility.PARTY in visibilities else Visibility.SHARED


def _values_for_log(table: Table, row: Any) -> dict[str, Any]:
    names = [f.name for f in table if f.type not in (Type.COMPUTED, Type.ID) and f.name != "ref"]
    return {name: getattr(row, name) for name in names}

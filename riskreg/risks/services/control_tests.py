"""Tests of controls: what one found, and by when the next one is due."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from riskreg.kernel.days import clean_day
from riskreg.kernel.errors import Errors
from riskreg.register.access import Viewer
from riskreg.register.changes import value_for_log
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Control, Effectiveness
from riskreg.risks.services.control_log import control_for_log, log_control_and_bump_risk_version
from riskreg.risks.services.controls import (
    lock_control_in_place,
    lock_risks_of_control,
)

_LOGGED = ("effectiveness", "tested_on", "tested_by", "next_test_on")


@transaction.atomic
def record_test(
    *,
    actor: Viewer,
    control: UUID,
    effectiveness: Any,
    tested_on: Any,
    version: int | None,
    at: dt.datetime,
    recorded_at: dt.datetime | None = None,
    next_test_on: Any = None,
) -> Control:
    """Record that the actor tested a control on ``tested_on``, and what they found.

    The next test is due ``test_every_days`` later, or on ``next_test_on`` where an earlier day is
    named. A test is recorded also where it found what the last one did: that is what moves the due
    date. Raises ``NotFound``, ``Forbidden``, ``Invalid``; ``Conflict`` where somebody was faster.
    """
    row = lock_control_in_place(actor, control, version)
    errors = Errors()
    found = _clean_effectiveness(errors, effectiveness)
    day = _clean_tested_on(errors, row, tested_on, actor.today(at))
    following = _clean_next_test_on(errors, row, next_test_on, day)
    errors.raise_if_any()
    before, kept = control_for_log(row), {name: getattr(row, name) for name in _LOGGED}
    row.effectiveness, row.tested_on, row.tested_by = found, day, actor.user
    row.next_test_on = following
    row.version += 1
    row.save(update_fields=[*_LOGGED, "version"])
    changes = {
        name: [value_for_log(CONTROL[name], value) for value in (kept[name], getattr(row, name))]
        for name in _LOGGED
    }
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    change = [before, control_for_log(row)]
    for risk in lock_risks_of_control(actor, row):
        log_control_and_bump_risk_version(
            actor, "control.tested", row, risk, change, at, recorded_at, more=changes
        )
    return row


def _clean_effectiveness(errors: Errors, value: Any) -> str:
    """What the test found; a test that found nothing is none."""
    if value not in Effectiveness.values:
        text = _("Say what the test found: %(all)s.")
        errors.add("effectiveness", "unknown", text % {"all": ", ".join(Effectiveness.values)})
        return ""
    return str(value)


def _clean_tested_on(errors: Errors, row: Control, value: Any, today: dt.date) -> dt.date | None:
    day = clean_day(errors, "tested_on", value)
    if day is None:
        if not errors.has_any_on("tested_on"):
            errors.add("tested_on", "required", _("Name the day of the test."))
    elif day > today:
        text = _("A test that is still to come says nothing yet.")
        errors.add("tested_on", "in_the_future", text)
    elif row.tested_on is not None and day < row.tested_on:
        text = _("It was tested after that already, on %(day)s.")
        errors.add("tested_on", "too_early", text % {"day": row.tested_on.isoformat()})
    return day


def _clean_next_test_on(
    errors: Errors, row: Control, value: Any, tested_on: dt.date | None
) -> dt.date | None:
    """By when it is to be tested again: never later than its days between tests allow."""
    day = clean_day(errors, "next_test_on", value)
    if row.test_every_days is None:
        if day is not None:
            text = _("It is not tested regularly; give it days between tests first (Edit).")
            errors.add("next_test_on", "wrong_state", text)
        return None
    if tested_on is None:
        return None
    latest = tested_on + dt.timedelta(days=row.test_every_days)
    if day is not None and not tested_on < day <= latest:
        text = _("The next test comes after this one, and by %(day)s: it is due every %(n)d days.")
        values = {"day": latest.isoformat(), "n": row.test_every_days}
        errors.add("next_test_on", "out_of_range", text % values)
    return day or latest

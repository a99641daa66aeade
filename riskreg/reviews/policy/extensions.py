"""How far an extension may reach."""

import datetime as dt


def latest_extension_day(today: dt.date, cadence_days: int) -> dt.date:
    """The last day an extension granted ``today`` may reach: one cadence of the present rating."""
    return today + dt.timedelta(days=cadence_days)


def earliest_extension_day(today: dt.date, due_on: dt.date) -> dt.date:
    """The first day an extension may reach: after today, and after the day it was due."""
    return max(today, due_on) + dt.timedelta(days=1)

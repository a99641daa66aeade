"""Every change to indicators. Each function is one operation: one transaction, its events."""

from riskreg.indicators.services.closing import close_risk_and_end_dependents
from riskreg.indicators.services.indicators import create_indicator, edit_indicator
from riskreg.indicators.services.readings import MAX_READINGS, Recorded, record_readings

__all__ = [
    "MAX_READINGS",
    "Recorded",
    "close_risk_and_end_dependents",
    "create_indicator",
    "edit_indicator",
    "record_readings",
]

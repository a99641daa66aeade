"""Indicators in words: values, limits, how they stand. Pure functions."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from riskreg.indicators.models import Indicator, Kind, Precision, Reading
from riskreg.indicators.policy import is_late, limit_rule_of
from riskreg.kernel import clock
from riskreg.kernel.localised import localised, number
from riskreg.register.units import with_unit
from riskreg.risks.models import Risk
from riskreg.risks.policy import is_dormant_if_serving

_FREQUENCIES = {1: 1, 7: 7, 30: 30, 31: 30, 90: 90, 91: 90, 92: 90, 365: 365, 366: 365}


def value_with_unit(value: Any, unit: str) -> str:
    """A value with its unit."""
    return with_unit(number(value), unit)


def status_badge(status: str) -> dict[str, str]:
    """How an indicator stands, for ``badge``: word, tone and icon."""
    return {
        "green": {"text": pgettext("indicator", "Green"), "tone": "ok", "icon": "check-circle"},
        "amber": {
            "text": pgettext("indicator", "Amber"),
            "tone": "warn",
            "icon": "exclamation-triangle",
        },
        "red": {"text": pgettext("indicator", "Red"), "tone": "bad", "icon": "exclamation-circle"},
    }.get(status, {"text": _("No reading"), "tone": "dashed", "icon": ""})


def frequency_text(days: int) -> str:
    """How often a reading is expected."""
    known = {
        1: _("every day"),
        7: _("every week"),
        30: _("every month"),
        90: _("every quarter"),
        365: _("every year"),
    }
    if days in _FREQUENCIES:
        return known[_FREQUENCIES[days]]
    return ngettext("every %(n)d day", "every %(n)d days", days) % {"n": days}


def limit_texts(indicator: Indicator) -> list[str]:
    """The limits, each as a sentence."""
    unit = indicator.unit
    say = {
        "amber": value_with_unit(indicator.amber, unit),
        "red": value_with_unit(indicator.red, unit),
        "amber_low": value_with_unit(indicator.amber_low, unit),
        "red_low": value_with_unit(indicator.red_low, unit),
    }
    if indicator.kind == Kind.FIXED and indicator.direction == "lower_is_worse":
        sentences = [_("Amber from %(amber)s down, red from %(red)s down.") % say]
    elif indicator.kind == Kind.FIXED:
        sentences = [_("Amber from %(amber)s up, red from %(red)s up.") % say]
    elif indicator.kind == Kind.BAND:
        sentences = [
            _(
                "Green between %(amber_low)s and %(amber)s; red from %(red_low)s down and from "
                "%(red)s up."
            )
            % say
        ]
    else:
        # The database holds that a pace has both.
        assert indicator.objective is not None  # noqa: S101
        assert indicator.start_on is not None  # noqa: S101
        sentences = [
            _("Amber when %(amber)s %%, red when %(red)s %% behind the path to “%(objective)s”.")
            % {
                "amber": number(indicator.amber),
                "red": number(indicator.red),
                "objective": indicator.objective.name,
            },
            _("The path leads from %(start)s on %(from)s to %(value)s on %(to)s, %(growth)s.")
            % {
                "start": value_with_unit(indicator.start_value, unit),
                "from": formats.date_format(indicator.start_on, "DATE_FORMAT"),
                "value": value_with_unit(indicator.objective.value, unit),
                "to": formats.date_format(indicator.objective.due_on, "DATE_FORMAT"),
                "growth": indicator.get_growth_display(),
            },
        ]
    if indicator.hysteresis:
        back = number(indicator.hysteresis)
        back = with_unit(back, "%" if indicator.kind == Kind.PACE else unit)
        sentences.append(_way_back_text(indicator) % back)
    sentences.append(
        _("Amber and red call for a review of the risks it watches.")
        if indicator.breach_at == "amber"
        else _("Red calls for a review of the risks it watches.")
    )
    return sentences


def _way_back_text(indicator: Indicator) -> str:
    """The sentence that says how far back it must come: a sentence for each direction, because not
    every language has a word for "back" that says neither up nor down."""
    if indicator.kind == Kind.PACE:
        return _("It gets better only when it has caught up on the path by more than %s.")
    if indicator.kind == Kind.BAND:
        return _("It gets better only when the value is back inside by more than %s.")
    if indicator.direction == "lower_is_worse":
        return _("It gets better only when the value has risen again by more than %s.")
    return _("It gets better only when the value has fallen again by more than %s.")


def indicator_status_context(
    indicator: Indicator, today: dt.date, risks: Sequence[Risk] | None = None
) -> dict[str, Any]:
    """What the list and the page say of an indicator. ``risks``: those it watches, where they were
    read already."""
    risks = list(indicator.risks.all()) if risks is None else list(risks)
    dormant = indicator.active and indicator.objective_id is None and is_dormant_if_serving(risks)
    return {
        "i": indicator,
        "ref": indicator.ref,
        "name": indicator.name,
        "status": status_badge(indicator.status),
        "value": number(indicator.latest_value),
        "unit": indicator.unit,
        "label": getattr(indicator, "reading_label", None),
        "dormant": dormant,
        "late": not dormant and is_late(indicator.active, indicator.next_reading_on, today),
        "risks": risks,
        "private": indicator.visibility == "party",
    }


def time_text(reading: Reading, zone: str) -> str:
    """The time of a reading, as exactly as it is known."""
    day = clock.local_date(reading.at, zone)
    if reading.precision == Precision.YEAR:
        return str(day.year)
    if reading.precision == Precision.MONTH:
        return formats.date_format(day, "YEAR_MONTH_FORMAT")
    if reading.precision == Precision.DAY:
        return formats.date_format(day, "DATE_FORMAT")
    return formats.date_format(timezone.localtime(reading.at), "DATETIME_FORMAT")


def limits_for_spark(indicator: Indicator) -> dict[str, float | None]:
    """The limits that a sparkline can draw: those that do not move and lie on one side."""
    if indicator.kind != Kind.FIXED:
        return {"amber": None, "red": None}
    return {"amber": float(indicator.amber), "red": float(indicator.red)}


def behind_or_ahead_of_path_text_or_empty(
    indicator: Indicator, value: Decimal, day: dt.date
) -> str:
    """How far a value is behind or ahead of the path, in words; empty for other kinds."""
    if indicator.kind != Kind.PACE:
        return ""
    behind = limit_rule_of(indicator).percent_behind(value, day)
    if behind is None:
        return ""
    size = number(round(abs(behind), 1))
    if round(behind, 1) > 0:
        return _("%s %% behind the path") % size
    return _("%s %% ahead of the path") % size if round(behind, 1) < 0 else _("on the path")


def limit_note_of(indicator: Indicator) -> str:
    """Where the limits come from, in the reader's language."""
    return localised(indicator.limit_notes)

"""Punctuation between texts as template tags, in the reader's language; ``ui`` offers them.

{% colon %}  {% comma %}  {% list_comma %}   between two texts, without a blank around the tag
{{ text|bracketed }}  {{ texts|enumerated }}     an aside in brackets; things one after the other
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _

from riskreg.kernel import localised, punctuation
from riskreg.register.units import unit_text, with_unit

register = template.Library()

register.simple_tag(punctuation.colon, name="colon")
register.simple_tag(punctuation.comma, name="comma")


@register.simple_tag
def list_comma() -> str:
    """Between things of one kind."""
    return _(", ")


@register.filter
def bracketed(text: Any) -> str:
    """In brackets; nothing stays nothing."""
    return punctuation.in_brackets(text) if text else ""


@register.filter
def unit(text: str) -> str:
    """A unit in the reader's language."""
    return unit_text(text or "")


@register.filter
def in_unit(number: str, text: str) -> str:
    """A number and its unit, with a blank between them where the language has one."""
    return with_unit(number, text or "")


@register.filter
def exact_amount(value: Decimal | int | None) -> str:
    """What something costs, to its last digit."""
    return localised.exact_amount(value)


@register.filter
def percent(value: float | str) -> str:
    """A number of hundredths, with its sign in the way of the reader's language."""
    return localised.percent_text(value)


@register.filter
def day_text(day: str) -> str:
    """A day that is kept as text, as the reader's language writes it."""
    return localised.day_text(day or "")


@register.filter
def enumerated(texts: Iterable[Any]) -> str:
    """One after the other."""
    return punctuation.enumerate_texts(texts)

"""The programme of a register in a template.

{% load programme %}
{% programme_frame register as frame %}
{% first_unreached_milestone frame as m %}
{% in_language frame.places %}
"""

from collections.abc import Mapping
from typing import Any

from django import template

from riskreg.kernel.localised import localised
from riskreg.register.change_words import likelihood_over_text
from riskreg.register.programme import Milestone, Programme, programme_of

register = template.Library()


@register.simple_tag
def programme_frame(of_register: Any) -> Programme:
    """The frame that the register keeps; no query."""
    return programme_of(of_register)


@register.simple_tag
def first_unreached_milestone(frame: Programme) -> Milestone | None:
    """The first milestone that is still to be reached."""
    return frame.first_unreached_milestone()


@register.simple_tag
def in_language(texts: Mapping[str, str]) -> str:
    """A text in the reader's language."""
    return localised(texts)


@register.simple_tag
def likelihood_period_text(of_register: Any) -> str:
    """Over which time a level of likelihood is meant, where the register says so."""
    frame = programme_of(of_register)
    return likelihood_over_text(frame.likelihood_over) if of_register.programme else ""

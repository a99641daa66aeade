"""Labels of figures: where a number on a page comes from, as a word, a sign or a sentence.

``templatetags/ui.py`` offers the tags to templates with the others. Which numbers are figures, and
where a label is read with one, is told by ``tests/demo/figures.py``, which reads every page.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import template
from django.utils.translation import gettext as _

from riskreg.web.ui.drawn import drawn_by_template

register = template.Library()


class _FigureLabelDisplay(NamedTuple):
    """How a label is shown, and what it means."""

    word: str
    tone: str = ""
    icon: str = ""
    meaning: str = ""


def _figure_label_display(label: str) -> _FigureLabelDisplay:
    known = {
        "sourced": (_("Sourced"), "", "book-open", _("Taken from a published source")),
        "derived": (_("Derived"), "", "calculator", _("Worked out from sourced figures")),
        "judgement": (_("Judgement"), "", "user", _("Somebody's recorded judgement")),
        "illustrative": (_("Illustrative"), "dashed", "beaker", _("Invented to show how it works")),
        "counted": (_("Counted"), "", "", _("Counted from what is recorded here")),
    }
    return _FigureLabelDisplay(*known.get(label, (label,)))


def figure_label_word(label: str | None) -> str:
    """A label's word in the reader's language; empty for none."""
    return _figure_label_display(label).word if label else ""


@register.filter
def figure_label(labels: Mapping[str, str] | None, name: str) -> str:
    """The label of the figure ``name`` among those of a thing; what nobody labelled is somebody's
    judgement."""
    return (labels or {}).get(name) or "judgement"


@register.simple_tag
@drawn_by_template("components/badge.html")
def figure_label_badge(label: str) -> dict[str, Any]:
    """Where a figure comes from: ``sourced``, ``derived``, ``judgement`` or ``illustrative``."""
    it = _figure_label_display(label)
    return {"text": it.word, "tone": it.tone, "icon": it.icon, "title": it.meaning}


@register.simple_tag
@drawn_by_template("components/figure_label_mark.html")
def figure_label_mark(label: str | None) -> dict[str, Any]:
    """Where a figure comes from, as a sign beside it; nothing for no label."""
    it = _figure_label_display(label or "")
    return {"word": it.word, "icon": it.icon}


@register.simple_tag
@drawn_by_template("components/scores_label.html")
def scores_label(label: str) -> dict[str, Any]:
    """What the scores and ratings on a page are, said once for all of them."""
    return {"label": label}


@register.inclusion_tag("components/counted.html")
def counted_figures_mark() -> dict[str, Any]:
    """That the numbers of this part of a page are counts of what is recorded."""
    return {}

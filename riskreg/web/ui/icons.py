"""Icons, drawn into the page."""

import functools

from django.utils.safestring import SafeString
from heroicons.templatetags import heroicons as heroicons_tags


def draw_icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """Draw a heroicon; the drawing made for the size is taken (micro, mini, outline).

    Without ``label`` it is decoration and hidden from screen readers. Raises
    ``heroicons.IconDoesNotExist`` for an unknown name.
    """
    return _draw_icon(name, size, str(label))


@functools.lru_cache(maxsize=1024)
def _draw_icon(name: str, size: int, label: str) -> SafeString:
    """A page has up to a hundred icons, of few kinds; each is read and written once a process."""
    if size <= 16:
        draw = heroicons_tags.heroicon_micro
    elif size <= 20:
        draw = heroicons_tags.heroicon_mini
    else:
        draw = heroicons_tags.heroicon_outline
    attrs = {"class": "icon", "focusable": "false"}
    if label:
        attrs |= {"role": "img", "aria-label": label, "aria-hidden": "false"}
    return SafeString(draw(name, size=size, **attrs))

"""``{% lang_attr_of text %}``: the language of words that nobody translated."""

import re
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_CHINESE = "zh-hans"


@register.simple_tag(takes_context=True)
def lang_attr_of(context: Any, text: object) -> SafeString:
    """The ``lang`` attribute for ``text``, so that it is read aloud and hyphenated as what it is.

    Told by its letters among the languages of the register: of two, one of which is Chinese, it is
    the one or the other. Nothing where that does not say.
    """
    languages = getattr(context.get("register"), "languages", None) or []
    others = [language for language in languages if language != _CHINESE]
    words = str(text or "")
    if _CHINESE not in languages or len(others) != 1 or not _LETTER.search(words):
        return SafeString("")
    return format_html(' lang="{}"', "zh-Hans" if _HAN.search(words) else others[0])

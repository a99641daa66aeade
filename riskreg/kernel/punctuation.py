"""Punctuation between texts that are put together: each language has its own.

Chinese writes full-width marks without a blank: the catalogue says so, once for every joint.
"""

import functools
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def enumerate_texts(texts: Iterable[Any]) -> str:
    """Things of one kind one after the other: “R-001, R-002”."""
    return _(", ").join(str(text) for text in texts)


def comma() -> str:
    """Between two parts of a sentence."""
    return pgettext("between parts of a sentence", ", ")


def join_sentences(sentences: Iterable[Any]) -> str:
    """Sentences one after the other, what is empty left out."""
    texts = [text for text in map(str, sentences) if text] or [""]
    return functools.reduce(
        lambda before, after: (
            pgettext("sentences", "%(before)s %(after)s") % {"before": before, "after": after}
        ),
        texts,
    )


def colon() -> str:
    """Between what is spoken of and what is said of it."""
    return pgettext("punctuation", ": ")


def in_brackets(text: Any) -> str:
    """An aside in brackets, to be set directly behind what it belongs to."""
    return pgettext("punctuation", " (%(text)s)") % {"text": text}

"""Text from outside: what is let in, and what is refused by name."""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors

TITLE_MAX = 200
TEXT_MAX = 20_000

PLAIN_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")

# Overrides and isolates can make a text read differently from what is stored (CVE-2021-42574).
_BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
# Letters to Unicode that are drawn as nothing.
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def clean_text(
    errors: Errors,
    field: str,
    value: Any,
    *,
    required: bool = False,
    limit: int = TEXT_MAX,
    one_line: bool = False,
) -> str:
    """Return ``value`` as NFC text without outer white space; note in ``errors`` what is wrong.

    What shows nothing to a reader, as a zero-width space, is empty however many characters it has.
    NUL bytes, control characters, bidirectional overrides, lone surrogates and over-long texts are
    refused rather than repaired: a text that was changed in silence is not what was sent.
    """
    if value is None:
        value = ""
    if not isinstance(value, str):
        errors.add(field, "not_text", _("This must be text."))
        return ""
    # Composing can lengthen a text, and white space to Python includes some control characters.
    text = unicodedata.normalize("NFC", value).replace("\r\n", "\n").replace("\r", "\n")
    controls = _CONTROL.search(text)
    # Counted as it came: the schema's bound knows nothing of blanks that are taken off.
    size, text = len(text), text.strip()
    if size > limit:
        errors.add(
            field,
            "too_long",
            _("At most %(limit)d characters; this has %(size)d. Shorten it.")
            % {"limit": limit, "size": size},
        )
        return ""
    if _has_lone_surrogate(text):
        errors.add(field, "bad_character", _("This holds half of a character. Type it again."))
        return ""
    if controls:
        errors.add(
            field,
            "bad_character",
            _("This holds control characters (such as NUL). Remove them and send it again."),
        )
        return ""
    if text.translate(_BIDI) != text:
        errors.add(
            field,
            "bidi_override",
            _("This holds characters that reverse the reading direction. Remove them."),
        )
        return ""
    if one_line and "\n" in text:
        errors.add(field, "one_line", _("This must be a single line."))
        return ""
    if not _shows_something(text):
        text = ""
    if required and not text:
        errors.add(field, "required", _("This is needed."))
    return text


def _shows_something(text: str) -> bool:
    """Whether there is anything in ``text`` to be read."""
    return any(
        char not in _BLANK_LETTERS and unicodedata.category(char) not in _UNSEEN for char in text
    )


def is_storable(text: str) -> bool:
    """Whether every database can hold ``text``, and can so be asked for it.

    PostgreSQL refuses NUL, and half of a character cannot be written in UTF-8. What is not
    storable is the name of nothing.
    """
    return "\0" not in text and not _has_lone_surrogate(text)


def _has_lone_surrogate(text: str) -> bool:
    return not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def clean_url(errors: Errors, field: str, value: Any) -> str:
    """Return ``value`` if it is empty or an http(s) address; note an error otherwise."""
    text = clean_text(errors, field, value, limit=2000, one_line=True)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine or any(c.isspace() for c in text):
        errors.add(field, "bad_url", _("Only http:// and https:// addresses can be linked."))
        return ""
    return text

"""What a pack says, in one language or in two at once. Pure.

A text is a string, or {language: string} where two languages say it differently.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

Text = str | Mapping[str, str]


def merge_languages(contents_by_language: Mapping[str, Any]) -> Any:
    """The contents of every language as one. Raises ``ValueError`` where they are not alike: a
    register that changed between two readings."""
    return _merge(list(contents_by_language.values()), list(contents_by_language))


def _merge(parts: Sequence[Any], languages: Sequence[str]) -> Any:
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, str):
        return first if len(set(parts)) == 1 else dict(zip(languages, parts, strict=True))
    if isinstance(first, dict):
        return {key: _merge([part[key] for part in parts], languages) for key in first}
    if isinstance(first, list):
        if len({len(part) for part in parts}) != 1:
            raise ValueError(_("The register changed while its pack was made; ask for it again."))
        return [_merge(list(each), languages) for each in zip(*parts, strict=True)]
    return first


class TextInLanguage(NamedTuple):
    """Words, and which language they are in; empty for all of them."""

    language: str
    text: str


def texts_by_language(text: Text, language_of_plain: str) -> list[TextInLanguage]:
    """A text in each of its languages; one that is the same in all is in ``language_of_plain``."""
    if isinstance(text, Mapping):
        return [TextInLanguage(*version) for version in text.items()]
    return [TextInLanguage(language_of_plain, text)]


def text_in_all_languages(text: Text, between: str = "\n") -> str:
    """A text in all of its languages."""
    return (
        between.join(part for part in text.values() if part) if isinstance(text, Mapping) else text
    )

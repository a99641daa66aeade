"""Sorting text as people do: Phase 2 before Phase 12, case and accents aside, Chinese by pinyin.

The key is stored beside the text and compared byte by byte, so that both databases, whatever
collations they have, sort alike and a list can go on from any place in it.
"""

import re
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import get_language

from riskreg.kernel.models import WithDerived
from riskreg.kernel.search import fold_text

KEY_MAX = 300
_PARTS = re.compile(r"[0-9]+|[\u3400-\u9fff\uf900-\ufaff]+|[^0-9\u3400-\u9fff\uf900-\ufaff]+")
_LANGUAGES = {"en": "en", "zh-hans": "zh"}


def sort_key(text: str) -> str:
    """A text that sorts where people look for ``text``.

    Numbers go by their value, words by their letters, Chinese after them by pinyin and tone.
    """
    key = []
    for part in _PARTS.findall(fold_text(text)):
        if part.isdigit():
            digits = part.lstrip("0") or "0"
            key.append(f"{len(digits):03d}{digits}")
        elif part.isascii() or not "\u3400" <= part[0] <= "\ufaff":
            key.append("".join(c for c in part if c.isalnum() or c.isspace()))
        else:
            key.append(_pinyin(part))
    return " ".join("".join(key).split())[:KEY_MAX]


def _pinyin(text: str) -> str:
    # Loaded with the first Chinese text: a large table that a register in English never needs.
    from pypinyin import Style, lazy_pinyin

    return "".join(f"~{syllable} " for syllable in lazy_pinyin(text, style=Style.TONE3))


if TYPE_CHECKING:
    _Text = models.CharField[str | None, str | None]
else:
    _Text = models.CharField


class SortField(_Text):
    """Holds the sort key of what ``title_or_name_to_sort_by(language)`` of its row says, written
    with each save.

    ``language`` is that of the reader the key is for. Null is a row that a version without this
    column wrote, as with ``SearchField``.
    """

    derived = True

    def __init__(self, language: str = "en", **options: Any) -> None:
        self.language = language
        given = {"max_length": KEY_MAX, "editable": False, "null": True, "db_collation": "C"}
        super().__init__(**{**given, **options})

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        """Bytes on either database; SQLite's own name for that is BINARY, its default."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "sqlite":
            parameters["collation"] = None
        return parameters

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options["language"] = self.language
        return name, path, args, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """The key of the row's text as it is now."""
        text = getattr(model_instance, "title_or_name_to_sort_by", None)
        if text is not None:
            setattr(model_instance, self.attname, sort_key(text(self.language)))
        return getattr(model_instance, self.attname) or ""


class Sortable(WithDerived):
    """A row that people look for by its title or name."""

    sort_key_en = SortField(language="en")
    sort_key_zh = SortField(language="zh-hans")

    class Meta:
        abstract = True

    def title_or_name_to_sort_by(self, language: str) -> str:
        """What a reader of ``language`` is shown as its title or name."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of what it is sorted by")


def sort_key_suffix() -> str:
    """What the name of the reader's sort column ends in: ``sort_key_en``, ``sort_key_zh``."""
    return _LANGUAGES.get(get_language() or "en", "en")

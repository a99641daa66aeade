"""Finding text as people do: case, accents and width aside, in any script, served by an index.

A row that can be found keeps its words in a column of the form below, and one condition
(``contains_every_word``) reads it, on screen and API alike. The index is FTS5 with trigrams on
SQLite and pg_trgm on PostgreSQL; both are made by ``search_index.SearchIndex`` in a migration.

The stored form is plain ASCII, so that neither index depends on the locale of its server: words in
Latin letters and digits stand between two spaces, any other letter is written by its number
(``~7535``). Three characters are what a trigram index can serve, and a single Chinese character
has five.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.db.models.lookups import Lookup

from riskreg.kernel.models import WithDerived

MAX_WORDS = 12
MAX_QUERY = 200
_GAP = "  "
# Letters that Unicode does not take apart, though people type them without their strokes.
_STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
_RUN = re.compile(r"[a-z0-9]+|(?:~[0-9a-f]{4}|\^[0-9a-f]{6})+")
# With any of the dashes that a writing program or a printed page has put there.
_REF = re.compile(r"([A-Z]{1,4})[-\s\u2010-\u2015\u2212]?0*([0-9]{1,9})")


def fold_text(text: str) -> str:
    """``text`` without differences of case, accent and width: ``Étude`` → etude."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_STROKES)
    apart = unicodedata.normalize("NFD", plain)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not unicodedata.combining(c)))


def words_of(text: str) -> list[str]:
    """The words of ``text`` in the stored form, in their order."""
    return _RUN.findall("".join(_encode(c) for c in fold_text(text)))


def search_text(*parts: Any) -> str:
    """The stored form of everything that can be read in ``parts``.

    A part is a text, or a list or mapping of parts (of a mapping only the values are read, so that
    the keys of stored JSON are never found).
    """
    words = [word for text in _texts_nested_in(parts) for word in words_of(text)]
    return f"{_GAP}{_GAP.join(words)}{_GAP}" if words else ""


def contains_every_word(query: str, column: str = "search_text", ref: str = "") -> Q:
    """The condition that every word of ``query`` stands in ``column``.

    Words of one or two letters or digits are looked for at the beginning of words, all others
    anywhere in them. ``ref`` names the column of the row's ref, which is found however it is
    typed. What has no letter or digit in it matches nothing.
    """
    wanted = Q()
    pieces = query[:MAX_QUERY].split()[:MAX_WORDS]
    for piece in pieces:
        words = words_of(piece)
        found = Q(pk__in=[]) if not words else Q()
        for word in words:
            found &= Q(**{f"{column}__holds": word})
        if ref and (typed := ref_typed(piece)):
            found |= Q(**{ref: typed})
        wanted &= found
    if ref and (typed := ref_typed(query)):
        # A ref may be typed with a space in it.
        wanted |= Q(**{ref: typed})
    return wanted if pieces else Q(pk__in=[])


def ref_typed(text: str) -> str | None:
    """The ref that ``text`` means: ``r1``, ``R001``, ``r-1`` → ``R-001``; None when it is none."""
    found = _REF.fullmatch(fold_text(text).strip().upper())
    return f"{found[1]}-{int(found[2]):03d}" if found else None


def _encode(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else " "
    if unicodedata.category(char)[0] not in "LNM":
        return " "
    return f"~{ord(char):04x}" if ord(char) < 0x10000 else f"^{ord(char):06x}"


def _texts_nested_in(part: Any) -> Iterable[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for value in part.values():
            yield from _texts_nested_in(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _texts_nested_in(value)


# The column --------------------------------------------------------------------------------------
if TYPE_CHECKING:
    _Text = models.TextField[str | None, str | None]
else:
    _Text = models.TextField


class SearchField(_Text):
    """Holds ``search_text()`` of its row, written with every save.

    Null is a row that a version without this column wrote: such a column can be added to a table
    without copying it, and while the older version still runs.
    """

    derived = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"editable": False, "null": True, **options})

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        """What the row says of itself now."""
        parts = getattr(model_instance, "texts_to_search", None)
        # A migration saves models of its own time, which have columns and no methods.
        if parts is not None:
            setattr(model_instance, self.attname, search_text(*parts()))
        return getattr(model_instance, self.attname) or ""


class Searchable(WithDerived):
    """A row that can be found by its words."""

    search_text = SearchField()

    class Meta:
        abstract = True

    def texts_to_search(self) -> tuple[Any, ...]:
        """Texts, and lists and mappings of texts, that the row is found by."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of what it is found by")


@SearchField.register_lookup
class Holds(Lookup):
    """``search_text__holds=word``: ``word`` is one of ``words_of``."""

    lookup_name = "holds"
    prepare_rhs = False

    @property
    def _like_pattern_of_search_word(self) -> str:
        word = str(self.rhs)
        return f"%{_GAP}{word}%" if len(word) < 3 else f"%{word}%"

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """By the table of the index, which names the rows it found."""
        model = self.lhs.target.model
        row = f'"{self.lhs.alias}"."{model._meta.pk.column}"'
        index = index_name(model._meta.db_table)
        found = f'SELECT rowid FROM "{index}" WHERE search_text LIKE %s'  # noqa: S608
        return f"{row} IN ({found})", [self._like_pattern_of_search_word]

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        """By the index on the column itself."""
        column, params = self.process_lhs(compiler, connection)
        return f"{column} LIKE %s", [*params, self._like_pattern_of_search_word]


def index_name(table: str) -> str:
    """The name of the search index of ``table``."""
    return f"{table}_search"

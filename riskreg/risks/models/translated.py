"""Texts that have versions in other languages."""

from django.utils.translation import get_language


class Translated:
    """Texts with versions in other languages (``translations``: {language: {field: text}}).

    The field itself is the original. A version whose original has changed since stays, and is noted
    in ``outdated_translations`` ({language: [field]}, None for none) where texts can change at all.
    """

    translations: dict[str, dict[str, str]] | None
    outdated_translations: dict[str, list[str]] | None

    def localized(self, field: str) -> str:
        """The text of ``field`` in the reader's language where there is one."""
        return self.in_language(field, get_language() or "")

    def in_language(self, field: str, language: str) -> str:
        """The text of ``field`` that a reader of ``language`` is shown."""
        return (self.translations or {}).get(language, {}).get(field) or getattr(self, field)

    def texts_in_one_language(self, *fields: str) -> dict[str, str]:
        """Texts that are read as one, all of them in one language: the reader's, where every one
        of them has a version in it, else the originals."""
        version = (self.translations or {}).get(get_language() or "", {})
        if all(version.get(field) for field in fields if getattr(self, field)):
            return {field: version.get(field) or "" for field in fields}
        return {field: getattr(self, field) for field in fields}

    def outdated_fields(self, *fields: str) -> list[str]:
        """Those of ``fields`` that the reader is shown in a version older than the original."""
        language = get_language() or ""
        stale = (getattr(self, "outdated_translations", None) or {}).get(language, ())
        version = (self.translations or {}).get(language, {})
        return [field for field in fields if field in stale and version.get(field)]

"""What can be wrong with a request, in terms of the domain.

The faces map these to pages and problem documents in one place each; nothing below the faces knows
HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field: ``code`` is stable, ``detail`` is for people."""

    code: str
    detail: str


class RiskregError(Exception):
    """Base of all expected refusals; ``detail`` is a sentence in the user's language."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(str(detail))
        self.detail = str(detail)


class NotFound(RiskregError):
    """There is no such thing, as far as this viewer may know."""


class Forbidden(RiskregError):
    """The viewer may see it, but not do this to it."""


class Conflict(RiskregError):
    """Somebody changed it since; ``current`` is what it is now."""

    def __init__(self, detail: str = "", current: Any = None) -> None:
        super().__init__(detail)
        self.current = current


class Unavailable(RiskregError):
    """It can be done, but not now: something that is needed for it does not work."""


class Invalid(RiskregError):
    """The input is wrong; ``fields`` maps field names to what is wrong with each."""

    def __init__(
        self, fields: Mapping[str, FieldError | Sequence[FieldError]], detail: str = ""
    ) -> None:
        self.fields: dict[str, list[FieldError]] = {
            name: [errors] if isinstance(errors, FieldError) else list(errors)
            for name, errors in fields.items()
        }
        first = next((e.detail for errors in self.fields.values() for e in errors), "")
        super().__init__(detail or first)

    @classmethod
    def one(cls, field: str, code: str, detail: Any) -> "Invalid":
        """The common case: a single field with a single error."""
        return cls({field: FieldError(code, str(detail))})


class Errors:
    """Collects field errors, so that a form hears of all of them at once."""

    def __init__(self) -> None:
        self._fields: dict[str, list[FieldError]] = {}

    def add(self, field: str, code: str, detail: Any) -> None:
        """Note one error of one field."""
        self._fields.setdefault(field, []).append(FieldError(code, str(detail)))

    def has_any_on(self, first: str, *others: str) -> bool:
        """Whether anything was noted about one of these fields."""
        return any(name in self._fields for name in (first, *others))

    @property
    def fields(self) -> Mapping[str, Sequence[FieldError]]:
        """Everything noted so far, by field."""
        return self._fields

    def merge(self, other: Invalid, prefix: str = "") -> None:
        """Take over the errors of ``other``, its field names under ``prefix``."""
        for name, errors in other.fields.items():
            self._fields.setdefault(prefix + name, []).extend(errors)

    def raise_if_any(self) -> None:
        """Raise ``Invalid`` with everything collected, if anything was."""
        if self._fields:
            raise Invalid(self._fields)

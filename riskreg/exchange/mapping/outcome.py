"""What comes of one row, and what must be asked about it."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

# What answers which kind of question.
PARTS = {
    "scale": "scales", "column": "columns", "word": "values", "day": "values", "order": "dates",
    "match": "matches",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A question about a row (None: about the whole column).

    ``kind`` says how it is answered: by the column's ``scale``, by what the ``column`` is, by one
    of ``options`` for ``value`` (``word``), by a ``day``, by the order of days and months
    (``order``), by a ref (``match``).
    """

    row: int | None
    column: str
    question: str
    kind: str = "scale"
    value: str = ""
    options: tuple[str, ...] = ()

    @property
    def mapping_part(self) -> str:
        """The part of a mapping that answers it."""
        return PARTS[self.kind]

    def to_json(self) -> dict[str, Any]:
        """{row, column, question, answer}."""
        return {
            "row": self.row,
            "column": self.column,
            "question": self.question,
            "answer": self.mapping_part,
        }


@dataclass(frozen=True)
class Refused:
    """Why a row is not taken."""

    row: int
    column: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """{row, column, why}."""
        return {"row": self.row, "column": self.column, "why": self.why}


@dataclass(slots=True)
class RowPlan:
    """One row: what it would set, and what comes of it."""

    number: int
    outcome: str = "new"
    ref: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, tuple[int, int]] = field(default_factory=dict)
    theirs: dict[str, str] = field(default_factory=dict)
    state: str = "open"
    rationale: str = ""
    dimension: str | None = None
    identified_on: dt.date | None = None
    closed_on: dt.date | None = None
    closing_reason: str = ""
    ending: dict[str, Any] = field(default_factory=dict)
    owner_name: str = ""
    controls: list[tuple[str, str]] = field(default_factory=list)
    mitigation: dict[str, Any] | None = None
    more: list[dict[str, Any]] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)
    changes: dict[str, list[Any]] = field(default_factory=dict)
    why: str = ""
    continues: bool = False
    undated: bool = False

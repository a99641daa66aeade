"""Names: of what a log entry is about, and short ones made from longer ones."""

import re
import unicodedata
from collections.abc import Collection
from typing import Any


class LogSubject:
    """Gives a log entry's subject a ref where the model has none."""

    def __init__(self, row: Any, ref: str) -> None:
        self.uuid, self.ref, self._meta = row.uuid, ref, row._meta


def key_from_name(name: str, taken: Collection[str] = (), fallback: str = "party") -> str:
    """A key made of ``name``'s letters and digits, none of ``taken``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36].strip("-") or fallback
    return next(k for n in range(1, 1000) if (k := stem if n == 1 else f"{stem}-{n}") not in taken)

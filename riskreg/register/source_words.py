"""What a row is found by of its sources."""

from collections.abc import Mapping
from typing import Any


def texts_of_sources(*sources: Mapping[str, Any]) -> list[Any]:
    """What one reads in ``sources``; a label is a code, and no word of theirs."""
    return [part for each in sources for name, part in each.items() if name != "label"]

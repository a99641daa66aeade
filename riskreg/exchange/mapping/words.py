"""What other people call levels, states, responses, months and money: ``data/values.json``.

``SCALES`` are whole scales as people write them, least first. ``STEPS`` are the words of a scale
of five steps for what mixes them; low, medium and high are its middle when its ends are used as
well, and alone a scale of three.
"""

import json
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "values.json").read_text(encoding="utf-8")
)

STEPS: list[list[str]] = _DATA["steps"]
SCALES: list[list[str]] = _DATA["scales"]
SYMBOLS: dict[str, str] = _DATA["symbols"]
YES_NO: frozenset[str] = frozenset(_DATA["yes_no"])
ROMAN: dict[str, int] = _DATA["roman"]
NOTHING: frozenset[str] = frozenset(_DATA["nothing"])
MARKS: frozenset[str] = frozenset(_DATA["marks"])
MONTHS: dict[str, int] = _DATA["months"]
CURRENCIES: list[tuple[str, str]] = _DATA["currencies"]
FACTORS: list[tuple[str, int]] = _DATA["factors"]
STATES: dict[str, list[str]] = _DATA["states"]
RESPONSES: dict[str, list[str]] = _DATA["responses"]
KINDS: dict[str, list[str]] = _DATA["kinds"]
WORK: dict[str, list[str]] = _DATA["work"]

"""What the columns of other people's registers are called, in ten languages: ``data/columns.json``.

``TARGETS`` are names of fields in the tables (``riskreg.risks.fields``), ``mitigation.`` before
those of the work that a row plans; ``SCORES`` what a stage was judged. A word in two places is
taken for the first. ``RISKY``: of these at least one stands in a register, beside what may happen.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "columns.json").read_text(encoding="utf-8")
)

STAGES: Mapping[str, list[str]] = _DATA["stages"]
SCORES: Mapping[str, list[str]] = _DATA["scores"]
TARGETS: Mapping[str, list[str]] = _DATA["targets"]
RISKY: list[str] = _DATA["risky"]
RISK_WORDS: list[str] = _DATA["risk_words"]
TOTALS: list[str] = _DATA["totals"]

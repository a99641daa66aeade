"""What the columns of other people's registers are called, in ten languages: ``data/columns.json``.

``TARGETS`` are names of fields in the tables (``riskreg.risks.fields``), ``mitigation.`` before
those of the work that a row plans; ``SCORES`` what a stage was judged. A word in two places is
taken for the first. ``RISKY``: how much a column says that a table is of risks; two are enough.
``BEFORE`` and ``AFTER`` name a stage together with one of ``WORK``: *before mitigation*.
``NOT_HEADS``: what ends in one of these is about the thing named before it, and not that thing.
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
RISKY: Mapping[str, int] = _DATA["risky"]
RISK_WORDS: list[str] = _DATA["risk_words"]
TOTALS: list[str] = _DATA["totals"]
LEGENDS: list[str] = _DATA["legends"]
BEFORE: list[str] = _DATA["before"]
AFTER: list[str] = _DATA["after"]
WORK: list[str] = _DATA["work"]
BEFORE_CJK: list[str] = _DATA["before_cjk"]
AFTER_CJK: list[str] = _DATA["after_cjk"]
NOT_HEADS: list[str] = _DATA["not_heads"]
NEUTRAL: list[str] = _DATA["neutral"]
CONNECTORS: list[str] = _DATA["connectors"]

"""Templates that a new register can start from: scales and classifications, from ``data/``."""

import copy
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from riskreg.kernel.localised import localised

DATA = Path(__file__).parent / "data"
SCALES = ("3x3", "4x4", "5x5")
DEFAULT_SCALE = "5x5"
CLASSIFICATIONS = ("industrial", "it", "iso31000", "sasac")
NO_CLASSIFICATION = "none"


@cache
def _read_templates(name: str) -> dict[str, dict[str, Any]]:
    rows = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return {row["key"]: row for row in rows}


def scale_template(key: str) -> dict[str, Any]:
    """The criteria of the scale ``key``: score = likelihood × impact, rated in bands.

    Raises ``KeyError`` for an unknown one.
    """
    data = copy.deepcopy(_read_templates("scales")[key])
    bands = [(rating.pop("up_to"), rating["key"]) for rating in data["ratings"]]
    return {
        "likelihood": _number_levels(data["likelihood"]),
        "impact": _number_levels(data["impact"]),
        "dimensions": [],
        "ratings": data["ratings"],
        "cells": [
            [_cell_of_score(x * y, bands) for y in range(1, len(data["impact"]) + 1)]
            for x in range(1, len(data["likelihood"]) + 1)
        ],
        "appetite": data["appetite"],
        "unrated_cadence_days": data["unrated_cadence_days"],
    }


def classification_template(key: str) -> list[dict[str, Any]]:
    """The taxonomies of the classification ``key``, each {key, names, terms}; none for ``none``."""
    if key == NO_CLASSIFICATION:
        return []
    return copy.deepcopy(_read_templates("classifications")[key]["taxonomies"])


def described_templates(name: str) -> Iterator[Mapping[str, str]]:
    """The templates in ``name`` (``scales``, ``classifications``): key, name and description in
    the reader's language."""
    for key, row in _read_templates(name).items():
        yield {
            "key": key,
            "name": localised(row["name"], key),
            "description": localised(row["description"]),
        }


def _number_levels(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"value": n, **level} for n, level in enumerate(levels, 1)]


def _cell_of_score(score: int, bands: list[tuple[int, str]]) -> dict[str, Any]:
    return {"score": score, "rating": next(key for limit, key in bands if score <= limit)}

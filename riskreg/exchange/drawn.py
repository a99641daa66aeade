"""A PNG of an SVG, kept for a while by what it shows: who would see the same is given the same.

What a picture shows depends on who asks (language, names that are theirs to know, the day where
they are), so it is kept by its content and not by its run or register.
"""

import hashlib
from importlib import import_module
from typing import Any

from django.core.cache import cache

_SCALE = 2.0
_KEPT = 60 * 60


def svg_to_png(svg: str) -> bytes:
    """An SVG as PNG, twice as large."""
    key = f"png:{hashlib.sha256(svg.encode()).hexdigest()}"
    kept: bytes | None = cache.get(key)
    if kept is not None:
        return kept
    # Loaded when the first one is asked for: the library is large.
    draw: Any = import_module("vl_convert").svg_to_png
    data: bytes = draw(svg, scale=_SCALE)
    cache.set(key, data, _KEPT)
    return data

"""Time zones to choose from, in the reader's language.

``data/zones.json`` has the Chinese names of regions and of the cities people look for; every other
zone keeps the name that its database gives it.
"""

import json
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import get_language

from riskreg.kernel.clock import time_zones

_NAMES = Path(__file__).parent / "data" / "zones.json"
# Offered first to those who read Chinese.
_CHINA = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei")

Groups = list[tuple[str, list[tuple[str, str]]]]


class ChineseNames(NamedTuple):
    """What regions are called, and cities by the name of their zone."""

    regions: dict[str, str]
    cities: dict[str, str]


@cache
def _chinese_zone_names() -> ChineseNames:
    return ChineseNames(**json.loads(_NAMES.read_text(encoding="utf-8")))


@cache
def _zones_that_are_places() -> tuple[str, ...]:
    """Every IANA zone that is a place, by name."""
    known = time_zones()
    return tuple(sorted(zone for zone in known if "/" in zone and zone[:3] != "Etc"))


def zone_choices() -> Groups:
    """Every IANA zone by region, for a select."""
    return _groups_in_chinese() if (get_language() or "").startswith("zh") else _groups_by_region()


def _groups_by_region() -> Groups:
    groups = [
        (region, [(zone, _zone_as_words(zone)) for zone in zones])
        for region, zones in _zones_by_region()
    ]
    return [("UTC", [("UTC", "UTC")]), *groups]


def _groups_in_chinese() -> Groups:
    """China first; in each region the places that have a Chinese name before the others."""
    regions, cities = _chinese_zone_names()
    groups: Groups = [
        ("中国", [(zone, cities[zone]) for zone in _CHINA if zone in _zones_that_are_places()])
    ]
    groups.append(("UTC", [("UTC", "UTC")]))
    for region, zones in _zones_by_region():
        rest = [zone for zone in zones if zone not in _CHINA]
        named = [(zone, cities[zone]) for zone in rest if zone in cities]
        plain = [(zone, _zone_as_words(zone)) for zone in rest if zone not in cities]
        groups.append((regions.get(region, region), named + plain))
    return groups


def _zones_by_region() -> list[tuple[str, list[str]]]:
    grouped = groupby(_zones_that_are_places(), key=lambda zone: zone.partition("/")[0])
    return [(region, list(zones)) for region, zones in grouped]


def _zone_as_words(zone: str) -> str:
    return zone.partition("/")[2].replace("_", " ")

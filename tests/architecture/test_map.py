"""``docs/map.md`` against the tree: every noun is where it says, and nothing is left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = {
    "room": "riskreg", "web": "riskreg/web", "api": "riskreg/api", "templates": "templates",
    "tests": "tests",
}  # fmt: skip
# What is no noun's own: what all pages or all endpoints are made of.
SHARED = {
    "web": {
        "base", "bilingual", "context", "due_dates", "errors", "filter_form", "forms", "levels",
        "list_page", "localized", "middleware", "presenters", "returning", "static", "style",
        "templatetags", "ui", "urls", "conflict", "risk_choice", "table_form", "tables",
    },
    "api": {"core", "examples", "shapes", "urls"},
    "templates": {
        "admin", "base", "components", "conflict", "error", "500", "503", "forms", "mail", "plain",
        "style",
    },
    "room": {
        "api", "demo", "events", "formats", "kernel", "locale", "quant", "requests", "search", "up",
        "web",
    },
}  # fmt: skip
ALWAYS = {"__init__", "__pycache__", "apps", "management", "migrations"}


def named() -> dict[str, set[str]]:
    """What each column of the table of nouns names."""
    text = (ROOT / "docs" / "map.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    head = next(row for row in rows if row[:2] == ["noun", "room"])
    nouns = rows[rows.index(head) + 2 :]
    nouns = [row for row in nouns if len(row) == len(head)]
    assert len(nouns) >= 20
    return {
        column: {name.strip() for row in nouns for name in row[place].split(",") if name.strip()}
        for place, column in enumerate(head)
    }


def standing(column: str) -> Iterator[str]:
    for path in (ROOT / COLUMNS[column]).iterdir():
        if path.stem not in ALWAYS and not path.name.startswith("."):
            yield path.stem


@pytest.mark.parametrize("column", COLUMNS)
def test_every_place_that_the_map_names_is_there(column: str) -> None:
    folder = ROOT / COLUMNS[column]
    missing = {
        name
        for name in named()[column]
        if not any((folder / f"{name}{ending}").exists() for ending in ("", ".py"))
    }
    assert not missing, f"docs/map.md names what is not in {folder.relative_to(ROOT)}: {missing}"


@pytest.mark.parametrize("column", SHARED)
def test_the_map_leaves_nothing_out(column: str) -> None:
    found = {name for name in standing(column) if not name.startswith(("shapes_", "examples_"))}
    left_out = found - named()[column] - SHARED[column]
    assert not left_out, f"docs/map.md has no line for {sorted(left_out)} ({COLUMNS[column]})"

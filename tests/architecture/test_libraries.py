"""A library is here because something uses it, and the record of libraries says so."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Used without being imported by us.
USED_BY_OTHERS = {
    "packaging": "kombu imports it and does not ask for it",
    "psycopg": "Django's backend for PostgreSQL imports it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
    "gunicorn": "is started as a program; its settings are config/gunicorn.py",
}


def of_the_product() -> set[str]:
    """What web and workers are made of."""
    project = PROJECT["project"]
    return names(project["dependencies"]) | names(project["optional-dependencies"]["worker"])


def names(lines: list[str]) -> set[str]:
    return {Requirement(line).name.lower().replace("_", "-") for line in lines}


def modules() -> dict[str, set[str]]:
    """Distribution → its top-level modules, of what is installed here."""
    found: dict[str, set[str]] = {}
    for module, distributions in metadata.packages_distributions().items():
        for distribution in distributions:
            found.setdefault(distribution.lower().replace("_", "-"), set()).add(module)
    return found


def unused(dependencies: set[str], text: str) -> set[str]:
    """Of ``dependencies`` those that ``text``, the source code, neither imports nor names."""
    installed = modules()
    return {
        name
        for name in dependencies - set(USED_BY_OTHERS)
        if not any(
            re.search(rf"(?m)^\s*(?:import|from) {module}\b|[\"']{module}[.\"']", text)
            for module in installed.get(name, set())
        )
    }


def source() -> str:
    files = [*ROOT.glob("riskreg/**/*.py"), *ROOT.glob("config/*.py"), ROOT / "manage.py"]
    return "\n".join(path.read_text() for path in files)


def listed() -> set[str]:
    """The libraries of ADR 1: the first cell of each row."""
    rows = re.findall(r"(?m)^\| ([^|]+) \|", (ROOT / "docs/adr/0001-libraries.md").read_text())
    cells = [part.strip().split(" ")[0] for row in rows for part in row.split(",")]
    return {cell for cell in cells if cell not in ("library", "---")}


def test_every_library_of_the_product_is_used() -> None:
    assert unused(of_the_product(), source()) == set()


def test_one_that_nothing_imports_is_found() -> None:
    assert unused({"polib"}, source()) == {"polib"}


def test_the_record_names_the_libraries_that_are_here_and_no_other() -> None:
    here = of_the_product() | names(PROJECT["dependency-groups"]["dev"])
    extras = {"brotli", "its"}  # come with a library of the same line
    assert listed() - extras == here

"""What several examples name."""

from typing import Any

from riskreg.kernel.fields import Table

OWNER = {"id": "5f0c1f0e-6f0b-4a53-9d0f-0d6d0f3d7a11", "name": "Overseas policy risk owner"}
ROOT = "http://127.0.0.1:8000/api/v1/registers/foton-catl/"


def page(*rows: Any) -> dict[str, Any]:
    """A page of a list with those rows and no other page."""
    return {"next": None, "previous": None, "results": list(rows)}


def example_of_table(table: Table, url: str) -> dict[str, Any]:
    """An answer about the noun of ``table``, as its fields say."""
    return {field.name: field.example for field in table} | {"url": ROOT + url}


# Of a register that calls its axes what they are called everywhere.
AXES: dict[str, Any] = {
    "across": "impact",
    "likelihood": {"name": "Likelihood", "names": {}},
    "impact": {"name": "Impact", "names": {}},
}

"""The demo is made by the same doors as everybody's register: what its loader calls to write, a
page, the API, the admin or a command calls as well."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "riskreg"
FACES = (ROOT / "web", ROOT / "api", *ROOT.glob("*/management/commands"))


def called(files: Iterator[Path]) -> set[str]:
    """Names of the services that these files import or call, wherever they are imported from."""
    found: set[str] = set()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    if name.name == "services" or ".services" in f"{node.module}.{name.name}.":
                        (modules if name.name == "services" else found).add(
                            name.asname or name.name
                        )
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
                    found.add(name)
    return found


def demo() -> set[str]:
    return called(f for f in (ROOT / "demo").rglob("*.py") if "management" not in f.parts)


def faces() -> set[str]:
    admin = called(ROOT.glob("*/admin.py"))
    return admin | called(
        f
        for folder in FACES
        for f in folder.rglob("*.py")
        if "demo" not in f.relative_to(ROOT).parts
    )


def test_the_loader_writes_by_what_a_face_calls_too() -> None:
    services = demo()
    assert {
        "create_or_complete_register",
        "create_risk",
        "record_review",
        "add_taxonomy",
    } <= services
    assert services - faces() == set()

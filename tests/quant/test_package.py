"""The package by itself: no Django, doctests, a README that works by copy and paste."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import riskreg.quant

FOLDER = Path(riskreg.quant.__file__).parent
MODULES = sorted(m.name for m in pkgutil.iter_modules([str(FOLDER)]))


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    module = importlib.import_module(f"riskreg.quant.{name}")
    result = doctest.testmod(module)
    assert result.failed == 0


def test_there_are_doctests() -> None:
    tried = sum(
        doctest.testmod(importlib.import_module(f"riskreg.quant.{name}")).attempted
        for name in MODULES
    )
    assert tried > 80


@pytest.mark.process
@pytest.mark.once
def test_importing_it_pulls_in_no_django() -> None:
    code = (
        "import sys, riskreg.quant;"
        "bad = [m for m in sys.modules if m.split('.')[0] in"
        " ('django', 'celery', 'altair', 'pandas', 'rest_framework')"
        " or m.startswith('riskreg.') and not m.startswith('riskreg.quant')];"
        "print(bad); sys.exit(bool(bad))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=FOLDER.parent.parent,
        env={"PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", MODULES)
def test_modules_import_only_numpy_scipy_and_the_package(name: str) -> None:
    tree = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module)
    foreign = {
        r
        for r in roots
        if not r.startswith("riskreg.quant")
        and r.split(".")[0] not in {"numpy", "scipy"}
        and r.split(".")[0] not in sys.stdlib_module_names
    }
    assert not foreign


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short_enough_to_read_in_a_sitting(name: str) -> None:
    assert len((FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 400


def test_every_public_name_says_what_it_is() -> None:
    for name in riskreg.quant.__all__:
        thing = getattr(riskreg.quant, name)
        assert inspect.getdoc(thing), name
        if inspect.isfunction(thing):
            signature = inspect.signature(thing)
            assert signature.return_annotation is not inspect.Signature.empty, name
            for parameter in signature.parameters.values():
                assert parameter.annotation is not inspect.Parameter.empty, (name, parameter)


def blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("path", ["riskreg/quant/README.md", "docs/quant.md"])
def test_what_the_texts_show_works_by_copy_and_paste(path: str) -> None:
    """Blocks run in order in one name space; a line `# → value` is what the line before gives."""
    text = FOLDER.parent.parent / path
    code = "\n".join(blocks(text))
    assert code.strip()
    space: dict[str, object] = {}
    lines = code.splitlines()
    pending: list[str] = []
    checked = 0
    for line in lines:
        if not line.startswith("# → "):
            pending.append(line)
            continue
        while pending and not pending[-1].strip():
            pending.pop()
        # The expression may span lines; everything before it runs first.
        tree = ast.parse("\n".join(pending))
        last = tree.body.pop()
        assert isinstance(last, ast.Expr), pending[-1]
        exec(compile(tree, path, "exec"), space)
        value = eval(compile(ast.Expression(last.value), path, "eval"), space)
        assert str(value) == line.removeprefix("# → "), pending[-1]
        pending = []
        checked += 1
    exec(compile("\n".join(pending), path, "exec"), space)
    assert checked >= 8


def test_every_picture_of_the_tutorial_is_there_and_drawn_by_the_script() -> None:
    docs = FOLDER.parent.parent / "docs"
    shown = set(re.findall(r"\(pictures/(\w+)\.svg\)", (docs / "quant.md").read_text("utf-8")))
    script = ast.parse((docs / "draw_pictures.py").read_text("utf-8"))
    functions = {node.name for node in script.body if isinstance(node, ast.FunctionDef)}
    assert len(shown) == 8
    assert shown <= functions
    for name in shown:
        assert (docs / "pictures" / f"{name}.svg").read_text("utf-8").startswith("<svg"), name

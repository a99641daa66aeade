"""Names of riskreg that stand as text and are there no more.

A rename finds imports; it does not find the key of a probe (``"risks/filters.py:_find"``), what a
test replaces (``"riskreg.web.errors.page"``, or ``setattr(errors, "page", …)``), what a worker is
told to load, or a program that a test writes as text: these fail only in the one run in which all
tests are run. Read from the source alone; nothing is imported.
"""

import ast
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("riskreg", "tests", "bench", "config", "tools")
# Where faults are planted, and fields added that are not there.
PLANTED = ("test_guards.py", "test_bench.py", "test_stale_names.py", "test_adding_a_field.py")
# What only looks like a name in riskreg: files, units, logs, salts and numbers of checks.
OTHERS = {
    "riskreg.W001", "riskreg.W002", "riskreg.W003", "riskreg.W004", "riskreg.W005",
    "riskreg.accounts.browser", "riskreg.backup", "riskreg.env", "riskreg.env.example",
    "riskreg.invitation", "riskreg.security", "riskreg.sqlite3",
    "riskreg.target",
}  # fmt: skip
_PLACE = re.compile(r"(?P<file>[a-z0-9_/]+\.py):(?P<name>[A-Za-z_]\w*)")
_DOTTED = re.compile(r"riskreg(\.[A-Za-z_]\w*)+")
_PROGRAM = re.compile(r"(?m)^\s*(from|import) riskreg\b")


def stale_names() -> list[str]:
    """A sentence for each."""
    return [
        f"{path.relative_to(ROOT)}, line {line}: {name} is not in riskreg; was it renamed?"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name not in PLANTED
        for line, name in stale_names_in(path.read_text(encoding="utf-8"))
    ]


def stale_names_in(source: str) -> Iterator[tuple[int, str]]:
    """The lines and names of a module's texts that name what there is not."""
    nodes = list(ast.walk(ast.parse(source)))
    # A part of a text that is put together is no name yet.
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, name) for name in _stale_in_text(node.value))
    ours = dict(_imports_of_ours(nodes))
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        name = _name_replaced(node, ours)
        if name and not _exists(name.split(".")):
            yield node.lineno, name


def _imports_of_ours(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """What a module calls a name of riskreg, and the whole name."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "riskreg":
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _name_replaced(call: ast.Call, ours: Mapping[str, str]) -> str | None:
    """What ``monkeypatch.setattr(module, "name", …)`` puts something else in the place of."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("setattr", "object"):
        return None
    match call.args:
        case [ast.Name(id=module), ast.Constant(value=str(name)), *_rest] if module in ours:
            return f"{ours[module]}.{name}"
    return None


def _stale_in_text(text: str) -> Iterator[str]:
    if place := _PLACE.fullmatch(text):
        if place["name"] not in _functions_in(place["file"]):
            yield text
    elif _DOTTED.fullmatch(text):
        if text not in OTHERS and not _exists(text.split(".")):
            yield text
    elif _PROGRAM.search(text):
        for name in _imported_by(text):
            if not _exists(name.split(".")):
                yield name


def _imported_by(program: str) -> Iterator[str]:
    try:
        tree = ast.parse(program)
    except SyntaxError:
        return  # Words about a program, or a part of one.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == "riskreg")


def _exists(parts: list[str]) -> bool:
    """Whether a dotted name leads to a package, a module, or what stands in one; what a class or
    an imported module has inside is looked for where its source says it."""
    path = ROOT
    for n, part in enumerate(parts):
        if (path / part).is_dir():
            path /= part
            continue
        module = path / f"{part}.py"
        if module.exists():
            return _has(module, parts[n + 1 :])
        return _has(path / "__init__.py", parts[n:])
    return True


def _has(module: Path, names: list[str]) -> bool:
    if not names:
        return True
    known = _names_in(module)
    if names[0] not in known:
        return False
    members = known[names[0]]
    return len(names) == 1 or members is None or names[1] in members


@functools.cache
def _names_in(module: Path) -> dict[str, frozenset[str] | None]:
    """What a module has, with the members of each class that has no other class before it."""
    found: dict[str, frozenset[str] | None] = {}
    if not module.exists():
        return found
    for node in _at_top(_parsed(module)):
        for name in _bound_by(node):
            found[name] = None
        if isinstance(node, ast.ClassDef) and not node.bases:
            found[node.name] = frozenset(
                name for part in ast.walk(node) for name in _bound_by(part)
            )
    return found


def _at_top(module: ast.Module) -> Iterator[ast.AST]:
    """The nodes of a module outside of its functions and classes, and these themselves."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.id if isinstance(node, ast.Name) else node.attr
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)


@functools.cache
def _functions_in(file: str) -> frozenset[str]:
    module = ROOT / "riskreg" / file
    if not module.exists():
        return frozenset()
    return frozenset(
        node.name for node in ast.walk(_parsed(module)) if isinstance(node, ast.FunctionDef)
    )


@functools.cache
def _parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))

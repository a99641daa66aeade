"""Draw signatures at random, for the trial “nobody has to ask” (CONTRIBUTING.md).

``python tools/signatures.py --seed N`` prints 60 functions and methods of riskreg, public and
private, by module and class, with their type hints and decorators and without docstring and body.
Where a decorator of riskreg changes what is given, the hint is that of what a caller gets.
``--answers`` prints where each stands and what its docstring says, to compare with afterwards.
"""

import argparse
import ast
import copy
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

ROOT = Path(__file__).resolve().parent.parent
COUNT = 60
# What a decorated function gives, and what its caller is given instead.
ReturnChange = tuple[ast.expr, ast.expr]


@dataclass(frozen=True)
class Signature:
    """A function or method as a reader meets it, and where to look it up."""

    place: str
    text: str
    answer: str


def signatures(package: Path = ROOT / "riskreg") -> list[Signature]:
    """All of them, in the order of files and lines; migrations and dunder methods are left out."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
        if "migrations" not in path.parts
    }
    changes = {name: found for tree in trees.values() for name, found in _return_changes(tree)}
    return [
        one for path, tree in trees.items() for one in _in_file(path, package.parent, tree, changes)
    ]


def _return_changes(tree: ast.Module) -> Iterator[tuple[str, ReturnChange]]:
    """The functions of a module that are decorators, or make one, as their type hints say."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.returns is None:
            continue
        taken = [argument.annotation for argument in node.args.args[:1]]
        for took, gives in (*((took, node.returns) for took in taken), _parts(node.returns)):
            inner, outer = _parts(took)[1], _parts(gives)[1]
            if inner is not None and outer is not None:
                yield node.name, (inner, outer)


def _parts(hint: ast.expr | None) -> tuple[ast.expr | None, ast.expr | None]:
    """Of ``Callable[[A], B]``: A, and B; of all else nothing."""
    if isinstance(hint, ast.Subscript) and ast.unparse(hint.value) == "Callable":
        takes, gives = cast(ast.Tuple, hint.slice).elts
        first = takes.elts[0] if isinstance(takes, ast.List) and takes.elts else None
        return first, gives
    return None, None


def _return_for_caller(node: ast.FunctionDef, changes: Mapping[str, ReturnChange]) -> str:
    gives = node.returns
    for decorator in reversed(node.decorator_list):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if gives is not None and isinstance(called, ast.Name) and called.id in changes:
            inner, outer = changes[called.id]
            gives = _WithTypes(dict(_types_in(inner, gives))).visit(copy.deepcopy(outer))
    return f" -> {ast.unparse(gives)}" if gives else ""


def _types_in(hint: ast.expr, is_in_fact: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """What each type variable of ``hint`` stands for."""
    if isinstance(hint, ast.Name) and hint.id != "Any":
        yield hint.id, is_in_fact
    elif isinstance(hint, ast.Subscript) and isinstance(is_in_fact, ast.Subscript):
        theirs = _elements(is_in_fact.slice)
        for n, each in enumerate(_elements(hint.slice)):
            # The rows of a queryset of which no more is said are its model's.
            yield from _types_in(each, theirs[min(n, len(theirs) - 1)])


def _elements(part: ast.expr) -> list[ast.expr]:
    return part.elts if isinstance(part, ast.Tuple) else [part]


class _WithTypes(ast.NodeTransformer):
    """Puts types in the places of the variables that stand for them."""

    def __init__(self, types: Mapping[str, ast.expr]) -> None:
        self.types = types

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.types.get(node.id, node)


def _in_file(
    path: Path, root: Path, tree: ast.Module, changes: Mapping[str, ReturnChange]
) -> Iterator[Signature]:
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    for owner in _owners(tree):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                within = f"{module}.{owner.name}" if isinstance(owner, ast.ClassDef) else module
                yield Signature(
                    place=f"{path.relative_to(root)}:{node.lineno}",
                    text=f"{within.removeprefix('riskreg.')}\n{_signature(node, changes)}",
                    answer=ast.get_docstring(node) or "(no docstring)",
                )


def _owners(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _signature(node: ast.FunctionDef, changes: Mapping[str, ReturnChange]) -> str:
    lines = [f"    @{ast.unparse(decorator)}" for decorator in node.decorator_list]
    returns = _return_for_caller(node, changes)
    return "\n".join([*lines, f"    def {node.name}({ast.unparse(node.args)}){returns}"])


def draw(found: list[Signature], seed: int, count: int = COUNT) -> list[Signature]:
    """``count`` of them; the same for the same seed and tree."""
    return random.Random(seed).sample(found, min(count, len(found)))


def main() -> None:
    """Print what is drawn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, required=True, help="what is drawn follows from it")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many ({COUNT})")
    parser.add_argument("--answers", action="store_true", help="with places and docstrings")
    given = parser.parse_args()
    for number, one in enumerate(draw(signatures(), given.seed, given.count), 1):
        print(f"{number}. {one.text}")
        if given.answers:
            print(f"    {one.place}: {one.answer}")


if __name__ == "__main__":
    main()

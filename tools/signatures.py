"""Draw signatures at random, for the trial “nobody has to ask” (CONTRIBUTING.md).

``python tools/signatures.py --seed N`` prints 60 functions and methods of riskreg, public and
private, by module and class, with their type hints and decorators and without docstring and body.
``--answers`` prints where each stands and what its docstring says, to compare with afterwards.
"""

import argparse
import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COUNT = 60


@dataclass(frozen=True)
class Signature:
    """A function or method as a reader meets it, and where to look it up."""

    place: str
    text: str
    answer: str


def signatures(package: Path = ROOT / "riskreg") -> list[Signature]:
    """All of them, in the order of files and lines; migrations and dunder methods are left out."""
    found: list[Signature] = []
    for path in sorted(package.rglob("*.py")):
        if "migrations" not in path.parts:
            found += _in_file(path, package.parent)
    return found


def _in_file(path: Path, root: Path) -> Iterator[Signature]:
    module = ".".join(path.relative_to(root).with_suffix("").parts)
    for owner in _owners(ast.parse(path.read_text(encoding="utf-8"))):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("__"):
                within = f"{module}.{owner.name}" if isinstance(owner, ast.ClassDef) else module
                yield Signature(
                    place=f"{path.relative_to(root)}:{node.lineno}",
                    text=f"{within.removeprefix('riskreg.')}\n{_signature(node)}",
                    answer=ast.get_docstring(node) or "(no docstring)",
                )


def _owners(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef]:
    yield tree
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _signature(node: ast.FunctionDef) -> str:
    lines = [f"    @{ast.unparse(decorator)}" for decorator in node.decorator_list]
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
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

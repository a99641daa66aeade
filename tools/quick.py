"""The quick look before a commit: style, floors, and the tests of what a change touches.

Changed is what differs from the last commit and, on a branch, from where it left main; on main
without a change, the last commit. Only tests at level unit and database run, on SQLite, and none
that is marked slow. ``ALL=1`` runs them for everything. The whole is ``make test``.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QUICK = "(unit or database) and not slow and not postgres"
# What no single room owns: a change of it is looked at by the tests of the house itself.
HOUSE = "tests/architecture"


def changed_files() -> list[str]:
    """Paths that differ, new ones too; files that are gone are not among them."""

    def git(*arguments: str) -> list[str]:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.split("\n")[:-1] if done.returncode == 0 else []

    names = git("diff", "--name-only", "HEAD") + git("ls-files", "--others", "--exclude-standard")
    left = git("merge-base", "HEAD", "main")
    if left:
        names += git("diff", "--name-only", left[0], "HEAD")
    names = names or git("diff", "--name-only", "HEAD~1", "HEAD")
    return sorted({name for name in names if (ROOT / name).exists()})


def imported_by(path: Path) -> set[str]:
    """Dotted names that the file imports; ``from a import b`` gives ``a`` and ``a.b``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def choose_tests(changed: Iterable[str]) -> list[str]:
    """Test files, or folders of them, that look at the ``changed`` files."""
    found: set[str] = set()
    for name in changed:
        found |= _tests_of(Path(name), _imports())
    # A folder holds its files.
    return sorted(f for f in found if not any(f.startswith(f"{other}/") for other in found))


@cache
def _imports() -> dict[str, set[str]]:
    return {str(path.relative_to(ROOT)): imported_by(path) for path in ROOT.glob("tests/**/*.py")}


def _tests_of(path: Path, imports: dict[str, set[str]]) -> set[str]:
    tests = {name for name in imports if Path(name).name.startswith("test_")}
    if path.parts[0] == "tests":
        if str(path) in tests:
            return {str(path)}
        if path.suffix != ".py" or len(path.parts) == 2:
            return {HOUSE}
        return {str(path.parent)}
    if path.parts[0] == "templates" or "static" in path.parts:
        return _named("tests/web", path, tests) or {"tests/web"}
    if path.parts[0] != "riskreg" or path.suffix != ".py" or len(path.parts) < 3:
        return {HOUSE}
    module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    package = module.rpartition(".")[0] if module.count(".") > 2 else module
    room = f"tests/{path.parts[1]}"
    own = {t for t in tests if t.startswith(f"{room}/") and imports[t] & {module, package}}
    own |= _named(room, path, tests)
    if not own and (ROOT / room).is_dir():
        own = {room}
    return (own | {t for t in tests if module in imports[t]}) or {HOUSE}


def _named(folder: str, path: Path, tests: set[str]) -> set[str]:
    """Tests in ``folder`` named after the file or a folder it is in, in the singular or plural."""
    nouns = {Path(part).stem.removesuffix("s") for part in path.parts[1:] if len(part) > 3}
    nouns -= {"web", "template", "static", "service", "querie", "list", "detail", "form", "page"}
    return {
        test
        for test in tests
        if test.startswith(f"{folder}/")
        and any(noun in Path(test).stem.removeprefix("test_") for noun in nouns)
    }


def main() -> int:
    """Style first, as it takes no time; then the tests. The first that fails ends it."""
    everything = os.environ.get("ALL", "0") not in ("", "0")
    changed = changed_files()
    python = [sys.executable, "-m"]
    steps = [
        [*python, "ruff", "check", "-q", "."],
        [*python, "ruff", "format", "--check", "-q", "."],
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"],
    ]
    if templates := [name for name in changed if name.endswith(".html")]:
        steps.append([*python, "djlint", "--quiet", "--lint", *templates])
    chosen = ["tests"] if everything else choose_tests(changed)
    print("looks at: " + ", ".join(chosen), flush=True)
    tests = [*python, "pytest", "-q", "-m", QUICK, "--dist=loadgroup"]
    # A process of pytest costs more to start than a few files take.
    workers = str(os.cpu_count() or 1) if everything or len(chosen) > 8 else "0"
    steps.append([*tests, "-n", workers, *chosen])
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    for step in steps:
        done = subprocess.run(step, cwd=ROOT, env=environment, check=False)
        if done.returncode and not (step is steps[-1] and done.returncode == 5):
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Everything that can be said about the code without running its tests; each check by its name.

``python tools/check.py NAME …`` runs only those. All run even when one fails.
"""

import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import guards
import locks
import stale_names
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "check-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "register.example",
    "BASE_URL": "https://register.example",
    "EMAIL_URL": "files:",
    "REDIS_URL": "redis://127.0.0.1:6399/0",
}
# Names that would tie the project to the place where it was made or fetched from.
_FOREIGN = re.compile(r"--index-url|--find-links|--extra-index|file://|https?://")


def command(*arguments: str, env: dict[str, str] | None = None) -> bool:
    """Run a program from the environment; True when it is content."""
    program = [str(BIN / arguments[0]), *arguments[1:]]
    return (
        subprocess.run(program, cwd=ROOT, env={**os.environ, **(env or {})}, check=False).returncode
        == 0
    )


def manage(*arguments: str, env: dict[str, str] | None = None) -> bool:
    """Run ``manage.py`` with ``env`` added."""
    return command("python", "manage.py", *arguments, env=env)


def pins(lock: str) -> dict[str, Version]:
    """Name to version of every line that pins a package."""
    return {
        name.lower().replace("_", "-"): Version(version)
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock)
    }


def lock() -> bool:
    """The lock files satisfy pyproject.toml, carry hashes, and no address."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {file.name: locks.asked_for(*extras) for file, extras in locks.PARTS.items()}
    wanted["requirements.lock"] = locks.asked_for("worker") + project["dependency-groups"]["dev"]
    faults = []
    for name, dependencies in wanted.items():
        text = (ROOT / name).read_text()
        found = pins(text)
        for line in dependencies:
            need = Requirement(line)
            have = found.get(need.name.lower().replace("_", "-"))
            if have is None or have not in need.specifier:
                faults.append(f"{name}: {line} is not what is locked ({have}); run make lock")
        if _FOREIGN.search(text):
            faults.append(f"{name}: carries an address")
        blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
        faults += [f"{name}: no hash: {block.split()[0]}" for block in blocks
                   if "==" in block and "--hash=sha256:" not in block]  # fmt: skip
    for file, extras in locks.PARTS.items():
        if file.read_text() != locks.part_of(locks.WHOLE.read_text(), locks.asked_for(*extras)):
            faults.append(f"{file.name} is no part of requirements.lock; run tools/locks.py")
    print("\n".join(faults) or "the lock files are what pyproject.toml asks for")
    return not faults


def house() -> bool:
    """What import-linter cannot say: see ``guards`` and ``stale_names``; and rooms below the faces
    know no HTTP."""
    found = [fault for guard in guards.GUARDS for fault in guards.faults(guard)]
    found += guards.long_files(*guards.BESIDE_THE_ROOMS)
    for path, tree in guards.modules():
        if path.parts[0] not in {*guards.FACES, "up", "accounts", "kernel", "requests"}:
            found += [f"{path}: {fault}" for fault in guards.knows_http(tree)]
    found += stale_names.stale_names()
    print("\n".join(found) or "policies are pure, services alone write, faces ask, files are short")
    return not found


def templates() -> bool:
    """What djlint finds in them, and lines that nobody can read."""
    wide = guards.wide_lines()
    print("\n".join(wide) or f"no line of a template is wider than {guards.WIDEST}")
    return command("djlint", "templates", "--lint", "--quiet") and not wide


def migrations() -> bool:
    """They are all written, and the version before this one can live on their tables."""
    written = manage("makemigrations", "--check", "--dry-run")
    return command("python", "tools/upgrades.py") and written


CHECKS: dict[str, Callable[[], bool]] = {
    "style": lambda: command("ruff", "check", "."),
    "format": lambda: command("ruff", "format", "--check", "."),
    "floors": lambda: command("lint-imports", "--no-logo"),
    "house": house,
    "types": lambda: command("mypy"),
    "templates": templates,
    "migrations": migrations,
    "deploy": lambda: manage("check", "--deploy", "--fail-level", "WARNING", env=PRODUCTION),
    "messages": lambda: command("python", "tools/messages.py", "--check"),
    "lock": lock,
}


def main() -> int:
    """Run the named checks, or all; 1 when one fails."""
    names = sys.argv[1:] or list(CHECKS)
    failed = []
    for name in names:
        print(f"-- {name}", flush=True)
        begun = time.monotonic()
        good = CHECKS[name]()
        print(f"   {'ok' if good else 'FAILED'} ({time.monotonic() - begun:.1f} s)", flush=True)
        if not good:
            failed.append(name)
    print("checks: " + ("all ok" if not failed else "FAILED: " + ", ".join(failed)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

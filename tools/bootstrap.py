"""Build .venv from requirements.lock: exactly the locked versions, each checked by its hash.

Needs only Python 3.11 or newer. Uses uv from PATH when it is there; else a uv taken from the lock
itself; else pip, which is slower. Run by ``make``; a stamp file makes the second run free.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = sys.platform == "win32"


def venv_python(venv: Path) -> Path:
    """The interpreter inside ``venv``."""
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def locked_block(lock: str, name: str) -> str:
    """The lines of ``lock`` that pin ``name`` with its hashes; empty when it is not locked."""
    lines: list[str] = []
    for line in lock.splitlines():
        if line.startswith(f"{name}=="):
            lines = [line]
        elif lines and line.startswith("    --hash="):
            lines.append(line)
        elif lines:
            break
    return "\n".join(lines).rstrip("\\ ")


def run(*command: str | Path) -> bool:
    """Run a command with its output shown; True when it succeeds."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode == 0


def find_uv(venv: Path, lock: str) -> str | None:
    """A usable uv: from PATH, or the locked one put into ``venv``; None when neither works."""
    uv = shutil.which("uv")
    if uv and run(uv, "--version"):
        return uv
    block = locked_block(lock, "uv")
    if not block:
        return None
    with tempfile.TemporaryDirectory() as folder:
        only_uv = Path(folder) / "uv.txt"
        only_uv.write_text(block + "\n")
        pip = (venv_python(venv), "-m", "pip", "install", "-q", "--disable-pip-version-check")
        if not run(*pip, "--require-hashes", "--no-deps", "-r", only_uv):
            return None
    inside = venv_python(venv).with_name("uv.exe" if WINDOWS else "uv")
    return str(inside) if inside.exists() else None


def main() -> int:
    """Build or update the environment; 0 on success, 1 with one line on failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.lock")
    options = parser.parse_args()
    if sys.version_info < (3, 11):  # noqa: UP036  it may be run by hand
        print("riskreg needs Python 3.11 or newer; this is", sys.version.split()[0])
        return 1
    venv: Path = options.venv
    lock = options.lock.read_text()
    print(f"building {venv.name} with Python {sys.version.split()[0]}", flush=True)
    if not venv_python(venv).exists() and not run(sys.executable, "-m", "venv", venv):
        print("The virtual environment cannot be made; is the venv module of Python installed?")
        return 1
    python = venv_python(venv)
    if not run(
        python, "-c", "import importlib.util as u; raise SystemExit(not u.find_spec('pip'))"
    ) and not run(python, "-m", "ensurepip"):
        print("There is no pip in the virtual environment, and Python cannot put one there.")
        return 1
    uv = find_uv(venv, lock)
    done = uv is not None and run(
        uv, "pip", "install", "-q", "--require-hashes", "--python", python, "-r", options.lock
    )
    if not done:
        done = run(
            python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
            "--require-hashes", "-r", options.lock,
        )  # fmt: skip
    if not done:
        print("The packages of requirements.lock could not be installed; the lines above say why.")
        return 1
    (venv / ".stamp").write_text(hashlib.sha256(lock.encode()).hexdigest() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Run the tests of the version before on tables that this version made: for a release.

``python tools/previous_version.py [TESTS …]`` takes the code of the commit that
``riskreg/operations/released.json`` names out of the clone's history, makes a PostgreSQL database
with this version's migrations, and lets the old tests copy theirs from it. Exit code 1 when one
fails. In a clone without that commit it says so and does nothing.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from postgres import cluster, end_on_sigterm
from upgrades import released

ROOT = Path(__file__).resolve().parent.parent
# People's ways through pages and API, what every service writes, and the engine.
JOURNEYS = (
    "tests/web", "tests/api", "tests/accounts", "tests/register", "tests/risks", "tests/reviews",
    "tests/indicators", "tests/decisions", "tests/reminders", "tests/notify", "tests/duties",
)  # fmt: skip
# These look at migrations themselves.
LEFT_OUT = ("test_migrations.py", "test_sharing.py", "test_drafts.py", "test_schemathesis.py")
NAME_OF_TEMPLATE = """
import django; django.setup()
from tests import migrated
print(migrated.kept().stem.replace("-", "_"))
"""


def taken_out(commit: str, folder: Path) -> bool:
    """Whether the code of ``commit`` is in ``folder`` now; False where the clone has it not."""
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        return False
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def run(old: Path, server: str, tests: list[str]) -> int:
    """The old tests' exit code."""
    env = {
        **os.environ, "DATABASE_URL": server, "DJANGO_SETTINGS_MODULE": "config.settings",
        "VAR_DIR": str(old / "var"), "PYTHONPYCACHEPREFIX": str(old / "var" / "pycache"),
    }  # fmt: skip
    name = subprocess.run(
        [sys.executable, "-c", NAME_OF_TEMPLATE], cwd=old, env=env, check=True, text=True,
        stdout=subprocess.PIPE,
    ).stdout.split()[-1]  # fmt: skip
    parts = urlsplit(server)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, check=True,
        env={**env, "DATABASE_URL": parts._replace(path=f"/{name}").geturl()},
    )  # fmt: skip
    left_out = [f"--ignore-glob=*{name}" for name in LEFT_OUT]
    wanted = [test for test in tests or JOURNEYS if (old / test.split("::")[0]).exists()]
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
    return subprocess.run(
        [*pytest, *left_out, "-m", "not browser and not process", *wanted], cwd=old, env=env,
        check=False,
    ).returncode  # fmt: skip


def main() -> int:
    """Take the old code, make the new tables, run the one on the other."""
    end_on_sigterm()
    commit = released()["commit"]
    with tempfile.TemporaryDirectory(prefix="riskreg-before-") as folder:
        old = Path(folder)
        if not taken_out(commit, old):
            print(f"left out: this clone does not have {commit[:12]}")
            return 0
        with cluster() as server:
            return run(old, server, sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

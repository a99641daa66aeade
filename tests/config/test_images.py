"""The two images: which program runs in which, and that the web runs with what its lock pins.

Docker itself is nothing that these tests ask for: the Dockerfile is read, and an environment of
just the web's packages is linked together from what is installed here.
"""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from locked import read_lock  # noqa: E402

from riskreg.up.probe import probe  # noqa: E402
from tests import migrated  # noqa: E402

pytestmark = pytest.mark.once
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def stages() -> dict[str, tuple[str, str]]:
    """{name: (what it is built from, its lines)}, in order."""
    found = re.findall(r"(?ms)^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE)
    return {name: (base, lines) for base, name, lines in found}


def test_each_service_runs_the_image_that_has_what_it_needs() -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    targets = {name: service["build"]["target"] for name, service in ours.items()}
    assert targets == {
        "web": "web", "beat": "web", "migrate": "web", "worker": "worker", "backup": "worker",
    }  # fmt: skip
    # One name for each image, or one would be built over the other.
    assert {(targets[name], service["image"]) for name, service in ours.items()} == {
        ("web", "riskreg-web:local"), ("worker", "riskreg-worker:local"),
    }  # fmt: skip


def test_each_image_installs_its_lock_by_hash_and_tells_it() -> None:
    found = stages()
    assert list(found) == ["build", "web", "worker"], "without a target, the last one is built"
    assert found["worker"][0] == "web"
    assert "COPY --from=build /opt/venv /opt/venv" in found["web"][1]
    for name, lock in (("build", "web"), ("worker", "runtime")):
        lines = found[name][1].replace("\\\n", " ")
        assert re.findall(r"requirements\.(\w+)\.lock", lines) == [lock] * 3, name
        assert re.search(rf"pip install .*--require-hashes .*-r /tmp/requirements\.{lock}", lines)
        assert re.search(rf"sbom\.py .*--lock /tmp/requirements\.{lock}\.lock", lines)
    # Whoever builds as root runs as nobody.
    assert all(re.findall(r"(?m)^USER (\w+)", found[name][1])[-1] == "riskreg"
               for name in ("web", "worker"))  # fmt: skip


def test_threads_of_a_worker_stay_below_its_limit_on_many_cores() -> None:
    """OpenBLAS, which NumPy and SciPy each bring, begins one for each core of the host."""
    assert "ENV OPENBLAS_NUM_THREADS=1" in stages()["worker"][1]


def test_what_is_copied_is_not_ignored() -> None:
    let_through = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"
    }
    copied = {
        name
        for line in re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", DOCKERFILE)
        for name in line.split()
    }
    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)


def packages() -> Path:
    """A folder of just the web's packages, as they are installed here: always the same one, so that
    what Python compiled of it is found by the next run."""
    folder = ROOT / "var" / "tests" / "packages-of-the-web"
    wanted = {}
    for pin in read_lock(ROOT / "requirements.web.lock"):
        if pin.marker and not Marker(pin.marker).evaluate():
            continue
        distribution = metadata.distribution(pin.name)
        assert distribution.version == pin.version
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            wanted[top] = str(distribution.locate_file(top))
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_symlink() and wanted.get(path.name) != str(path.readlink()):
            path.unlink()
    for name, target in wanted.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
    return folder


@pytest.fixture
def web_alone(tmp_path: Path) -> dict[str, str]:
    """Variables with which a Python sees the web's packages alone."""
    return {
        "PATH": "/usr/bin:/bin", "PYTHONPATH": str(packages()), "LC_ALL": "C.UTF-8", "DEBUG": "0",
        "SECRET_KEY": "test-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "ALLOWED_HOSTS": "register.example", "BASE_URL": "https://register.example",
        "EMAIL_URL": "files:", "VAR_DIR": str(tmp_path), "STATIC_ROOT": str(tmp_path / "static"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/alone.sqlite3", "WEB_WORKERS": "1",
        "SECURE_SSL_REDIRECT": "0",
        "PYTHONPYCACHEPREFIX": str(ROOT / "var" / "pycache"),
    }  # fmt: skip


def python(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    # -S: without the packages of the environment that the tests run in.
    return subprocess.run(
        [sys.executable, "-S", *arguments], cwd=ROOT, env=env, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def server(web_alone: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a web server that has the web's packages alone."""
    migrated.copy_to(tmp_path / "alone.sqlite3")
    for command in (["migrate", "-v", "0"], ["collectstatic", "--noinput", "-v", "0"]):
        done = python(web_alone, "manage.py", *command)
        assert done.returncode == 0, done.stderr
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with (tmp_path / "log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-S", "-m", "gunicorn", "config.wsgi:application",
             "-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}"],
            cwd=ROOT, env=web_alone, stdout=out, stderr=out,
        )  # fmt: skip
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.mark.process
@pytest.mark.slow
def test_the_web_runs_with_its_own_packages(server: str, web_alone: dict[str, str]) -> None:
    end, status = time.monotonic() + 120, 0
    while status != 200 and time.monotonic() < end:
        status = probe(f"{server}/healthz", host="register.example")[0]
        time.sleep(0.1)
    for path in ("/healthz", "/accounts/login/", "/api/schema/"):
        status, text = probe(f"{server}{path}", host="register.example", timeout=60)
        assert status == 200, (path, text)
    # Beat, and whatever command is run in that image, has every task and is without what is not
    # there.
    code = (
        "from config import celery_app as app; app.loader.import_default_modules(); "
        "import importlib.util as u; "
        "print(len([n for n in app.tasks if not n.startswith('celery.')]), "
        "[n for n in ('numpy', 'scipy', 'pptx', 'lxml') if u.find_spec(n)])"
    )
    done = python(web_alone, "-c", code)
    assert done.returncode == 0, done.stderr
    count, _blank, found = done.stdout.strip().splitlines()[-1].partition(" ")
    assert int(count) > 10
    assert found == "[]"

"""The units for systemd in docs/deploy start what docker-compose.yml starts."""

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "deploy"
# Where a host differs from a container.
ELSEWHERE = {
    "0.0.0.0:8000": "127.0.0.1:8000",
    "/tmp/beat-schedule": "/var/lib/riskreg/beat-schedule",
}


def unit(name: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(EXAMPLES / f"riskreg-{name}.service")
    return found


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_a_unit_runs_the_command_of_the_container(name: str) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    wanted = [ELSEWHERE.get(part, part) for part in services[name]["command"]]
    program, *arguments = shlex.split(unit(name)["Service"]["ExecStart"])
    assert [Path(program).name, *arguments] == wanted
    assert unit(name)["Service"]["User"] == "riskreg"
    assert unit(name)["Unit"]["PartOf"] == "riskreg.target"


def test_the_target_starts_all_of_them() -> None:
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.read(EXAMPLES / "riskreg.target")
    there = {path.name for path in EXAMPLES.glob("*.service")}
    assert set(found["Unit"]["wants"].split()) == there
    assert len(there) == 3


def test_the_variables_of_the_example_are_those_of_the_guide() -> None:
    guide = (ROOT / "docs" / "operators.md").read_text()
    table = guide.partition("<!-- variables -->")[2].partition("<!-- /variables -->")[0]
    known = set(re.findall(r"(?m)^\| `(\w+)`", table))
    lines = (EXAMPLES / "riskreg.env.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    assert {"SECRET_KEY", "TRUST_PROXY_HEADERS"} <= named <= known


@pytest.mark.process
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check"],
        ["-m", "celery", "-A", "config", "report"],
    ],
    ids=["command", "worker"],
)
def test_what_is_no_web_server_needs_no_folder_of_counters(
    command: list[str], tmp_path: Path
) -> None:
    """The units and the image name one for all, and web alone makes it."""
    folder = tmp_path / "run" / "metrics"
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert not folder.exists()


@pytest.mark.process
def test_a_command_has_the_user_and_the_variables_of_the_services(tmp_path: Path) -> None:
    """Values as systemd takes them: whatever a shell would make of them."""
    script = (EXAMPLES / "riskreg-manage").read_text()
    assert "/etc/riskreg/riskreg.env" in unit("web")["Service"]["EnvironmentFile"]
    (tmp_path / "riskreg.env").write_text(
        "# a comment\n\nDEBUG=0\nDATABASE_URL=postgres://u:p$w&x`d@h/n?a=b\nEMAIL_URL=\n"
        "DATABASE_POOLER=1\nOPERATOR_MAIL=night@example\nLOG_LEVEL=INFO\nLOG_LEVEL=ERROR\n"
    )
    (tmp_path / "setpriv").write_text('#!/bin/sh\npwd\nprintf "%s\\n" "$@"\nenv\n')
    (tmp_path / "setpriv").chmod(0o755)
    (tmp_path / "other").mkdir()
    changed = script.replace("/etc/riskreg/", f"{tmp_path}/").replace("/opt/riskreg", str(ROOT))
    assert changed.count(str(tmp_path)) == 1
    done = subprocess.run(
        ["/bin/sh", "-c", changed, "riskreg-manage", "--in", str(tmp_path / "other"), "migrate"],
        # As behind a pooler, which migrations go past; an empty value is one, too.
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "DATABASE_POOLER": "0", "OPERATOR_MAIL": ""},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == str(tmp_path / "other")
    given = ["--reuid=riskreg", "--regid=riskreg", "--init-groups", ".venv/bin/python"]
    assert lines[1:7] == [*given, "manage.py", "migrate"]
    assert {"DEBUG=0", "DATABASE_URL=postgres://u:p$w&x`d@h/n?a=b", "EMAIL_URL="} <= set(lines)
    assert {"DATABASE_POOLER=0", "OPERATOR_MAIL=", "LOG_LEVEL=ERROR"} <= set(lines)

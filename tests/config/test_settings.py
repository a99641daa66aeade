"""Settings come from the environment alone; production refuses to start on missing values."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DEBUG": "0",
    "SECRET_KEY": "test-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "register.example",
    "BASE_URL": "https://register.example",
}


def variables() -> set[str]:
    """Every environment variable that the code reads."""
    settings = (ROOT / "config" / "settings.py").read_text()
    found = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings))
    for path in [*(ROOT / "config").glob("*.py"), *(ROOT / "riskreg").rglob("*.py")]:
        found |= set(re.findall(r"os\.environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text()))
    return found - {"DJANGO_SETTINGS_MODULE"}


def run(var_dir: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in variables()}
    # The browser tests set this for their own process, which may be this one.
    clean.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**clean, "VAR_DIR": str(var_dir), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "insecure-local-development-key-never-for-production"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "short"}, ["SECRET_KEY"]),
        ({"ALLOWED_HOSTS": ""}, ["ALLOWED_HOSTS"]),
        ({"ALLOWED_HOSTS": "*"}, ["ALLOWED_HOSTS"]),
        ({"BASE_URL": ""}, ["BASE_URL"]),
        ({"BASE_URL": "http://register.example"}, ["BASE_URL"]),
        (
            {"SECRET_KEY": "", "ALLOWED_HOSTS": "", "BASE_URL": ""},
            ["SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL"],
        ),
    ],
)
def test_production_refuses_to_start_and_says_which(
    tmp_path: Path, change: dict[str, str], named: list[str]
) -> None:
    result = run(tmp_path, "check", **{**GOOD, **change})
    assert result.returncode != 0
    said = result.stderr.strip().splitlines()[-1]
    listed = re.search(r"DEBUG=0 needs these set to real values: (.*?)\.", said)
    assert listed is not None, said
    assert listed.group(1).split(", ") == named


def test_production_that_is_complete_has_no_deployment_warning(tmp_path: Path) -> None:
    result = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **GOOD)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


def test_with_no_variable_set_it_is_a_working_local_system(tmp_path: Path) -> None:
    result = run(tmp_path, "check")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("env", "expected"), [({}, "True False"), ({"DEBUG": "1"}, "True True"), (GOOD, "False False")]
)
def test_error_pages_show_no_trace_unless_asked_for(
    tmp_path: Path, env: dict[str, str], expected: str
) -> None:
    code = "from django.conf import settings as s; print('is', s.LOCAL, s.DEBUG)"
    result = run(tmp_path, "shell", "-v", "0", "-c", code, **env)
    assert f"is {expected}" in result.stdout, result.stderr


def test_every_variable_is_in_the_operators_table_and_no_other() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    table = text.split("<!-- variables -->")[1].split("<!-- /variables -->")[0]
    assert set(re.findall(r"(?m)^\| `([A-Z_]+)`", table)) == variables()


def test_compose_sets_only_variables_that_exist_and_no_secret_has_a_default() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"postgres", "valkey", "migrate", "web", "worker", "beat"}
    for name in ("migrate", "web", "worker", "beat"):
        assert set(services[name]["environment"]) <= variables()
        assert services[name]["read_only"] is True
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"):
        uses = re.findall(r"\$\{" + secret + r"[^}]*\}", text)
        assert uses
        assert all(use.startswith("${" + secret + ":?") for use in uses)


def test_every_compose_service_that_stays_up_has_a_health_check() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, service in services.items():
        if name != "migrate":
            assert service["healthcheck"]["test"], name

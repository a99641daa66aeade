"""Settings come from the environment alone; production refuses to start on missing values."""

import functools
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import celery, gunicorn

# Each process is given its own database by name, or none.
pytestmark = pytest.mark.once
ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "DEBUG": "0",
    "SECRET_KEY": "test-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "register.example",
    "BASE_URL": "https://register.example",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "REDIS_URL": "redis://:password@valkey.example:6379/0",
}


@functools.cache
def variables() -> frozenset[str]:
    """Every environment variable that the code reads."""
    found: set[str] = set()
    for path in (ROOT / "config").glob("*.py"):
        found |= set(re.findall(r"\benv\.\w+\(\s*\"([A-Z_]+)\"", path.read_text()))
    for path in [*(ROOT / "config").glob("*.py"), *(ROOT / "riskreg").rglob("*.py")]:
        found |= set(re.findall(r"os\.environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", path.read_text()))
    return frozenset(found - {"DJANGO_SETTINGS_MODULE"})


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


@pytest.mark.process
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
    [message] = result.stderr.strip().splitlines()
    listed = re.search(r"DEBUG=0 needs these set to real values: (.*?)\.", message)
    assert listed is not None, message
    assert listed.group(1).split(", ") == named


@pytest.mark.process
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "migrate"],
        ["-m", "celery", "-A", "config", "report"],
        ["-m", "gunicorn", "config.wsgi", "-c", "config/gunicorn.py", "--check-config"],
    ],
    ids=["command", "worker", "web"],
)
def test_a_wrong_variable_is_one_line_of_every_program(command: list[str], tmp_path: Path) -> None:
    """A unit starts its program again every two seconds: a trace each time would bury the line."""
    clean = {key: value for key, value in os.environ.items() if key not in variables()}
    env = {**clean, **GOOD, "VAR_DIR": str(tmp_path), "PROXY_HOPS": "two"}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, check=False, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert done.stderr.strip() == "PROXY_HOPS is a whole number of at least 1, not 'two'"


@pytest.mark.process
def test_production_that_is_complete_has_no_deployment_warning(tmp_path: Path) -> None:
    result = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **GOOD)
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout


@pytest.mark.process
@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"ALLOWED_HOSTS": "register.example"}, {"SECRET_KEY", "BASE_URL"}),
        ({"ALLOWED_HOSTS": "127.0.0.1,register.example"}, {"SECRET_KEY", "BASE_URL"}),
        ({"ALLOWED_HOSTS": "*"}, {"SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL"}),
        ({"BASE_URL": "https://register.example"}, {"SECRET_KEY", "ALLOWED_HOSTS"}),
        ({"BASE_URL": "http://10.1.2.3:8000"}, {"SECRET_KEY", "ALLOWED_HOSTS", "BASE_URL"}),
        ({"ALLOWED_HOSTS": "register.example", "DEBUG": "1"}, {"SECRET_KEY"}),
    ],
)
def test_a_foreign_host_name_without_a_word_on_debug_does_not_start_on_defaults(
    tmp_path: Path, env: dict[str, str], named: set[str]
) -> None:
    result = run(tmp_path, "check", **env)
    assert result.returncode != 0
    [message] = result.stderr.strip().splitlines()
    listed = re.search(r"needs these set to real values: (.*?)\.", message)
    assert listed is not None, message
    assert set(listed.group(1).split(", ")) == named


@pytest.mark.process
def test_with_a_foreign_host_name_the_safe_state_is_the_default_one(tmp_path: Path) -> None:
    env = {key: value for key, value in GOOD.items() if key != "DEBUG"}
    code = (
        "from django.conf import settings as s; print('is', s.LOCAL, s.DEBUG, "
        "s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SHOW_DEMO_ACCOUNTS)"
    )
    result = run(tmp_path, "shell", "-v", "0", "-c", code, **env)
    assert "is False False True True False" in result.stdout, result.stderr


@pytest.mark.process
@pytest.mark.parametrize(
    "env",
    [
        {"ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]", "BASE_URL": "http://localhost:8123"},
        {"BASE_URL": "http://[::1]:8123/"},
    ],
)
def test_names_of_this_machine_leave_it_local(tmp_path: Path, env: dict[str, str]) -> None:
    code = "from django.conf import settings as s; print('is', s.LOCAL)"
    assert "is True" in run(tmp_path, "shell", "-v", "0", "-c", code, **env).stdout


@pytest.mark.process
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"BASE_URL": "https://other.example"}, "BASE_URL names other.example"),
        ({"REDIS_URL": ""}, "REDIS_URL is not set"),
        ({"OPERATOR_MAIL": "ops@register.example,night"}, "OPERATOR_MAIL: 'night' is no"),
        ({"DEFAULT_FROM_EMAIL": "riskreg"}, "DEFAULT_FROM_EMAIL: 'riskreg' is no"),
        ({"ENGINE_DEAD_SECONDS": "600"}, "ENGINE_DEAD_SECONDS is 600"),
    ],
)
def test_what_does_not_fit_or_was_forgotten_is_told_beforehand(
    change: dict[str, str], told: str, tmp_path: Path
) -> None:
    result = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **{**GOOD, **change})
    assert result.returncode != 0
    assert told in result.stderr


@pytest.mark.process
def test_production_without_mail_says_so(tmp_path: Path) -> None:
    env = {**GOOD, "EMAIL_URL": ""}
    result = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **env)
    assert result.returncode != 0
    assert "EMAIL_URL is not set" in result.stderr
    # Files are fine where somebody has asked for them.
    meant = {**GOOD, "EMAIL_URL": "files:"}
    result = run(tmp_path, "check", "--deploy", "--fail-level", "WARNING", **meant)
    assert result.returncode == 0, result.stderr
    code = "from django.conf import settings as s; print('is', s.EMAIL_BACKEND)"
    message = run(tmp_path, "shell", "-v", "0", "-c", code, **meant).stdout
    assert "is django.core.mail.backends.filebased.EmailBackend" in message
    # At home it is what everybody expects.
    assert "no issues" in run(tmp_path, "check").stdout


@pytest.mark.process
def test_with_no_variable_set_it_is_a_working_local_system(tmp_path: Path) -> None:
    result = run(tmp_path, "check")
    assert result.returncode == 0, result.stderr


@pytest.mark.process
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
    assert set(services) == {"postgres", "valkey", "migrate", "web", "worker", "beat", "backup"}
    for name in ("migrate", "web", "worker", "beat"):
        assert set(services[name]["environment"]) == variables() - OF_THE_IMAGE
        assert services[name]["read_only"] is True
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"):
        uses = re.findall(r"\$\{" + secret + r"[^}]*\}", text)
        assert uses
        assert all(use.startswith("${" + secret + ":?") for use in uses)


# What the image or "manage.py up" sets, and no operator of a container does.
OF_THE_IMAGE = {"VAR_DIR", "STATIC_ROOT", "PROMETHEUS_MULTIPROC_DIR", "DJANGO_SUPERUSER_PASSWORD"}
# What compose decides by itself.
OF_COMPOSE = {"DEBUG", "DATABASE_URL", "REDIS_URL"}
# Variables of the compose file alone.
FOR_COMPOSE = {
    "POSTGRES_PASSWORD", "VALKEY_PASSWORD", "PORT", "POSTGRES_IMAGE", "VALKEY_IMAGE",
    "POSTGRES_MEMORY", "VALKEY_MEMORY", "WEB_MEMORY", "WORKER_MEMORY", "BEAT_MEMORY",
}  # fmt: skip


def test_compose_hands_every_documented_variable_through() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    environment = compose["services"]["web"]["environment"]
    for name in variables() - OF_THE_IMAGE - OF_COMPOSE:
        # Without a value it is taken from .env, and where it is not there it is not set at all.
        value = environment[name]
        assert value is None or value.startswith("${" + name + ":?"), name


def test_the_example_lists_every_variable_that_an_operator_of_compose_sets() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = set(re.findall(r"(?m)^#? ?([A-Z_]+)=", text))
    assert listed == (variables() - OF_THE_IMAGE - OF_COMPOSE) | FOR_COMPOSE


def test_what_the_example_says_of_defaults_is_what_the_table_says() -> None:
    text = (ROOT / "docs" / "operators.md").read_text()
    table = dict(re.findall(r"(?m)^\| `([A-Z_]+)` \| `([^`]*)`", text))
    compose = (ROOT / "docker-compose.yml").read_text()
    table |= dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", compose))
    for name, value in re.findall(r"(?m)^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text()):
        assert value in ("", table.get(name, "").strip()), name


def test_every_compose_service_that_stays_up_has_a_health_check() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, service in services.items():
        if service["restart"] != "no":
            assert service["healthcheck"]["test"], name


def test_no_compose_service_takes_the_whole_machine() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name, service in services.items():
        assert re.fullmatch(r"\$\{[A-Z]+_MEMORY:-\d+[gm]\}", service["mem_limit"]), name
        assert service["logging"]["options"]["max-file"], name
        if service.get("build"):
            assert service["pids_limit"], name
        else:
            # One that anybody can pin, and none that moves by itself.
            assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z/]+:\d+\}", service["image"]), name


def test_backups_of_compose_are_on_a_volume_of_their_own() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    for name in ("worker", "backup"):
        assert "riskreg-backups:/var/lib/riskreg/backups" in compose["services"][name]["volumes"]
    assert "riskreg-backups" in compose["volumes"]
    # A new volume takes its owner from the image.
    assert "-o riskreg -g riskreg /var/lib/riskreg /var/lib/riskreg/backups" in (
        (ROOT / "Dockerfile").read_text()
    )


class _Server:
    """What gunicorn hands to its hooks, as far as ours look at it."""

    log = logging.getLogger("gunicorn.error")


@pytest.mark.parametrize("forgotten", [True, False])
def test_that_mail_was_forgotten_is_said_at_every_start(
    settings: Any, caplog: pytest.LogCaptureFixture, forgotten: bool
) -> None:
    settings.MAIL_FORGOTTEN = forgotten
    gunicorn.when_ready(_Server())
    celery.warn_of_mail()
    sentences = [r.name for r in caplog.records if "EMAIL_URL is not set" in r.getMessage()]
    assert sentences == (["gunicorn.error", "config.celery"] if forgotten else [])

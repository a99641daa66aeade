"""Commands beside a running system find it; beside none they go their own way."""

import json
import os
import socket
from pathlib import Path

import pytest

from riskreg.up import ports


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of data, and an environment that names neither address nor broker."""
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    # Set first, so that what a test puts there is taken away afterwards.
    for name in ("BASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path


def test_a_command_joins_what_runs_and_nothing_that_was_killed(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        redis_url = f"redis://:secret@127.0.0.1:{broker.getsockname()[1]}/0"
        with ports.announce_while_running(data, "http://127.0.0.1:8123", redis_url):
            (file,) = data.iterdir()
            assert file.stat().st_mode & 0o777 == 0o600, "it holds a password"
            kept = file.read_text()
            ports.fill_environment_from_running_system()
            assert os.environ["BASE_URL"] == "http://127.0.0.1:8123"
            assert os.environ["REDIS_URL"] == redis_url
        assert not list(data.iterdir()), "it is stopped"
    # As after kill -9: the file is there, and nobody listens.
    file.write_text(kept)
    del os.environ["BASE_URL"], os.environ["REDIS_URL"]
    ports.fill_environment_from_running_system()
    assert "REDIS_URL" not in os.environ


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"REDIS_URL": 5})])
def test_what_cannot_be_read_is_nothing(data: Path, text: str) -> None:
    (data / "running.json").write_text(text)
    ports.fill_environment_from_running_system()
    assert {"BASE_URL", "REDIS_URL"}.isdisjoint(os.environ)


def test_what_the_environment_says_stands(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        own = f"redis://127.0.0.1:{broker.getsockname()[1]}/0"
        os.environ["BASE_URL"] = "https://risks.example"
        with ports.announce_while_running(data, "http://127.0.0.1:8123", own):
            ports.fill_environment_from_running_system()
    assert os.environ["BASE_URL"] == "https://risks.example"

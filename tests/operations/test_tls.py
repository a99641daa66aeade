"""TLS to PostgreSQL and to the broker: who answers is verified, or nothing is said to them."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from bench import processes
from bench.proxy import Authority, Keys
from config.broker import broker_url
from config.database import database
from riskreg.kernel.health import _reason_text
from tools import postgres

ROOT = processes.ROOT
# What a process says of the database, the broker as a health check, Celery and the cache ask it.
ASK = """
import json
from django.core.cache import cache
from django.test import Client
from config.celery import app
checks = Client(headers={"host": "localhost"}).get("/readyz").json()["checks"]
cache.set("a", "b")
found = {"database": checks["database"], "broker": checks["broker"], "cache": cache.get("a")}
try:
    app.connection_for_write().ensure_connection(max_retries=1, interval_start=0)
    found["celery"] = "ok"
except Exception as error:
    found["celery"] = str(error)
print("found", json.dumps(found))
"""


@dataclass(frozen=True)
class Encrypted:
    """A PostgreSQL and a Valkey that speak TLS, and authorities: theirs, and another one."""

    database: str
    broker: str
    theirs: Path
    other: Path
    folder: Path

    def ask(self, database: str, broker: str) -> dict[str, str | None]:
        """What ``ASK`` finds with these added to both addresses."""
        env = {**os.environ, "DATABASE_URL": self.database + database, "VAR_DIR": str(self.folder),
               "REDIS_URL": self.broker + broker}  # fmt: skip
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", ASK],
            cwd=ROOT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "found {" in done.stdout, done.stderr
        found: dict[str, str | None] = json.loads(done.stdout.partition("found ")[2])
        return found


@contextlib.contextmanager
def ending_tls(keys: Keys, behind: int) -> Iterator[int]:
    """The port of a server that ends TLS and speaks plainly to the port ``behind``."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(keys.chain, keys.private)

    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(plain: socket.socket) -> None:
        try:
            with (
                trust.wrap_socket(plain, server_side=True) as secure,
                socket.create_connection(("127.0.0.1", behind)) as inner,
            ):
                back = threading.Thread(target=carry, args=(inner, secure), daemon=True)
                back.start()
                carry(secure, inner)
                back.join(10)
        except OSError:
            plain.close()

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _address = listener.accept()
                threading.Thread(target=serve, args=(plain,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("theirs")
    theirs = Authority(folder)
    other = Authority(tmp_path_factory.mktemp("others"))
    keys = theirs.keys("localhost", loopback=True)
    cluster = postgres.Cluster()
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.remove)
        cluster.more = [
            "ssl=on",
            f"ssl_cert_file={cluster.keep(keys.chain)}",
            f"ssl_key_file={cluster.keep(keys.private)}",
        ]
        cluster.start()
        cluster.create_database()
        valkey = processes.Valkey(folder, dict(os.environ), keeps=False)
        stack.enter_context(processes.ending([valkey]))
        valkey.start()
        assert processes.until(valkey.answers, 30)
        plain = int(valkey.url.rpartition(":")[2].partition("/")[0])
        port = stack.enter_context(ending_tls(keys, plain))
        broker = valkey.url.replace("redis://", "rediss://").replace(f":{plain}/", f":{port}/")
        yield Encrypted(cluster.url, broker, theirs.root, other.root, folder)


@pytest.mark.process
@pytest.mark.servers
@pytest.mark.once
class TestServers:
    """With real servers."""

    def test_who_is_signed_by_the_authority_is_spoken_to(self, encrypted: Encrypted) -> None:
        found = encrypted.ask(
            f"?sslmode=verify-full&sslrootcert={encrypted.theirs}",
            f"?ssl_ca_certs={encrypted.theirs}",
        )
        assert found == {"database": "ok", "broker": "ok", "cache": "b", "celery": "ok"}

    def test_who_is_signed_by_another_one_is_not_and_that_is_said(
        self, encrypted: Encrypted
    ) -> None:
        found = encrypted.ask(
            f"?sslmode=verify-full&sslrootcert={encrypted.other}",
            f"?ssl_ca_certs={encrypted.other}",
        )
        why = "its certificate could not be verified"
        assert (found["database"], found["broker"], found["cache"]) == (why, why, None)
        assert "certificate verify failed" in (found["celery"] or "")

    def test_without_a_word_of_authorities_only_those_of_the_machine_count(
        self, encrypted: Encrypted
    ) -> None:
        """What was taken by Celery as leave to verify nothing."""
        found = encrypted.ask("?sslmode=verify-full&sslrootcert=/nonexistent", "")
        assert found["database"] == found["broker"] == "its certificate could not be verified"
        assert "certificate verify failed" in (found["celery"] or "")
        assert found["cache"] is None


@pytest.mark.parametrize("mode", ["allow", "prefer", "require"])
def test_tls_to_whoever_answers_is_refused_of_the_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgres://a:b@db/name?sslmode={mode}")
    with pytest.raises(ImproperlyConfigured, match=f"sslmode={mode}.*verify-full"):
        database(environ.Env(), tmp_path)


@pytest.mark.parametrize("mode", ["disable", "verify-ca", "verify-full"])
def test_what_says_what_it_does_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgres://a:b@db/name?sslmode={mode}")
    assert database(environ.Env(), tmp_path)["OPTIONS"]["sslmode"] == mode


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("ssl_cert_reqs=none", "ssl_cert_reqs"),
        ("ssl_cert_reqs=CERT_OPTIONAL", "ssl_cert_reqs"),
        ("ssl_check_hostname=false", "ssl_check_hostname"),
    ],
)
def test_tls_to_whoever_answers_is_refused_of_the_broker(
    monkeypatch: pytest.MonkeyPatch, query: str, name: str
) -> None:
    monkeypatch.setenv("REDIS_URL", f"rediss://:x@broker:6379/0?{query}")
    with pytest.raises(ImproperlyConfigured, match=f"REDIS_URL has {name}"):
        broker_url(environ.Env())


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("", "redis://127.0.0.1:6399/0"),
        ("redis://:x@broker:6379/1", "redis://:x@broker:6379/1"),
        ("rediss://:x@broker/0?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs=/a/b.pem",
         "rediss://:x@broker/0?ssl_cert_reqs=required&ssl_ca_certs=/a/b.pem"
         "&ssl_check_hostname=true"),
    ],
)  # fmt: skip
def test_every_library_is_told_the_same(
    monkeypatch: pytest.MonkeyPatch, given: str, used: str
) -> None:
    monkeypatch.setenv("REDIS_URL", given)
    assert broker_url(environ.Env()) == used


def test_what_is_no_address_of_a_broker_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "broker:6379")
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL is redis://"):
        broker_url(environ.Env())


def test_any_other_reason_stays_in_the_log() -> None:
    assert _reason_text(OSError("connection to postgres://a:secret@db failed")) == "unreachable"

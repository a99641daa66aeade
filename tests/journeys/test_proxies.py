"""The examples in docs/deploy before a real web process: nginx and Caddy as an operator has them.

Only addresses, ports and the paths of the certificate are put in; everything else is as it stands
in the files.
"""

import contextlib
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench import proxy
from bench.proxy import EXAMPLES, NAME, Authority, Keys, free_ports, put_in
from riskreg.up.supervisor import Program, Supervisor
from tests import migrated

ROOT = Path(__file__).resolve().parents[2]
# How many requests the web process works on, and takes, at once.
THREADS, PLACES = 2, 16
pytestmark = [
    pytest.mark.process, pytest.mark.proxy, pytest.mark.once, pytest.mark.slow,
    # One process has both proxies, before the same collected files.
    pytest.mark.xdist_group("proxies"),
]  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A proxy that runs, with the web process behind it."""

    plain: int
    secure: int
    trust: ssl.SSLContext
    log: Path
    lock: Path
    stop_web: Callable[[], None]

    def connect(self, *, tls: bool = True) -> socket.socket:
        """A connection to the proxy."""
        sock = socket.create_connection(
            ("127.0.0.1", self.secure if tls else self.plain), timeout=60
        )
        return self.trust.wrap_socket(sock, server_hostname=NAME) if tls else sock

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, tls: bool = True, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """The answer to one request, and its body; ``headers`` with _ for -."""
        connection = http.client.HTTPConnection(NAME)
        connection.sock = self.connect(tls=tls)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        # Caddy stops listening once it has answered: what it said is there all the same, and is
        # what browsers show.
        with contextlib.suppress(OSError):
            connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer, answer.read()


def nginx(folder: Path, web: int, plain: int, secure: int, keys: Keys) -> Program:
    return Program("proxy", proxy.nginx(folder, [web], plain, secure, keys), dict(os.environ))


def caddy(folder: Path, web: int, plain: int, secure: int, keys: Keys) -> Program:
    options = (
        f"{{\n\tadmin off\n\tdefault_bind 127.0.0.1\n\tskip_install_trust\n"
        f"\thttp_port {plain}\n\thttps_port {secure}\n}}\n"
    )
    site = put_in(
        (EXAMPLES / "Caddyfile").read_text(),
        (f"\n{NAME} {{\n", f"\n{NAME} {{\n\ttls {keys.chain} {keys.private}\n"),
        ("127.0.0.1:8000", f"127.0.0.1:{web}"),
    )
    (folder / "Caddyfile").write_text(options + site)
    program = shutil.which("caddy")
    assert program
    command = [
        program, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile",
    ]  # fmt: skip
    homes = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    return Program("proxy", command, {**os.environ, **homes})


PROXIES = {"nginx": nginx, "caddy": caddy}


def environment(folder: Path, static: Path) -> dict[str, str]:
    """What the comments at the head of both examples ask for, with the files in ``static``."""
    return {
        **{k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "DATABASE_URL")},
        "DEBUG": "0",
        "SECRET_KEY": "test-only-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "ALLOWED_HOSTS": NAME,
        "BASE_URL": f"https://{NAME}",
        "EMAIL_URL": "files:",
        "TRUST_PROXY_HEADERS": "1",
        "PROXY_HOPS": "1",
        "VAR_DIR": str(folder / "data"),
        "STATIC_ROOT": str(static),
        "DATABASE_URL": f"sqlite:///{folder}/data/riskreg.sqlite3",
        "WEB_WORKERS": "1",
        "WEB_THREADS": str(THREADS),
        "WEB_PLACES": str(PLACES),
        "METRICS_TOKEN": "own",
        # The application that can be held (``tests.config.held``), by a lock on it.
        "HELD_BY": str(folder / "held"),
    }


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the files that were collected."""
    folder = tmp_path_factory.mktemp("collected")
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(command, cwd=ROOT, env=environment(folder, folder / "static"), check=True)
    return folder / "static"


@pytest.fixture(scope="module", params=sorted(PROXIES))
def site(
    request: pytest.FixtureRequest, static: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp(request.param)
    web, plain, secure = free_ports(3)
    env = environment(folder, static)
    lock = folder / "held"
    lock.touch()
    migrated.copy_to(folder / "data" / "riskreg.sqlite3")
    authority = Authority(folder)
    warnings: list[str] = []
    supervisor = Supervisor(folder / "log", warnings.append, grace=15)
    gunicorn = str(Path(sys.executable).parent / "gunicorn")
    command = [
        gunicorn, "tests.config.held:application", "-c", str(ROOT / "config" / "gunicorn.py"),
        "--bind", f"127.0.0.1:{web}",
    ]  # fmt: skip
    with contextlib.ExitStack() as stack:
        stack.callback(supervisor.stop, [["proxy"], ["web"]])
        supervisor.start(Program("web", command, env))
        supervisor.start(PROXIES[request.param](folder, web, plain, secure, authority.keys()))
        trust = ssl.create_default_context(cafile=str(authority.root))

        def stop_web() -> None:
            # Nobody polls the supervisor from here on, so it is not started again.
            web_process = supervisor.pid("web")
            assert web_process is not None
            os.kill(web_process, signal.SIGTERM)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", web), timeout=5).close()
                except OSError:
                    return
                time.sleep(0.1)
            raise AssertionError("the web process does not end")

        found = Site(plain, secure, trust, folder / "log" / "web.log", lock, stop_web)
        _wait(found, supervisor)
        yield found


def _wait(found: Site, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert supervisor.restart_what_died(), supervisor.failed
        with contextlib.suppress(OSError, http.client.HTTPException):
            if found.ask("GET", "/healthz")[0].status == 200:
                return
        time.sleep(0.3)
    raise AssertionError("nothing answers through the proxy")


def test_who_comes_without_https_is_sent_there_once(site: Site) -> None:
    answer, _body = site.ask("GET", "/accounts/login/", tls=False)
    assert answer.status in (301, 308)
    assert (answer.getheader("Location") or "").startswith(f"https://{NAME}")
    page, _body = site.ask("GET", "/accounts/login/")
    assert page.status == 200
    assert "max-age=31536000" in (page.getheader("Strict-Transport-Security") or "")


def test_a_page_is_compressed_once_and_its_style_sheet_is_served(site: Site) -> None:
    answer, body = site.ask("GET", "/accounts/login/", Accept_Encoding="gzip")
    assert (answer.getheader("Content-Encoding"), body[:2]) == ("gzip", b"\x1f\x8b")
    _answer, page = site.ask("GET", "/accounts/login/")
    sheet = re.search(rb'href="(/static/[^"]+\.css)"', page)
    assert sheet
    served, text = site.ask("GET", sheet[1].decode())
    assert (served.status, b"{" in text) == (200, True)
    assert "immutable" in (served.getheader("Cache-Control") or "")


def test_the_address_that_the_proxy_saw_counts_and_not_the_one_a_caller_wrote(site: Site) -> None:
    for forged in ("203.0.113.7", "198.51.100.9, 192.0.2.1"):
        page, text = site.ask("GET", "/accounts/login/")
        cookies = "; ".join(
            value.partition(";")[0] for value in page.headers.get_all("Set-Cookie") or []
        )
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        assert token
        form = f"csrfmiddlewaretoken={token[1].decode()}&login=a%40b.example&password=wrong"
        answer, _body = site.ask(
            "POST", "/accounts/login/", form.encode(),
            Cookie=cookies, Referer=f"https://{NAME}/accounts/login/", X_Forwarded_For=forged,
            Content_Type="application/x-www-form-urlencoded", X_Forwarded_Proto="http",
        )  # fmt: skip
        assert answer.status == 200
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if "{" in line[:1]]
    clients = [line["client"] for line in lines if line.get("event") == "sign_in_failed"]
    assert (len(clients), len(set(clients))) == (2, 1)


def test_what_is_too_large_is_refused_by_riskreg_in_its_own_words(site: Site) -> None:
    answer, body = site.ask(
        "POST", "/api/v1/registers/", b'{"name": "' + b"a" * 3_000_000 + b'"}',
        Content_Type="application/json",
    )  # fmt: skip
    assert answer.getheader("Content-Type") == "application/problem+json"
    assert json.loads(body)["status"] in (401, 413)


def test_what_the_proxy_itself_refuses_is_said_in_words_and_is_no_outage(site: Site) -> None:
    page, _text = site.ask("GET", "/accounts/login/")
    cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
    # A file that riskreg would read to its end, to see what else there is.
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        + b"a" * 40_000_000
        + b"\r\n--b--\r\n"
    )
    answer, text = site.ask(
        "POST", "/accounts/login/", body, Cookie=cookie,
        Referer=f"https://{NAME}/accounts/login/", Content_Type="multipart/form-data; boundary=b",
    )  # fmt: skip
    assert (answer.status, answer.getheader("Retry-After")) == (413, None)
    assert "30 MB" in text.decode()
    assert "过大" in text.decode()
    assert "utf-8" in (answer.getheader("Content-Type") or "")


def test_what_is_refused_unseen_is_refused_by_riskreg_whatever_was_sent_with_it(site: Site) -> None:
    with contextlib.ExitStack() as stack:
        lock = stack.enter_context(site.lock.open("rb"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Half of the places for each of two callers.
        for n in range(PLACES):
            held = stack.enter_context(site.connect())
            held.sendall(
                f"GET /held/ HTTP/1.1\r\nHost: {NAME}\r\n"
                f"Authorization: Bearer {n % 2}\r\n\r\n".encode()
            )
        waiting = f"riskreg_requests_waiting {PLACES - THREADS}.0"
        while waiting not in site.ask("GET", "/metrics", Authorization="Bearer own")[1].decode():
            time.sleep(0.1)
        answer, body = site.ask(
            "POST", "/api/v1/registers/", b'{"name": "' + b"a" * 20_000_000 + b'"}',
            Authorization="Bearer 2", Content_Type="application/json",
        )  # fmt: skip
        assert (answer.status, answer.getheader("Retry-After")) == (503, "10")
        assert answer.getheader("Content-Type") == "application/problem+json"
        assert "than can be answered" in json.loads(body)["detail"]
        fcntl.flock(lock, fcntl.LOCK_UN)


def test_another_name_reaches_no_page(site: Site) -> None:
    answer, body = site.ask("GET", "/accounts/login/", Host="other.example")
    assert answer.status in (200, 400, 421)
    assert b'name="password"' not in body


def test_while_the_web_process_is_away_the_proxy_says_so(site: Site) -> None:
    """The last test here: it ends the web process of its proxy."""
    site.stop_web()
    answer, body = site.ask("GET", "/accounts/login/")
    assert (answer.status, answer.getheader("Retry-After")) == (503, "10")
    assert "away for a moment" in body.decode()
    assert "暂时不可用" in body.decode()
    assert "utf-8" in (answer.getheader("Content-Type") or "")

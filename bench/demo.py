"""What the running demo takes: memory of all its processes, and CPU until it answers.

Memory is PSS, which counts what processes share once (Linux). *warm* is a second start, with the
register there; *used* is after three people have each opened thirty pages.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urljoin

from bench.rows import Row
from riskreg.up.ports import free_port

NAME = "demo"
PEOPLE = ("owner@foton.example", "leader@foton.example", "manager@catl.example")
PAGES = 30
MEMORY_MB, CPU_SECONDS = 450, 12
_PATIENCE, _SETTLED = 180.0, 20.0


def run(sizes: list[int] | None = None) -> Iterator[Row]:
    """A first start, a warm one, and pages read; ``sizes``: how many pages each person reads."""
    pages = (sizes or [PAGES])[0]
    with tempfile.TemporaryDirectory(prefix="riskreg-bench-") as folder:
        with _running(folder) as (_address, pid):
            yield _row("first start", pid)
        with _running(folder) as (address, pid):
            yield _row("warm start", pid)
            for person in PEOPLE:
                _read_pages(address, person, pages)
            yield _row(f"used, {len(PEOPLE)} × {pages} pages", pid)


@contextlib.contextmanager
def _running(folder: str) -> Iterator[tuple[str, int]]:
    """The demo under ``folder``: its address and the id of its first process."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    log = Path(folder, "demo.log")
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--demo", "--port", str(port)],
            env={**env, "VAR_DIR": folder}, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + _PATIENCE
        while "riskreg is running" not in log.read_text():
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The demo did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _row(what: str, pid: int) -> Row:
    cpu = sum(_cpu(one) for one in _family(pid))
    # What the worker finds to do at its start is done by then.
    time.sleep(_SETTLED)
    processes = _family(pid)
    memory = sum(_pss(one) for one in processes) / 1024
    starts = "start" in what
    ok = memory <= MEMORY_MB and (what != "warm start" or cpu <= CPU_SECONDS)
    return Row(
        name="demo, memory / 450 MB", size=what, ratio=round(memory / MEMORY_MB, 2), limit=1.0,
        queries=None, ok=ok, peak_mb=memory,
        note=f"{memory:.0f} MB PSS in {len(processes)} processes"
        + (f", {cpu:.1f} s CPU until it answers" if starts else ""),
    )  # fmt: skip


def _family(pid: int) -> list[int]:
    """``pid`` and every process that comes from it."""
    parents: dict[int, list[int]] = {}
    for found in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(found.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(found.parent.name))
    family = [pid]
    for one in family:
        family.extend(parents.get(one, []))
    return family


def _pss(pid: int) -> int:
    """KiB."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        return int(found[1]) if found else 0
    return 0


def _cpu(pid: int) -> float:
    """Seconds, with those of its children that have ended."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _read_pages(address: str, person: str, pages: int) -> None:
    """Sign ``person`` in and follow links, one after the other; each page must answer."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    sign_in = urljoin(address, "accounts/login/")
    _found, _colon, rest = _text(browser, sign_in).partition('class="form sheet"')
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', rest.partition("</form>")[0]))
    fields |= {"login": person, "password": "riskreg-demo", "next": "/"}
    body = urlencode(fields).encode()
    request = urllib.request.Request(sign_in, body, {"Referer": sign_in})
    with browser.open(request) as answer:
        waiting, seen = [answer.geturl()], set[str]()
    while waiting and len(seen) < pages:
        if (page := waiting.pop(0)) in seen:
            continue
        seen.add(page)
        for link in re.findall(r'href="(/r/[^"#?]+)"', _text(browser, page)):
            if "/export" not in link:
                waiting.append(urljoin(address, link))
    if len(seen) < pages:
        raise SystemExit(f"{person} came to {len(seen)} pages only")


def _text(browser: urllib.request.OpenerDirector, address: str) -> str:
    with browser.open(address) as answer:
        return str(answer.read().decode("utf-8", "replace"))

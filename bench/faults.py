"""The faults of ``bench.faults_operations``: how each is brought about, which gauge tells of it."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis

from bench import names, processes
from bench.gauges import Sample, Samples
from bench.hosts import STATEMENT_SECONDS, Hosts
from bench.writers import Caller

DAY = 86_400.0
# A statement that is stuck, in a server that is frozen, is left after so long; a request may meet
# two of them, the second one while its connection is made.
_FROZEN = STATEMENT_SECONDS + 15.0
ENGINE = "riskreg_engine_dead"


def nothing(hosts: Hosts) -> None:
    """There is nothing to mend: it passes by itself."""


@dataclass(frozen=True)
class Fault:
    """``strike`` brings it about and returns what it found broken, if anything; ``seen`` says
    whether the gauge tells of it. It is mended once it was seen, ``lasts`` seconds later at least,
    and all has to be well; then ``tidy`` leaves all as it was.

    ``slowest``: how long an answer may take. ``quick``: it is told within seconds.
    """

    name: str
    gauge: str
    strike: Callable[[Hosts, Caller], list[str] | None]
    seen: Callable[[Samples], bool]
    mend: Callable[[Hosts], None] = nothing
    prepare: Callable[[Hosts], None] = nothing
    tidy: Callable[[Hosts], None] = nothing
    lasts: float = 5.0
    slowest: float = 25.0
    quick: bool = True
    needs_disks: bool = False
    needs_names: bool = False


# What gauges tell --------------------------------------------------------------------------------
def _each(true: Callable[[Sample], bool]) -> Callable[[Samples], bool]:
    """Whether it is true of both hosts."""
    return lambda samples: len(samples) > 1 and all(true(one) for one in samples.values())


def _some(true: Callable[[Sample], bool]) -> Callable[[Samples], bool]:
    return lambda samples: any(true(one) for one in samples.values())


def _fails(part: str) -> Callable[[Samples], bool]:
    return _each(lambda one: one.check(part) != "ok")


def _engine_is_dead(one: Sample) -> bool:
    return one.figure(ENGINE) == 1.0 and one.check("engine") not in ("ok", "no answer")


def _mail_waits(one: Sample) -> bool:
    return (one.figure('riskreg_delivery_waiting_seconds{channel="mail"}') or 0.0) > 15.0


def _broker_is_new(one: Sample) -> bool:
    age = one.figure("riskreg_broker_memory_age_seconds")
    return age is not None and age < 10.0


# What is done ------------------------------------------------------------------------------------
def _kill(*kinds: str, host: str = "") -> Callable[[Hosts, Caller], None]:
    """kill -9 for these programs of ``host``, or of both."""

    def strike(hosts: Hosts, caller: Caller) -> None:
        hosts.kill(*_programs(hosts, kinds, host))

    return strike


def _start(*kinds: str, host: str = "") -> Callable[[Hosts], None]:
    def mend(hosts: Hosts) -> None:
        for program in _programs(hosts, kinds, host):
            program.start()

    return mend


def _programs(hosts: Hosts, kinds: tuple[str, ...], host: str) -> list[processes.Program]:
    names = [f"{kind}-{host}" for kind in kinds] if host else kinds
    return [p for p in hosts.programs if p.name.startswith(tuple(names))]


def _flush(hosts: Hosts, caller: Caller) -> None:
    with contextlib.closing(redis.Redis.from_url(hosts.valkey.url)) as client:
        client.flushall()


def _freeze(hosts: Hosts, caller: Caller) -> None:
    hosts.freeze(hosts.postgres, on=True)


def _thaw(hosts: Hosts) -> None:
    hosts.freeze(hosts.postgres, on=False)


def _crash(hosts: Hosts, caller: Caller) -> None:
    """PostgreSQL's immediate shutdown: it leaves everything as a crash does."""
    assert hosts.postgres.process is not None
    hosts.postgres.process.send_signal(signal.SIGQUIT)
    hosts.postgres.process.wait(30)
    hosts.kills["postgresql"] += 1


def _fill(hosts: Hosts, caller: Caller) -> list[str]:
    """Fill every disk, start a host anew on its own, and try to attach a file."""
    for disk in hosts.disks:
        with contextlib.suppress(OSError), open(_filler(disk), "wb", buffering=0) as file:
            while True:
                file.write(bytes(64 * 1024))
    for program in (hosts.hosts[-1].web, hosts.hosts[-1].beat):
        program.kill()
        program.start()
    return _refused(hosts, caller)


def _refused(hosts: Hosts, caller: Caller) -> list[str]:
    """What is wrong when a file comes that cannot be stored: it has to be refused, and leave
    nothing."""
    found = caller.ask("GET", "risks/?limit=1")[1]
    ref = found["results"][0]["ref"]
    body, kind = _form(b"illustrative " * 20_000, thing="risk", ref=ref)
    answer, told = caller.ask("POST", "evidence/", body, Content_Type=kind)
    broken = []
    if answer.status != 503:
        broken.append(f"a file that cannot be stored was answered with {answer.status}: {told}")
    if hosts.ask("SELECT 1 FROM evidence_evidence"):
        broken.append("a file that could not be stored has a record")
    return broken


def _lock_disk(hosts: Hosts, caller: Caller) -> list[str]:
    """Let the disk of evidence take no writes, and try to attach a file."""
    _remount(hosts.disks[0], "ro")
    return _refused(hosts, caller)


def _unlock_disk(hosts: Hosts) -> None:
    _remount(hosts.disks[0], "rw")


def _remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True, capture_output=True)


def _clear(hosts: Hosts) -> None:
    for disk in hosts.disks:
        _filler(disk).unlink(missing_ok=True)


def _filler(disk: Path) -> Path:
    return disk / "filler"


def _form(content: bytes, **fields: str) -> tuple[bytes, str]:
    """A form with these fields and one file of text, and its media type."""
    edge = "edge-of-a-part"
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ) + (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="notes.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
    return body, f"multipart/form-data; boundary={edge}"


def _step(seconds: float) -> Callable[[Hosts, Caller], None]:
    return lambda hosts, caller: hosts.step_clock(seconds)


def _tarpit(hosts: Hosts, caller: Caller) -> None:
    hosts.sink.signal(signal.SIGUSR2)


def _untar(hosts: Hosts) -> None:
    hosts.sink.signal(signal.SIGUSR2)


def _forget(*lost: str) -> Callable[[Hosts, Caller], None]:
    """Let the hosts resolve these names no more."""
    return lambda hosts, caller: hosts.names.forget(*lost)


def _remember(hosts: Hosts) -> None:
    hosts.names.remember()


def _nothing_is_found(one: Sample) -> bool:
    return "unreachable" == one.check("database") == one.check("broker")


def _settle_clock(hosts: Hosts) -> None:
    hosts.step_clock(0)


FAULTS = [
    Fault("web killed", 'up{host="a"}', _kill("web", host="a"),
          lambda samples: "a" in samples and not samples["a"].up, _start("web", host="a")),
    Fault("pooler killed", "readyz database", _kill("pooler"), _fails("database"),
          _start("pooler")),
    Fault("Valkey killed", "readyz broker", _kill("valkey"), _fails("broker"), _start("valkey")),
    Fault("Valkey emptied", "riskreg_broker_memory_age_seconds", _flush, _some(_broker_is_new),
          prepare=lambda hosts: time.sleep(15)),
    Fault("PostgreSQL crashed", "readyz database", _crash, _fails("database"),
          _start("postgresql")),
    Fault("PostgreSQL frozen", "readyz database", _freeze, _fails("database"), _thaw,
          lasts=30.0, slowest=2 * _FROZEN + 5.0),
    Fault("names gone", "readyz database, broker",
          _forget(names.DATABASE, names.BROKER, names.MAIL), _each(_nothing_is_found), _remember,
          lasts=20.0, needs_names=True),
    Fault("disks full", "readyz space", _fill, _fails("space"), _clear, lasts=20.0,
          needs_disks=True),
    Fault("disk read-only", "readyz space", _lock_disk, _fails("space"), _unlock_disk,
          needs_disks=True),
    Fault("workers killed", f"{ENGINE}, readyz engine", _kill("worker"),
          _each(_engine_is_dead), _start("worker"), quick=False),
    Fault("beats killed", f"{ENGINE}, readyz engine", _kill("beat"), _each(_engine_is_dead),
          _start("beat"), quick=False),
    Fault("mail server a tarpit", "riskreg_delivery_waiting_seconds", _tarpit,
          _each(_mail_waits), _untar, quick=False),
    Fault("mail server's name gone", "riskreg_delivery_waiting_seconds", _forget(names.MAIL),
          _each(_mail_waits), _remember, quick=False, needs_names=True),
    Fault("clock a day ahead", f"{ENGINE}, readyz engine", _step(DAY), _some(_engine_is_dead),
          tidy=_settle_clock, quick=False),
    Fault("clock a day back", f"{ENGINE}, readyz engine", _step(-DAY), _some(_engine_is_dead),
          tidy=_settle_clock, quick=False),
]  # fmt: skip

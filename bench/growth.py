"""``python -m bench.growth [SIZE ...]``: how every page grows with its register.

Of each page and route, at each size: CPU, statements, rows fetched, bytes. A page whose rows or
bytes grow with the register has no bound. Each size has a process and a database of its own:
SQLite, or what ``DATABASE_URL_POSTGRES`` names.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import Any

SIZES = (1_000, 10_000)
# How often each is asked for the least CPU, after a first time that is not counted.
TIMES = 3


def main(sizes: list[int]) -> None:
    """Print the table."""
    found = {size: _case(size) for size in sizes}
    print("page".ljust(26), *(f"{size:>38,}" for size in sizes))
    for name, least in found[min(sizes)].items():
        most = found[max(sizes)][name]
        grows = any(most[what] > 1.1 * max(1, least[what]) for what in ("rows", "size"))
        costs = (_line(found[size][name]) for size in sizes)
        print(name.ljust(26), *costs, "GROWS" if grows else "")


def _line(cost: dict[str, Any]) -> str:
    size = f"{cost['size'] / 1024:7.1f} KiB"
    return f"{cost['cpu'] * 1e3:9.1f} ms {cost['queries']:3} q {cost['rows']:8,} rows {size}"


def _case(size: int) -> dict[str, Any]:
    from bench.register import fresh_postgres

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite3"
        if server := os.environ.get("DATABASE_URL_POSTGRES"):
            url = fresh_postgres(server)
        env = {**os.environ, "DATABASE_URL": url, "VAR_DIR": folder, "LOG_LEVEL": "ERROR"}
        done = subprocess.run(
            [sys.executable, "-m", "bench.growth", "--case", str(size)],
            env=env,
            stdout=subprocess.PIPE,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def measure(size: int) -> dict[str, Any]:
    """Seed a register of ``size`` with its history in the database there is, and ask for all."""
    from bench.register_case import made_ready

    made_ready()
    from django.test import Client

    from bench.counting import cost_of
    from bench.history import add_history
    from bench.journeys import pages
    from bench.seed import seed
    from riskreg.accounts.services import create_token
    from riskreg.kernel import clock
    from riskreg.risks.models import Risk

    viewer = seed(size)
    add_history(viewer)
    own = Risk.objects.filter(register=viewer.register, state="open", party=viewer.party)
    ref = own.order_by("ref_order").values_list("ref", flat=True)[0]
    _row, token = create_token(user=viewer.user, scope="read", days=1, at=clock.now())
    program = Client(headers={"authorization": f"Bearer {token}"})
    person = Client()
    person.force_login(viewer.user, backend="django.contrib.auth.backends.ModelBackend")
    found = {}
    only = os.environ.get("ONLY", "")
    for name, url in pages(viewer, ref).items():
        if only and only not in name:
            continue
        client = program if url.startswith("/api/") else person
        times = [cost_of(lambda client=client, url=url: client.get(url)) for _n in range(TIMES + 1)]
        cost = times[-1]
        cost.cpu = min(time.cpu for time in times[1:])
        found[name] = asdict(cost)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--case"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(size.replace("_", "")) for size in sys.argv[1:]] or list(SIZES))

"""One size on one database (``DATABASE_URL``): what comes in, or what goes out; rows as JSON.

The floors: of a dry run, python-calamine reading the same workbook and each of its cells cleaned as
the services do (texts, a day, both levels as whole numbers, owner and status as one of those that
there are) into what a row would keep; of a commit, the same rows of the same tables in bulk,
without a look at any of them; of a file that goes out, the rows of the same risks as INSERTs, which
the database writes.
"""

import io
import json
import resource
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from bench.register_case import made_ready, queries_of
from bench.rows import beside, row

LEVELS = ("Rare", "Unlikely", "Possible", "Likely", "Almost certain")
HEADER = ["ID", "Risk", "Description", "Cause", "Consequence", "Likelihood", "Impact", "Owner",
          "Status", "Identified on"]  # fmt: skip
FIELDS = ("external_id", "title", "event", "cause", "consequence")


def main(what: str, size: int) -> None:
    """Measure and print the rows as the last line."""
    made_ready()
    measure: Callable[[int], Iterator[Any]] = {"come_in": come_in, "go_out": go_out}[what]
    print(json.dumps([dict(found) for found in measure(size)]))


# What comes in ------------------------------------------------------------------------------------
def workbook(size: int) -> bytes:
    """A register of ``size`` risks as a spreadsheet has it."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Register")
    sheet.append(HEADER)
    for n in range(size):
        sheet.append([
            f"X-{n}", f"Risk number {n} of a spreadsheet that has very many of them",
            "something may happen to it", f"Because something moved in market {n}",
            "which would cost time and money", 1 + n * 7 % 5, 1 + n * 3 % 5, "Bench", "Open",
            f"2026-0{1 + n % 6}-1{n % 10}",
        ])  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def empty() -> Any:
    """Whoever manages a register without a risk."""
    from bench.seed import _register
    from riskreg.accounts.services import create_user
    from riskreg.kernel import clock
    from riskreg.register.access import viewer_for

    now = clock.now()
    user, other = (
        create_user(email=f"{name.lower()}@bench.example", name=name, password=None, at=now)
        for name in ("Bench", "Partner")
    )
    _register(0, "bench", user, other, now)
    return viewer_for(user, "bench")


def come_in(size: int) -> Iterator[Any]:
    """The dry run and the commit of a workbook of ``size`` rows."""
    import python_calamine

    from riskreg.exchange.services import Brought, commit_import, preview_import
    from riskreg.kernel import clock
    from riskreg.kernel.days import clean_day
    from riskreg.kernel.errors import Errors
    from riskreg.kernel.fields import Field, Type
    from riskreg.register.cleaning import clean_choice, clean_value
    from riskreg.risks.fields import RISK
    from riskreg.risks.models import State

    viewer = empty()
    brought = Brought("register.xlsx", workbook(size))
    found = {}

    def ours() -> None:
        found["plan"], found["answers"] = preview_import(
            actor=viewer, brought=brought, at=clock.now()
        )

    texts = [RISK[name] for name in FIELDS]
    level = Field("level", Type.WHOLE, least=1, most=len(LEVELS))

    def read_and_clean() -> None:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(brought.data))
        kept = []
        for line in book.get_sheet_by_index(0).to_python()[1:]:
            errors = Errors()
            *given, likelihood, impact, owner, status, day = line
            clean = {
                field.name: clean_value(errors, field, value)
                for field, value in zip(texts, given, strict=True)
            }
            clean["likelihood"] = clean_value(errors, level, int(likelihood))
            clean["impact"] = clean_value(errors, level, int(impact))
            clean["owner"] = clean_choice(errors, "owner", owner, ("Bench", "Partner"), True)
            clean["state"] = clean_choice(errors, "state", status.lower(), State.values, True)
            clean["identified_on"] = clean_day(errors, "identified_on", day)
            errors.raise_if_any()
            kept.append(clean)
        assert len(kept) == size

    timing = beside(ours, read_and_clean, runs=5, budget=60.0)
    plan = found["plan"]
    assert not plan.asked, [asked.question for asked in plan.asked][:3]
    assert not plan.refused, plan.refused[:3]
    assert len(plan.rows) == size
    yield row("xlsx dry run", f"{size:,} rows", timing, 2.0, queries=queries_of(ours))

    began = time.perf_counter()
    commit_import(
        actor=viewer, plan=plan, answers=found["answers"], file_name=brought.name,
        data=brought.data, at=clock.now(),
    )  # fmt: skip
    seconds = time.perf_counter() - began
    floor = in_bulk(size)
    ratio = seconds / floor
    yield row("commit of an import", f"{size:,} rows", (seconds, floor, ratio), 3.0)


def in_bulk(size: int) -> float:
    """Seconds to write everything that the commit wrote once more, table by table."""
    from django.apps import apps
    from django.db import transaction
    from django.db.models import Max

    from bench.seed import _register
    from riskreg.accounts.models import User
    from riskreg.events.models import Chain
    from riskreg.kernel import clock
    from riskreg.risks.models import Risk

    user, other = User.objects.order_by("pk")[:2]
    elsewhere = _register(9, "elsewhere", user, other, clock.now())
    chain = Chain.objects.create(key="bench-bulk")
    risks = list(Risk.objects.filter(external_id__startswith="X-").order_by("pk"))
    assert len(risks) == size
    refs = [(risk.pk, risk.uuid) for risk in risks]
    uuids = {own for _pk, own in refs}
    tables: list[tuple[Any, list[Any]]] = []
    for label in ("risks.Position", "risks.Assessment", "exchange.ImportedRow"):
        model = apps.get_model(label)
        tables.append((model, list(model.objects.filter(risk__in=[pk for pk, _u in refs]))))
    event = apps.get_model("events.Event")
    events = [one for one in event.objects.order_by("pk") if one.subject_uuid in uuids]
    assert events
    tables.append((event, events))
    first = Risk.objects.aggregate(most=Max("pk"))["most"] + 1
    new = {pk: first + n for n, (pk, _uuid) in enumerate(refs)}
    for risk in risks:
        risk.pk, risk.uuid, risk.register = new[risk.pk], uuid.uuid4(), elsewhere
    for model, rows in tables:
        for n, one in enumerate(rows):
            one.pk = None
            if hasattr(one, "uuid"):
                one.uuid = uuid.uuid4()
            if model is event:
                one.chain, one.seq = chain, n + 1
                continue
            one.risk_id = new[one.risk_id]
            if hasattr(one, "register_id"):
                one.register = elsewhere
            if hasattr(one, "of_import_id"):
                one.number += size + 10
    began = time.perf_counter()
    with transaction.atomic():
        for model, rows in ((Risk, risks), *tables):
            model.objects.bulk_create(rows, batch_size=500)
    return time.perf_counter() - began


# What goes out ------------------------------------------------------------------------------------
def go_out(size: int) -> Iterator[Any]:
    """A register of ``size`` risks as NDJSON, as over REST; and the memory that it took."""
    from django.test import Client

    from bench.seed import seed
    from riskreg.accounts.services import create_token
    from riskreg.kernel import clock

    viewer = seed(size)
    _row, token = create_token(user=viewer.user, scope="read", days=1, at=clock.now())
    program = Client(headers={"authorization": f"Bearer {token}"})
    lines = 0

    def ours() -> None:
        answer = program.get("/api/v1/registers/bench/exports/risks/?format=ndjson&state=all")
        assert answer.status_code == 200, answer.content[:300]
        nonlocal lines
        lines = sum(piece.count(b"\n") for piece in answer.streaming_content)  # type: ignore[attr-defined]

    before = _most_memory()
    ours()
    grown = _most_memory() - before

    def dumped() -> None:
        assert dump(viewer.register.pk, viewer.party_id or 0) > 100 * size

    timing = beside(ours, dumped, runs=3, budget=60.0)
    assert lines > size // 2
    found = row("NDJSON of a register", f"{size:,} risks", timing, 2.0, peak_mb=round(grown, 1))
    found["ok"] = found["ok"] and grown <= 150
    found["note"] = f"{lines:,} lines, {grown:.0f} MB more (≤ 150)"
    yield found


def _most_memory() -> float:
    """The most that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_OF_READER = "register_id = %s AND (visibility = 'shared' OR party_id = %s)"
_THEIRS = f"risk_id IN (SELECT id FROM risks_risk WHERE {_OF_READER})"
_DUMPED = {
    "risks_risk": _OF_READER,
    "risks_position": f"valid_to IS NULL AND {_OF_READER}",
    "risks_risk_terms": _THEIRS,
    "risks_risk_objectives": _THEIRS,
}


def dump(register: int, party: int) -> int:
    """The bytes of a plain dump of the same risks: each row of their tables as an INSERT, which the
    database itself writes."""
    from django.db import connection

    quote = "quote({})" if connection.vendor == "sqlite" else "quote_nullable({}::text)"
    size = 0
    for table, which in _DUMPED.items():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} LIMIT 0")
            columns = [f'"{column[0]}"' for column in cursor.description]
            values = " || ',' || ".join(quote.format(column) for column in columns)
            cursor.execute(
                f"SELECT 'INSERT INTO {table} VALUES(' || {values} || ');' FROM {table} "
                f"WHERE {which} ORDER BY id",
                [register, party],
            )
            while rows := cursor.fetchmany(2000):
                size += len("\n".join(line for (line,) in rows).encode())
    return size


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""Twenty registers in which one open risk of a hundred has come to a new rung of the ladder.

As many more stand on the ladder and were told already; all others fall due later. What grows with
the size is each register and the number of people, one for five duties. Rows are made by the
database itself; every person and risk is illustrative.
"""

import datetime as dt
import zoneinfo
from typing import Any

from django.db import connection

from bench.analyse import analyse
from bench.seed import statements
from riskreg.accounts.models import User
from riskreg.accounts.services import create_user
from riskreg.kernel import clock
from riskreg.register.models import Membership, Register
from riskreg.register.services import add_party, create_register, mark_criteria_used

REGISTERS = 20
# Duties told of in each register of an idle sweep.
TOLD_EACH = 100
ZONE = "Asia/Shanghai"
# Of so many risks one is open; the others are drafts and closed.
OPEN_SHARE = (22 / 23) * (30 / 31)
# Risks fall due in pairs, one of each party; from 13 days ahead of their date to 25 after it.
PAIR, AGE = "(n / 2) %% 100", "(n / 200) %% 39 - 13"
OWNER = "%(first)s + (n / 200 * 2 + n %% 2) %% %(people)s"
RUNG = """CASE WHEN next_review_on <= %(d21)s THEN 21 WHEN next_review_on <= %(d7)s THEN 7
  WHEN next_review_on <= %(d0)s THEN 0 WHEN next_review_on <= %(d_3)s THEN -3 ELSE -14 END"""


def days(now: dt.datetime) -> dict[str, dt.date]:
    """The last due date that has come to each rung of the default ladder, by name."""
    today = now.astimezone(zoneinfo.ZoneInfo(ZONE)).date()
    offsets = {"d21": 21, "d7": 7, "d0": 0, "d_3": -3, "d_14": -14}
    return {name: today - dt.timedelta(days=offset) for name, offset in offsets.items()}


def seed(size: int) -> None:
    """``size`` open risks, a hundredth of them due, for a person per 500."""
    now = clock.now()
    founder = create_user(email="founder@bench.example", name="Founder", password=None, at=now)
    people = max(4, size // 500 // REGISTERS // 2 * 2)
    for n in range(REGISTERS):
        _fill(n, round(size / OPEN_SHARE / REGISTERS), people, founder, now)
    analyse()


def seed_told(registers: int) -> None:
    """``registers`` with a hundred open risks each, all on the ladder and told of."""
    now = clock.now()
    founder = create_user(email="founder@bench.example", name="Founder", password=None, at=now)
    for n in range(registers):
        _fill(n, round(TOLD_EACH / OPEN_SHARE), 4, founder, now, all_told=True)
    analyse()


def _fill(
    n: int, count: int, people: int, founder: User, now: dt.datetime, *, all_told: bool = False
) -> None:
    slug = f"bench-{n}"
    register = create_register(
        slug=slug, names=f"Illustrative register {n}", currency="CNY", time_zone=ZONE, at=now,
        by=founder,
    )  # fmt: skip
    parties = [
        add_party(register=register, key=key, names=key, prefix=prefix, at=now, by=founder)
        for key, prefix in (("foton", "F"), ("catl", "C"))
    ]
    assert register.criteria is not None
    mark_criteria_used(register.criteria, now)
    users = User.objects.bulk_create(
        User(
            email=f"person-{k}@{slug}.example", name=f"Illustrative person {k}", password="!",
            language=("en", "zh-hans")[k // 2 % 2], time_zone=ZONE, created_at=now,
            digest_hour=0, working_days=[1, 2, 3, 4, 5, 6, 7],
        )
        for k in range(people)
    )  # fmt: skip
    Membership.objects.bulk_create(
        Membership(
            register=register, user=user, party=parties[k % 2],
            role="manager" if k < 2 else "owner", created_at=now,
        )
        for k, user in enumerate(users)
    )  # fmt: skip
    values: dict[str, Any] = {
        "register": register.pk, "foton": parties[0].pk, "catl": parties[1].pk,
        "criteria": register.criteria_id, "now": now, "count": count,
        "since": now - dt.timedelta(days=200), "first": users[0].pk, "people": people,
        "today": days(now)["d0"], **days(now),
    }  # fmt: skip
    age = f"CASE WHEN {PAIR} IN (11, 12) THEN {AGE} ELSE -30 - n %% 300 END"
    told = "AND CAST(substr(ref, 3) AS INTEGER) / 2 %% 100 = 12"
    if all_told:
        age, told = "n %% 39 - 13", ""
    vendor = connection.vendor
    with connection.cursor() as cursor:
        # Terms and objectives play no part in reminders.
        for statement in statements(vendor, age=age, owner=OWNER)[:2]:
            cursor.execute(statement, values)
        cursor.execute(_told(vendor, told), values)


def _told(vendor: str, which: str) -> str:
    uuid = "lower(hex(randomblob(16)))" if vendor == "sqlite" else "gen_random_uuid()"
    return f"""
      INSERT INTO reminders_reminder (uuid, created_at, register_id, kind, subject, due_on, rung,
        ladder_id, to_announce, state, reason, settled_at)
      SELECT {uuid}, %(now)s, register_id, 'risk.review', uuid, next_review_on, {RUNG},
        NULL, FALSE, 'sent', '', %(now)s
      FROM risks_risk WHERE register_id = %(register)s AND state = 'open' {which}"""


def found_by_hand(register: Register, now: dt.datetime) -> list[tuple[Any, ...]]:
    """The floor: one hand-written statement that finds what has come to a rung above all that are
    recorded, soonest due first. Extensions, of which there are none here, it does not look at."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT r.id, r.next_review_on FROM risks_risk r
            WHERE r.register_id = %(register)s AND r.state = 'open'
              AND r.next_review_on <= %(d_14)s
              AND NOT EXISTS (
                SELECT 1 FROM reminders_reminder m WHERE m.subject = r.uuid
                  AND m.due_on = r.next_review_on AND m.rung >= {RUNG} AND m.kind = 'risk.review')
            ORDER BY r.next_review_on, r.id""",
            {"register": register.pk, **days(now)},
        )
        return cursor.fetchall()

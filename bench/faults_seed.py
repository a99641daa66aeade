"""The registers of a fault run, and who must be told what: ``python -m bench.faults_seed FILE``.

People and registers are made by services, duties by bulk rows. What is expected is worked out here
by hand, without asking the engine, and written to FILE as JSON. Every person, risk and score is
illustrative.
"""

import argparse
import datetime as dt
import json
import math
import os
import random
import time
import uuid
import zoneinfo
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A digest names this many duties at most.
NAMED = 40
PER_REGISTER = 40
ZONES = (
    "Asia/Shanghai", "Europe/Berlin", "UTC", "Asia/Kolkata", "America/New_York",
    "America/Los_Angeles", "Pacific/Auckland", "Pacific/Honolulu", "America/Sao_Paulo",
)  # fmt: skip
# From how many days after the due date on who is told; readings have no rung before the due date.
FROM = {"owner": -14, "deputy": 0, "managers": 7, "leaders": 21}
# What falls due, and how often in a hundred; only a review has a deputy.
KINDS = {"review": 70, "mitigation": 15, "reading": 15}
# Rows are made past the counters of refs: whoever writes beside them begins at 1.
FIRST_REF = 500_001
PREFIX = {"review": "R", "mitigation": "M", "reading": "I"}
# From how many days on it is told at once, in a message of its own.
AT_ONCE = 21
# The registers are made a while before the run, as they are in life.
MADE_BEFORE = dt.timedelta(days=2)
# For an engine that runs, in seconds.
RECORDED_WITHIN = 60.0
# Days since the due date, and how often: before the ladder, and on each of its rungs; with a clock
# that is a day ahead or back as well.
AGES: tuple[tuple[range, int], ...] = (
    (range(-60, -20), 1), (range(-12, -4), 3), (range(1, 6), 4), (range(8, 20), 4),
    (range(22, 50), 2),
)  # fmt: skip


def far_from_midnight(now: dt.datetime) -> list[str]:
    """The zones in which it stays the same day for the next three hours."""
    return [z for z in ZONES if 0 < now.astimezone(zoneinfo.ZoneInfo(z)).hour < 21]


def told(age: int, kind: str, people: dict[str, Sequence[str]]) -> set[str]:
    """Who must hear of a duty that fell due ``age`` days ago, of ``people`` by their part."""
    if kind == "reading" and age < 0:
        return set()
    return {one for part, since in FROM.items() if age >= since for one in people[part]}


def seed(duties: int, people: int, chance: random.Random, first: int = 0) -> dict[str, Any]:
    """Fill the database; ``first`` is the number of the first register, for whoever comes again.

    Returns the expectation; see ``faults_check.Record``.
    """
    from riskreg.accounts.services import create_user
    from riskreg.kernel import clock

    now = clock.now()
    zones = far_from_midnight(now)
    registers = math.ceil(duties / PER_REGISTER)
    owners = max(1, (people // registers - 4) // 2)
    made = now - MADE_BEFORE
    founder = create_user(
        email=f"founder-{first}@bench.example", name="Founder", password=None, at=made
    )
    expected: dict[str, Any] = {
        "people": {}, "urgent": {}, "reviews": {}, "duties": {}, "silent": [],
    }  # fmt: skip
    for n in range(registers):
        count = min(PER_REGISTER, duties - n * PER_REGISTER)
        _fill_register(first + n, count, owners, founder, zones, now, chance, expected)
    # A digest also carries what was told at once.
    most = Counter(one for people in expected["duties"].values() for one in people)
    name, number = most.most_common(1)[0]
    assert number <= NAMED, f"{name} has {number} duties and a digest names {NAMED}"
    return expected


def _fill_register(
    n: int,
    count: int,
    owners: int,
    founder: Any,
    zones: list[str],
    now: dt.datetime,
    chance: random.Random,
    expected: dict[str, Any],
) -> None:
    from riskreg.accounts.services import create_user
    from riskreg.register import services

    slug, made = f"bench-{n:03}", now - MADE_BEFORE
    register = services.create_register(
        slug=slug, names=f"Illustrative register {n}", currency="CNY",
        time_zone=chance.choice(zones), at=made, by=founder,
    )  # fmt: skip
    today = now.astimezone(zoneinfo.ZoneInfo(register.time_zone)).date()
    people: dict[str, dict[str, list[Any]]] = {}
    parties = {}
    for key, prefix in (("foton", "F"), ("catl", "C")):
        party = services.add_party(
            register=register, key=key, names=key, prefix=prefix, at=made, by=founder
        )
        parties[key], people[key] = party, {}
        for role, number in (("owner", owners), ("manager", 1), ("leader", 1)):
            for k in range(number):
                user = create_user(
                    email=f"{role}-{k}-{key}@{slug}.example", name=f"Illustrative {role} {k}",
                    password=None, at=made, language=chance.choice(["en", "zh-hans"]),
                    time_zone=chance.choice(zones),
                )  # fmt: skip
                _at_any_hour(user)
                services.add_member(
                    register=register, user=user, role=role, party=party, at=made, by=founder
                )
                people[key].setdefault(role, []).append(user)
    rows = []
    for k in range(count + count // 10):
        # The tail has nothing to be told of: what is closed, and what is far off.
        quiet = k >= count
        key = chance.choice(list(parties))
        side = people[key]
        owner, deputy = chance.sample([*side["owner"], *side["manager"]], 2)
        span = chance.choices([a for a, _ in AGES[1:]], [w for _, w in AGES[1:]])[0]
        age = chance.choice(AGES[0][0] if quiet and k % 2 else span)
        kind = "review" if quiet else chance.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "reading" and age <= 0:
            kind = "mitigation"
        token = f"D-{n:03}-{k:03}"
        rows.append((token, parties[key], owner, deputy, today - dt.timedelta(days=age), kind,
                     quiet and not k % 2, chance.random() < 0.2))  # fmt: skip
        parts = {
            "owner": [owner.email],
            "deputy": [deputy.email] if kind == "review" else [],
            "managers": [u.email for u in side["manager"]],
            "leaders": [u.email for u in side["leader"]],
        }
        if quiet:
            expected["silent"].append(token)
            continue
        who = told(age, kind, parts)
        expected["duties"][token] = sorted(who)
        for email in who:
            way = "urgent" if age >= AT_ONCE else "people"
            expected[way].setdefault(email, []).append(token)
    _insert(register, rows, made, expected)


def _at_any_hour(user: Any) -> None:
    """Their digest is due now: from midnight on, on every day of the week."""
    wanted = {"digest_hour": 0, "working_days": [1, 2, 3, 4, 5, 6, 7]}
    for name, value in wanted.items():
        setattr(user, name, value)
    user.save(update_fields=list(wanted))


def _insert(register: Any, rows: list[Any], made: dt.datetime, expected: dict[str, Any]) -> None:
    from riskreg.indicators.models import Indicator
    from riskreg.risks.models import Mitigation, Position, Risk

    risks, positions, indicators, mitigations = [], [], [], []
    for k, (token, party, owner, deputy, due, kind, closed, private) in enumerate(rows):
        prefix = party.prefix if private else PREFIX[kind]
        common: dict[str, Any] = {
            "uuid": uuid.uuid4(), "created_at": made, "updated_at": made, "register": register,
            "party": party, "visibility": "party" if private else "shared", "owner": owner,
            "ref": f"{prefix}-{FIRST_REF + k}",
        }  # fmt: skip
        if kind == "mitigation":
            mitigations.append(
                Mitigation(
                    **common, title=f"Illustrative work {token}", status="planned", due_on=due
                )
            )
            continue
        if kind == "reading":
            indicators.append(
                Indicator(
                    **common,
                    names={"en": f"Illustrative series {token}"},
                    unit="CNY/t",
                    kind="fixed",
                    direction="higher_is_worse",
                    amber=1,
                    red=2,
                    frequency_days=30,
                    label="illustrative",
                    next_reading_on=due,
                )
            )
            continue
        risks.append(
            Risk(
                **common,
                deputy=deputy,
                title=f"Illustrative risk {token}",
                kind="threat",
                state="closed" if closed else "open",
                response="mitigate",
                next_review_on=due,
            )
        )
        expected["reviews"][common["uuid"].hex] = due.isoformat()
    Risk.objects.bulk_create(risks)
    Indicator.objects.bulk_create(indicators)
    Mitigation.objects.bulk_create(mitigations)
    for risk in risks:
        positions.append(
            Position(
                risk=risk,
                register=register,
                party=risk.party,
                visibility=risk.visibility,
                ref=risk.ref,
                state=risk.state,
                kind=risk.kind,
                owner=risk.owner,
                criteria=register.criteria,
                residual_likelihood=4,
                residual_impact=3,
                residual_score=12,
                residual_rating="high",
                valid_from=made,
            )
        )
    Position.objects.bulk_create(positions)


def main() -> None:
    """Seed the database of ``DATABASE_URL``."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults_seed", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--duties", type=int, default=2000)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first register")
    parser.add_argument("--beside", action="store_true", help="an engine runs meanwhile")
    options = parser.parse_args()
    django.setup()
    from django.db import transaction

    # An engine that runs meanwhile finds all of it at once: whoever had the day's digest of half of
    # it would hear of the rest tomorrow.
    with transaction.atomic():
        expected = seed(options.duties, options.people, random.Random(options.seed), options.first)
        if options.beside:
            _let_hours_come(expected, 23)
    if options.beside:
        # A sweep that began before may come to digests only now: it would find nothing for these
        # people yet, note that their day is done, and tell them tomorrow, as it should.
        _wait_until_recorded(expected)
        _let_hours_come(expected, 0)
    options.file.write_text(json.dumps(expected))


def _let_hours_come(expected: dict[str, Any], hour: int) -> None:
    """Let the digests of everybody who must hear of something be due at that hour."""
    from riskreg.accounts.models import User

    emails = {*expected["people"], *expected["urgent"]}
    User.objects.filter(email__in=emails).update(digest_hour=hour)


def _wait_until_recorded(expected: dict[str, Any]) -> None:
    """Until the engine has recorded a rung of every duty. Raises ``TimeoutError``."""
    from riskreg.reminders.models import Reminder, ReminderState

    slugs = {f"bench-{token.split('-')[1]}" for token in expected["duties"]}
    due = Reminder.objects.filter(register__slug__in=slugs).exclude(state=ReminderState.SKIPPED)
    ends = time.monotonic() + RECORDED_WITHIN
    while due.values("subject").distinct().count() < len(expected["duties"]):
        if time.monotonic() > ends:
            raise TimeoutError(f"{RECORDED_WITHIN} s, and the engine has not recorded all duties")
        time.sleep(0.2)


if __name__ == "__main__":
    main()

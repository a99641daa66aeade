"""Rows by the hundred thousand, made by the database itself.

Services would take hours for a million risks; what is measured reads these rows and cannot tell.
Only benchmarks write this way.
"""

import datetime as dt
from typing import Any

from django.db import connection

from bench.analyse import analyse
from riskreg.accounts.models import User
from riskreg.accounts.services import create_user
from riskreg.kernel import clock
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.models import Register
from riskreg.register.services import (
    add_member,
    add_objective,
    add_party,
    add_taxonomy,
    create_register,
    mark_criteria_used,
)
from riskreg.risks.models import REFS_EACH

PER_REGISTER = 1_000
OWNER = "CASE WHEN n %% 2 = 0 THEN %(user)s ELSE %(other)s END"


def seed(total: int) -> Viewer:
    """``total`` risks: in one register, or 1,000 in each of many from a million on.

    Returns a viewer of the register that is measured.
    """
    now = clock.now()
    user = create_user(email="bench@foton.example", name="Bench", password=None, at=now)
    other = create_user(email="bench@catl.example", name="Partner", password=None, at=now)
    crowd = create_user(email="crowd@foton.example", name="Crowd", password=None, at=now)
    spread = total >= 1_000_000
    registers = total // PER_REGISTER if spread else 1
    each = PER_REGISTER if spread else total
    measured = registers // 2
    for n in range(registers):
        # Whoever is measured is a member of one register; the switch lists one's own.
        slug, member = ("bench", user) if n == measured else (f"other-{n}", crowd)
        register = _register(n, slug, member, other, now)
        _fill(register, each, member, other, now)
    analyse()
    return viewer_for(user, "bench")


def _register(n: int, slug: str, user: User, other: User, now: dt.datetime) -> Register:
    register = create_register(
        slug=slug, names=f"Register {n}", currency="CNY", time_zone="Asia/Shanghai", at=now, by=user
    )
    parties = [
        add_party(register=register, key=key, names=key, prefix=prefix, at=now, by=user)
        for key, prefix in (("foton", "F"), ("catl", "C"))
    ]
    for member, party in ((user, parties[0]), (other, parties[1])):
        add_member(register=register, user=member, role="manager", party=party, at=now, by=user)
    viewer = viewer_for(user, slug)
    for key in ("category", "market"):
        terms = [{"key": f"t{i}", "names": f"Term {i}"} for i in range(5)]
        add_taxonomy(actor=viewer, key=key, names=key, terms=terms, at=now)
    add_objective(
        actor=viewer, key="units", names="Units", unit="vehicles", value=1, label="illustrative",
        due_on=dt.date(2030, 12, 31), party=parties[0], at=now,
    )  # fmt: skip
    assert register.criteria is not None
    mark_criteria_used(register.criteria, now)
    return register


def _fill(register: Register, count: int, user: User, other: User, now: dt.datetime) -> None:
    first, second = register.parties.order_by("id")
    values: dict[str, Any] = {
        "register": register.pk, "foton": first.pk, "catl": second.pk, "user": user.pk,
        "other": other.pk, "criteria": register.criteria_id, "now": now, "count": count,
        "since": now - dt.timedelta(days=200), "today": now.date(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in statements(connection.vendor):
            cursor.execute(statement, values)


def statements(vendor: str, *, age: str = "30 - (n * 37) %% 120", owner: str = OWNER) -> list[str]:
    """What fills a register; the names in it are those of ``_fill``.

    ``age`` is how many days ago risk number n fell due, ``owner`` whose it is, both in SQL.
    """
    lite = vendor == "sqlite"
    uuid = "lower(hex(randomblob(16)))" if lite else "gen_random_uuid()"
    day = f"date(%(today)s, -({age}) || ' days')" if lite else f"%(today)s::date - ({age})::int"
    series = (
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %(count)s)"
        if lite
        else "WITH s(n) AS (SELECT generate_series(1, %(count)s))"
    )
    no = "0" if lite else "false"
    json = ("'{}'", "'[]'") if lite else ("'{}'::jsonb", "'[]'::jsonb")
    party = "CASE WHEN n %% 2 = 0 THEN %(foton)s ELSE %(catl)s END"
    visibility = "CASE WHEN n %% 10 = 0 THEN 'party' ELSE 'shared' END"
    ref = (
        "(CASE WHEN n %% 10 <> 0 THEN 'R-' WHEN n %% 20 = 0 THEN 'F-' ELSE 'C-' END)"
        " || substr('000', 1, 3 - CASE WHEN n < 10 THEN 1 WHEN n < 100 THEN 2 ELSE 3 END) || n"
    )
    order = f"(CASE WHEN n %% 10 <> 0 THEN 0 ELSE CAST({party} AS bigint) END) * {REFS_EACH} + n"
    state = "CASE WHEN n %% 23 = 0 THEN 'draft' WHEN n %% 31 = 0 THEN 'closed' ELSE 'open' END"
    risks = f"""
      INSERT INTO risks_risk (uuid, created_at, register_id, party_id, visibility, ref, ref_order,
        title, cause, event, consequence, kind, state, response, owner_id, deputy_id, external_id,
        sources, labels, translations, next_review_on, last_reviewed_on, version, updated_at)
      {series}
      SELECT {uuid}, %(now)s, %(register)s, {party}, {visibility}, {ref}, {order},
        'Risk number ' || n || ' of a register that has very many of them',
        'Because something moved in market ' || n, 'something may happen to it',
        'which would cost time and money', 'threat', {state}, 'mitigate', {owner}, NULL, NULL,
        {json[1]}, {json[0]}, {json[0]}, {day}, NULL, 1, %(now)s
      FROM s"""
    cells = []
    for a, b in ((7, 11), (3, 13), (2, 5)):
        x, y = f"(1 + (n * {a}) %% 5)", f"(1 + (n / 5 * {b}) %% 5)"
        rating = (
            f"CASE WHEN {x} * {y} <= 2 THEN 'very_low' WHEN {x} * {y} <= 4 THEN 'low' "
            f"WHEN {x} * {y} <= 9 THEN 'moderate' WHEN {x} * {y} <= 15 THEN 'high' "
            "ELSE 'critical' END"
        )
        cells += [
            f"CASE WHEN n %% 50 = 0 THEN NULL ELSE {value} END"
            for value in (x, y, f"{x} * {y}", rating)
        ]
    columns = [
        f"{stage}_{part}"
        for stage in ("inherent", "residual", "target")
        for part in ("likelihood", "impact", "score", "rating")
    ]
    number = "CAST(substr(r.ref, 3) AS INTEGER)"
    positions = f"""
      INSERT INTO risks_position (risk_id, register_id, party_id, visibility, ref, ref_order,
        state, kind, owner_id, criteria_id, {", ".join(columns)}, valid_from, valid_to, by_scale)
      SELECT id, register_id, party_id, visibility, ref, ref_order, state, kind, owner_id,
        %(criteria)s,
        {", ".join(cells)}, %(since)s, NULL, {no}
      FROM (SELECT r.*, {number} AS n FROM risks_risk r WHERE r.register_id = %(register)s) AS x"""
    links = """
      INSERT INTO risks_risk_terms (risk_id, term_id)
      SELECT r.id, t.id FROM risks_risk r
      JOIN register_taxonomy x ON x.register_id = r.register_id
      JOIN register_term t ON t.taxonomy_id = x.id AND t.position = r.id %% 5
      WHERE r.register_id = %(register)s"""
    objectives = """
      INSERT INTO risks_risk_objectives (risk_id, objective_id)
      SELECT r.id, o.id FROM risks_risk r JOIN register_objective o ON o.register_id = r.register_id
      WHERE r.register_id = %(register)s AND r.id %% 3 = 0"""
    return [risks, positions, links, objectives]

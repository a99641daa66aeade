"""What happened to the risks that ``seed`` made: reviews, assessments, events, older positions.

Of each risk four reviews, three assessments, five events and two positions, as a register has them
after a year. Made by the database itself; only benchmarks and tests of bounds write this way.
"""

import datetime as dt
from typing import Any

from django.db import connection

from bench.analyse import analyse
from riskreg.events.models import Chain
from riskreg.register.access import Viewer
from riskreg.risks.models import REFS_EACH

REVIEWS, ASSESSMENTS, EVENTS = 4, 3, 5
_CELL_COLUMNS = [
    f"{stage}_{part}"
    for stage in ("inherent", "residual", "target")
    for part in ("likelihood", "impact", "score", "rating")
]


def add_history(viewer: Viewer) -> None:
    """Give every risk of the viewer's register a year of history, ending today."""
    register, now, lite = viewer.register, viewer.asked_at, connection.vendor == "sqlite"
    values: dict[str, Any] = {
        "register": register.pk,
        "criteria": register.criteria_id,
        "now": now.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S") if lite else now,
        "today": now.date(),
        "actor": viewer.user.uuid.hex if lite else str(viewer.user.uuid),
        "shared": _chain(f"{register.uuid}:shared"),
    }
    for party in register.parties.all():
        values[party.key] = party.pk
        values[f"chain_{party.key}"] = _chain(f"{register.uuid}:{party.uuid}")
    with connection.cursor() as cursor:
        for statement in _statements(lite):
            cursor.execute(statement, {k: v for k, v in values.items() if f"%({k})s" in statement})
    analyse()


def _chain(key: str) -> int:
    return Chain.objects.get_or_create(key=key)[0].pk


def _statements(lite: bool) -> list[str]:
    uuid = "lower(hex(randomblob(16)))" if lite else "gen_random_uuid()"
    json, no = ("'{}'", "0") if lite else ("'{}'::jsonb", "false")

    def ago(days: str) -> str:
        """The moment so many days ago, as the database keeps it."""
        if lite:
            return f"strftime('%%Y-%%m-%%d %%H:%%M:%%S', %(now)s, -({days}) || ' days')"
        return f"(%(now)s::timestamptz - make_interval(days => ({days})::int))"

    def day(days: str) -> str:
        return (
            f"date(%(today)s, -({days}) || ' days')"
            if lite
            else f"(%(today)s::date - ({days})::int)"
        )

    def times(count: int) -> str:
        return f"({' UNION ALL '.join(f'SELECT {i} AS i' for i in range(count))}) s"

    # The number of a risk spreads what happened to it over the year.
    n = f"(r.ref_order %% {REFS_EACH})"
    held = f"(s.i * 75 + 5 + {n} %% 60)"
    # From three weeks before the review to a week after it: some are late, some are early.
    due = f"({held} + ({n} * 7 + s.i * 5) %% 28 - 7)"
    done = f"(s.i * 60 + 2 + {n} %% 50)"
    chain = (
        "CASE WHEN r.visibility = 'shared' THEN %(shared)s "
        "WHEN r.party_id = %(foton)s THEN %(chain_foton)s ELSE %(chain_catl)s END"
    )
    ours = "r.register_id = %(register)s"
    # It stood, without controls, where it stands with them: most have moved since.
    before = [f"r.{column.replace('residual', 'inherent')}" for column in _CELL_COLUMNS]
    common = "r.register_id, r.party_id, r.visibility"
    return [
        f"""
        UPDATE risks_risk AS r SET created_at = {ago("400")},
          search_text = '  risk  number  ' || {n} || '  of  a  register  '
        WHERE {ours}""",
        f"""
        UPDATE risks_position AS r SET valid_from = {ago(f"(5 + {n} %% 190)")} WHERE {ours}""",
        f"""
        INSERT INTO risks_position (risk_id, register_id, party_id, visibility, ref, ref_order,
          state, kind, owner_id, criteria_id, {", ".join(_CELL_COLUMNS)}, valid_from, valid_to,
          by_scale)
        SELECT r.risk_id, {common}, r.ref, r.ref_order, r.state, r.kind, r.owner_id, r.criteria_id,
          {", ".join(before)}, {ago("400")}, r.valid_from, {no}
        FROM risks_position r WHERE {ours}""",
        f"""
        INSERT INTO reviews_review (uuid, created_at, register_id, party_id, visibility, risk_id,
          outcome, comment, translations, reviewer_id, due_on, next_review_on, at, brought_in,
          label, search_text)
        SELECT {uuid}, {ago(held)}, {common}, r.id, 'unchanged', 'Nothing new in market ' || {n},
          {json}, r.owner_id, {day(due)}, {day(f"({held} - 75)")}, {ago(held)}, {no},
          'judgement', ''
        FROM risks_risk r CROSS JOIN {times(REVIEWS)} WHERE {ours} AND r.state <> 'draft'
        ORDER BY s.i DESC, r.id""",
        f"""
        INSERT INTO risks_assessment (uuid, created_at, register_id, party_id, visibility, risk_id,
          criteria_id, stage, likelihood, impact, score, rating, rationale, translations, label,
          assessor_id, at, brought_in, search_text)
        SELECT {uuid}, {ago(held)}, {common}, r.id, %(criteria)s,
          CASE s.i WHEN 0 THEN 'residual' WHEN 1 THEN 'inherent' ELSE 'target' END, 3, 3, 9,
          'moderate', 'It stands where it stood', {json}, 'judgement', r.owner_id, {ago(held)},
          {no}, ''
        FROM risks_risk r CROSS JOIN {times(ASSESSMENTS)} WHERE {ours}
        ORDER BY s.i DESC, r.id""",
        f"""
        INSERT INTO events_event (chain_id, seq, at, recorded_at, brought_in, actor, request_id,
          verb, subject_type, subject_uuid, subject_ref, subject_version, changes, previous, hash)
        SELECT f.chain, c.seq + f.place, f.at, f.at, {no}, {
            "%(actor)s" if lite else "%(actor)s::uuid"
        }, '', f.verb, 'risk', f.uuid, f.ref, 1, f.changes, '', ''
        FROM (
          SELECT {chain} AS chain, {ago(done)} AS at, r.uuid, r.ref,
            CASE s.i WHEN 0 THEN 'risk.edited' ELSE 'review.recorded' END AS verb,
            CASE s.i WHEN 0 THEN '{{"title":["Risk","Risk number"]}}'
              ELSE '{{"next_review_on":["2026-01-01","2026-03-01"]}}' END AS changes,
            row_number() OVER (PARTITION BY {chain} ORDER BY s.i DESC, r.id) AS place
          FROM risks_risk r CROSS JOIN {times(EVENTS)} WHERE {ours}
        ) f JOIN events_chain c ON c.id = f.chain
        ORDER BY f.chain, f.place""",
        """
        UPDATE events_chain SET seq = coalesce(
          (SELECT max(e.seq) FROM events_event e WHERE e.chain_id = events_chain.id), seq)""",
    ]

"""The floors: the least that could serve the same data, written by hand.

Views go through the same middleware as riskreg's own, since every request does. They ask the
database in SQL, build what they send by hand, check nothing and know nothing of who may see what
but the condition in their statement.
"""

import hashlib
import json
import uuid
from typing import Any

import orjson
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import include, path

from bench.bare_pages import bare_page
from riskreg.accounts.models import User
from riskreg.accounts.policy import token_digest
from riskreg.kernel import clock
from riskreg.risks.models import Risk

LIMIT = 50
_VISIBLE = (
    "register_id = %s AND valid_to IS NULL AND state = 'open' "
    "AND (visibility = 'shared' OR party_id = %s)"
)
# What is named first of a cell: what would be the worst without controls.
_WORST_FIRST = "inherent_score DESC NULLS LAST, ref_order"
COUNTS = (
    "SELECT residual_likelihood, residual_impact, count(id) FROM risks_position "
    f"WHERE {_VISIBLE} GROUP BY residual_likelihood, residual_impact"
)
REFS = (
    "SELECT residual_likelihood, residual_impact, ref FROM (SELECT residual_likelihood, "
    "residual_impact, ref, row_number() OVER (PARTITION BY residual_likelihood, residual_impact "
    f"ORDER BY {_WORST_FIRST}) AS place FROM risks_position WHERE {_VISIBLE}) x "
    "WHERE place <= 50 ORDER BY place"
)
ONE_PASS = (
    "SELECT residual_likelihood, residual_impact, count(id), "
    f"(array_agg(ref ORDER BY {_WORST_FIRST}))[1:50] FROM risks_position "
    f"WHERE {_VISIBLE} GROUP BY residual_likelihood, residual_impact"
)
Cells = dict[Any, Any]


def heatmap(register: int, party: int) -> tuple[Cells, Cells]:
    """Counts and first refs per cell: in one pass where the database has arrays, else by two
    statements, of which the second ranks what the first has counted."""
    given = [register, party]
    if connection.vendor == "postgresql":
        rows = fetched(ONE_PASS, given)
        return {(x, y): n for x, y, n, _r in rows}, {(x, y): refs for x, y, _n, refs in rows}
    refs: Cells = {}
    counts = {(x, y): n for x, y, n in fetched(COUNTS, given)}
    for x, y, ref in fetched(REFS, given):
        refs.setdefault((x, y), []).append(ref)
    return counts, refs


def fetched(sql: str, values: Any) -> list[Any]:
    """The rows of one statement, as the driver gives them."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


# A page of the API -------------------------------------------------------------------------------
_STAGES = ("inherent", "residual", "target")
_CELLS = ", ".join(
    f"p.{stage}_{part}" for stage in _STAGES for part in ("likelihood", "impact", "score", "rating")
)
_RISKS = f"""
SELECT p.risk_id, r.uuid, p.ref, r.title, r.cause, r.event, r.consequence, p.kind, p.state,
  r.response, g.key, p.visibility, o.uuid, o.name, d.uuid, d.name, r.next_review_on,
  r.last_reviewed_on, r.external_id, r.sources, r.labels, r.translations, r.outdated_translations,
  r.version, r.created_at, r.updated_at, {_CELLS}
FROM risks_position p JOIN risks_risk r ON r.id = p.risk_id
JOIN register_party g ON g.id = p.party_id JOIN accounts_user o ON o.id = p.owner_id
LEFT JOIN accounts_user d ON d.id = r.deputy_id
WHERE p.register_id = %s AND p.valid_to IS NULL AND (p.visibility = 'shared' OR p.party_id = %s)
"""
_PAGE = f"{_RISKS} ORDER BY p.ref_order LIMIT {LIMIT + 1}"
_ONE = f"{_RISKS} AND p.risk_id = %s"
_LINKS = """
SELECT l.risk_id, x.key, t.key FROM risks_risk_terms l JOIN register_term t ON t.id = l.term_id
JOIN register_taxonomy x ON x.id = t.taxonomy_id WHERE l.risk_id IN ({0})
UNION ALL SELECT l.risk_id, '', o.key FROM risks_risk_objectives l
JOIN register_objective o ON o.id = l.objective_id WHERE l.risk_id IN ({0})
"""
_MEMBER = """
SELECT t.revoked_at, t.expires_at, u.id, m.register_id, m.party_id FROM accounts_apitoken t
JOIN accounts_user u ON u.id = t.user_id JOIN register_membership m ON m.user_id = u.id
JOIN register_register g ON g.id = m.register_id
WHERE t.digest = %s AND g.slug = 'bench' AND m.ended_at IS NULL
"""


def api_page(request: HttpRequest) -> HttpResponse:
    """The API's list page: whose token it is, one statement, one for the links, one dump."""
    _user, register, party = _caller(request)
    body = {"next": "x" * 60, "previous": None, "results": _bodies(_PAGE, [register, party])}
    return HttpResponse(orjson.dumps(body), content_type="application/json")


def _caller(request: HttpRequest) -> tuple[int, int, int]:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    [(_revoked, _expires, user, register, party)] = fetched(_MEMBER, [token_digest(token)])
    return user, register, party


def _bodies(sql: str, values: list[Any]) -> list[dict[str, Any]]:
    rows = fetched(sql, values)[:LIMIT]
    terms: dict[int, dict[str, list[str]]] = {}
    objectives: dict[int, list[str]] = {}
    for risk, taxonomy, key in fetched(_LINKS.format(",".join(str(row[0]) for row in rows)), []):
        if taxonomy:
            terms.setdefault(risk, {}).setdefault(taxonomy, []).append(key)
        else:
            objectives.setdefault(risk, []).append(key)
    today = clock.now().date().isoformat()
    results = []
    for row in rows:
        (
            key, public, ref, title, cause, event, consequence, kind, state, response, party,
            visibility, owner, owner_name, deputy, deputy_name, due, reviewed, external_id, sources,
            labels, translations, outdated, version, created, updated, *cells,
        ) = row  # fmt: skip
        scores = {}
        for n, stage in enumerate(_STAGES):
            likelihood, impact, score, rating = cells[4 * n : 4 * n + 4]
            scores[stage] = None if score is None else {
                "likelihood": likelihood, "impact": impact, "score": score, "rating": rating,
            }  # fmt: skip
        results.append({
            "id": _uuid(public), "ref": ref, "url": f"/api/v1/registers/bench/risks/{ref}/",
            "title": title, "cause": cause, "event": event, "consequence": consequence,
            "kind": kind, "state": state, "response": response, "party": party,
            "visibility": visibility, "owner": {"id": _uuid(owner), "name": owner_name},
            "deputy": deputy and {"id": _uuid(deputy), "name": deputy_name}, "scores": scores,
            "terms": terms.get(key, {}), "objectives": objectives.get(key, []),
            "next_review_on": due, "last_reviewed_on": reviewed,
            "overdue": state == "open" and due is not None and str(due) < today,
            "external_id": external_id, "sources": _json(sources),
            "labels": _json(labels), "translations": _json(translations),
            "outdated_translations": _json(outdated), "version": version,
            "created_at": created, "updated_at": updated,
        })  # fmt: skip
    return results


def _json(value: Any) -> Any:
    """What the database has as JSON goes out as it is."""
    return orjson.Fragment(value) if isinstance(value, str) else value


def _uuid(value: Any) -> str:
    """SQLite has the digits alone."""
    if not isinstance(value, str):
        return str(value)
    return f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}"


# A list page -------------------------------------------------------------------------------------
_ROWS = """
SELECT p.ref, r.title, o.name, g.key, p.state, p.inherent_score, p.inherent_rating,
  p.residual_score, p.residual_rating, p.target_score, p.target_rating, r.next_review_on
FROM risks_position p JOIN risks_risk r ON r.id = p.risk_id
JOIN register_party g ON g.id = p.party_id JOIN accounts_user o ON o.id = p.owner_id
WHERE p.register_id = %s AND p.valid_to IS NULL AND (p.visibility = 'shared' OR p.party_id = %s)
ORDER BY p.residual_score DESC NULLS LAST, p.ref_order LIMIT 50
"""
_OWN = """
SELECT m.register_id, m.party_id FROM register_membership m JOIN register_register g
ON g.id = m.register_id WHERE g.slug = 'bench' AND m.user_id = %s
"""


def html_page(request: HttpRequest) -> HttpResponse:
    """A bare template with the rows of the list page, by the same order and number."""
    [place] = fetched(_OWN, [request.user.pk])
    # Without the request, so without what the shell of a real page has to read.
    return HttpResponse(render_to_string("bare.html", {"rows": fetched(_ROWS, list(place))}))


# Writes ------------------------------------------------------------------------------------------
_LOCK = "" if connection.vendor == "sqlite" else " FOR NO KEY UPDATE"


def review(risk: Risk, user: User) -> None:
    """The rows of one review by hand: lock, review, event, chain, risk; nothing checked."""
    from riskreg.reviews.models import Review

    now = clock.now()
    with transaction.atomic():
        locked = Risk.objects.select_for_update().get(pk=risk.pk)
        Review.objects.create(
            register_id=locked.register_id, party_id=locked.party_id, visibility=locked.visibility,
            risk=locked, outcome="unchanged", comment="", reviewer=user, at=now, created_at=now,
            due_on=now.date(), next_review_on=now.date(),
        )  # fmt: skip
        Risk.objects.filter(pk=risk.pk).update(version=locked.version + 1, updated_at=now)
        _add_event_row(locked, "{}", now)


def patch_by_rows(request: HttpRequest, ref: str) -> HttpResponse:
    """A new title in one bare transaction, as it is written with Django: the token and its person's
    membership, the key, the row under its lock, the event on its chain, the answer as it is kept
    under the key. Nothing is checked but the version."""
    from riskreg.accounts.models import ApiToken
    from riskreg.register.models import Membership
    from riskreg.requests.models import DoneRequest
    from riskreg.risks.models import Position

    digest = token_digest(request.headers["Authorization"].removeprefix("Bearer "))
    token = ApiToken.objects.select_related("user").get(digest=digest)
    member = Membership.objects.select_related("register", "party").get(
        user=token.user, register__slug="bench", ended_at=None
    )
    title, now = json.loads(request.body)["title"], clock.now()
    with transaction.atomic():
        key = DoneRequest.objects.create(
            user=token.user, key=request.headers["Idempotency-Key"], created_at=now,
            fingerprint=hashlib.sha256(request.body).hexdigest(),
        )  # fmt: skip
        risk = Risk.objects.select_for_update().get(register=member.register, ref=ref)
        assert request.headers["If-Match"].strip('"').partition("-")[0] == str(risk.version)
        changes = json.dumps({"title": [risk.title, title]})
        risk.title, risk.version, risk.updated_at = title, risk.version + 1, now
        risk.save(update_fields=["title", "version", "updated_at"])
        _add_event_row(risk, changes, now)
        row = Position.objects.select_related("risk__deputy", "owner", "party").get(
            risk=risk, valid_to=None
        )
        body = {
            "id": str(risk.uuid), "ref": ref, "title": row.risk.title, "cause": row.risk.cause,
            "event": row.risk.event, "consequence": row.risk.consequence, "kind": row.kind,
            "state": row.state, "owner": {"id": str(row.owner.uuid), "name": row.owner.name},
            "scores": {stage: row.cell(stage) for stage in _STAGES}, "version": risk.version,
            "terms": list(risk.terms.values_list("taxonomy__key", "key")),
            "objectives": list(risk.objectives.values_list("key", flat=True)),
            "labels": risk.labels, "translations": risk.translations, "sources": risk.sources,
        }  # fmt: skip
        text = json.dumps(body)
        tag = f'"{risk.version}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"'
        key.status, key.headers, key.body = 200, {"ETag": tag}, text
        key.save(update_fields=["status", "headers", "body"])
    return HttpResponse(text, content_type="application/json", headers={"ETag": tag})


def _add_event_row(risk: Risk, changes: str, now: Any) -> None:
    from riskreg.events.models import Chain, Event

    Chain.objects.get_or_create(key="bench-floor")
    chain = Chain.objects.select_for_update().get(key="bench-floor")
    digest = hashlib.sha256(f"{chain.head}{risk.ref}{changes}".encode()).hexdigest()
    Event.objects.create(
        chain=chain, seq=chain.seq + 1, at=now, recorded_at=now, verb="floor", subject_type="risk",
        subject_uuid=risk.uuid, subject_ref=risk.ref, changes=changes, previous=chain.head,
        hash=digest,
    )  # fmt: skip
    Chain.objects.filter(pk=chain.pk).update(seq=chain.seq + 1, head=digest)


def patch(request: HttpRequest, ref: str) -> HttpResponse:
    """``patch_by_rows`` in SQL by hand."""
    user, register, party = _caller(request)
    title = json.loads(request.body)["title"]
    now = clock.now()
    with transaction.atomic():
        [(key,)] = fetched(
            "INSERT INTO requests_donerequest (user_id, key, fingerprint, status, headers, body, "
            "created_at) VALUES (%s, %s, %s, 0, '{}', '', %s) ON CONFLICT (user_id, key) DO "
            "NOTHING RETURNING id",
            [user, request.headers["Idempotency-Key"], hashlib.sha256(request.body).hexdigest(),
             now],
        )  # fmt: skip
        [(risk, public, version, before)] = fetched(
            "SELECT id, uuid, version, title FROM risks_risk WHERE register_id = %s AND ref = %s "
            f"AND (visibility = 'shared' OR party_id = %s){_LOCK}",
            [register, ref, party],
        )
        assert request.headers["If-Match"].strip('"').partition("-")[0] == str(version)
        fetched(
            "UPDATE risks_risk SET title = %s, search_text = %s, version = %s, updated_at = %s "
            "WHERE id = %s",
            [title, f" {title} ", version + 1, now, risk],
        )
        _add_event(ref, public, json.dumps({"title": [before, title]}), now)
        [body] = _bodies(_ONE, [register, party, risk])
        text = orjson.dumps(body).decode()
        tag = f'"{version + 1}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"'
        fetched(
            "UPDATE requests_donerequest SET status = 200, headers = %s, body = %s WHERE id = %s",
            [json.dumps({"ETag": tag}), text, key],
        )
    return HttpResponse(text, content_type="application/json", headers={"ETag": tag})


def _add_event(ref: str, public: Any, changes: str, now: Any) -> None:
    fetched(
        "INSERT INTO events_chain (key, seq, head) VALUES ('bench-floor', 0, '') "
        "ON CONFLICT (key) DO NOTHING",
        [],
    )
    [(chain, seq, head)] = fetched(
        f"SELECT id, seq, head FROM events_chain WHERE key = 'bench-floor'{_LOCK}", []
    )
    digest = hashlib.sha256(f"{head}{ref}{changes}".encode()).hexdigest()
    no = "false" if connection.vendor == "postgresql" else "0"
    fetched(
        "INSERT INTO events_event (chain_id, seq, at, recorded_at, brought_in, actor, request_id, "
        "verb, subject_type, subject_uuid, subject_ref, subject_version, changes, previous, hash) "
        f"VALUES (%s, %s, %s, %s, {no}, NULL, %s, 'floor', 'risk', %s, %s, 1, %s, %s, %s)",
        [chain, seq + 1, now, now, uuid.uuid4().hex,
         public.hex if isinstance(public, uuid.UUID) else public, ref, changes, head, digest],
    )  # fmt: skip
    fetched("UPDATE events_chain SET seq = %s, head = %s WHERE id = %s", [seq + 1, digest, chain])


urlpatterns = [
    path("floor/api/", api_page),
    path("floor/html/", html_page),
    path("floor/patch/<str:ref>/", patch_by_rows),
    path("floor/patch-sql/<str:ref>/", patch),
    path("floor/page/<str:name>/", bare_page),
    path("", include("config.urls")),
]

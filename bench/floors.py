"""The floors: the least that could serve the same data, written by hand."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import include, path

from riskreg.accounts.models import User
from riskreg.register.models import Register, Term
from riskreg.risks.models import Position, Risk

LIMIT = 50
_VISIBLE = (
    "register_id = %s AND valid_to IS NULL AND state = 'open' "
    "AND (visibility = 'shared' OR party_id = %s)"
)
COUNTS = (
    "SELECT residual_likelihood, residual_impact, count(id) FROM risks_position "
    f"WHERE {_VISIBLE} GROUP BY residual_likelihood, residual_impact"
)
REFS = (
    "SELECT residual_likelihood, residual_impact, ref FROM (SELECT residual_likelihood, "
    "residual_impact, ref, ref_order, row_number() OVER (PARTITION BY residual_likelihood, "
    f"residual_impact ORDER BY ref_order) AS place FROM risks_position WHERE {_VISIBLE}) x "
    "WHERE place <= 50 ORDER BY ref_order"
)


def heatmap(register: int, party: int) -> tuple[dict[Any, int], dict[Any, list[str]]]:
    """Counts and first refs per cell by two hand-written statements."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [register, party])
        counts = {(x, y): n for x, y, n in cursor.fetchall()}
        cursor.execute(REFS, [register, party])
        refs: dict[Any, list[str]] = {}
        for x, y, ref in cursor.fetchall():
            refs.setdefault((x, y), []).append(ref)
    return counts, refs


_VALUES = (
    "ref", "risk__title", "risk__cause", "risk__event", "risk__consequence", "kind", "state",
    "risk__response", "party__key", "visibility", "owner__uuid", "owner__name",
    "risk__deputy__uuid", "risk__deputy__name", "inherent_likelihood", "inherent_impact",
    "inherent_score", "inherent_rating", "residual_likelihood", "residual_impact",
    "residual_score", "residual_rating", "target_likelihood", "target_impact", "target_score",
    "target_rating", "risk__next_review_on", "risk__last_reviewed_on", "risk__external_id",
    "risk__sources", "risk__labels", "risk__translations", "risk__version", "risk__created_at",
    "risk__updated_at", "risk_id",
)  # fmt: skip


def _page(register: Register, party: int, order: Any) -> list[dict[str, Any]]:
    visible = Position.objects.filter(
        Q(visibility="shared") | Q(party_id=party), register=register, valid_to=None
    )
    return list(visible.order_by(order, "ref_order").values(*_VALUES)[: LIMIT + 1])


def api_page(request: HttpRequest) -> HttpResponse:
    """A bare view that builds the JSON of the API's list page from ``.values()``."""
    register = Register.objects.get(slug="bench")
    party = register.parties.get(key="foton")
    rows = _page(register, party.pk, "ref_order")
    ids = [r["risk_id"] for r in rows[:LIMIT]]
    terms: dict[int, dict[str, list[str]]] = {}
    for risk, taxonomy, term in Term.risks.through.objects.filter(risk__in=ids).values_list(
        "risk_id", "term__taxonomy__key", "term__key"
    ):
        terms.setdefault(risk, {}).setdefault(taxonomy, []).append(term)
    objectives: dict[int, list[str]] = {}
    for risk, key in Risk.objectives.through.objects.filter(risk__in=ids).values_list(
        "risk_id", "objective__key"
    ):
        objectives.setdefault(risk, []).append(key)
    today = dt.datetime.now(dt.UTC).date()  # noqa: TID251
    results = []
    for r in rows[:LIMIT]:
        scores = {
            stage: None
            if r[f"{stage}_score"] is None
            else {p: r[f"{stage}_{p}"] for p in ("likelihood", "impact", "score", "rating")}
            for stage in ("inherent", "residual", "target")
        }
        due = r["risk__next_review_on"]
        results.append(
            {
                "ref": r["ref"], "url": f"/api/v1/registers/bench/risks/{r['ref']}/",
                "title": r["risk__title"], "cause": r["risk__cause"], "event": r["risk__event"],
                "consequence": r["risk__consequence"], "kind": r["kind"], "state": r["state"],
                "response": r["risk__response"], "party": r["party__key"],
                "visibility": r["visibility"],
                "owner": {"id": str(r["owner__uuid"]), "name": r["owner__name"]},
                "deputy": None, "scores": scores, "terms": terms.get(r["risk_id"], {}),
                "objectives": objectives.get(r["risk_id"], []),
                "next_review_on": due and due.isoformat(), "last_reviewed_on": None,
                "overdue": bool(r["state"] == "open" and due and due < today),
                "external_id": r["risk__external_id"], "sources": r["risk__sources"],
                "labels": r["risk__labels"], "translations": r["risk__translations"],
                "version": r["risk__version"], "created_at": r["risk__created_at"].isoformat(),
                "updated_at": r["risk__updated_at"].isoformat(),
            }
        )  # fmt: skip
    body = json.dumps({"next": "x" * 60, "previous": None, "results": results})
    return HttpResponse(body, content_type="application/json")


def html_page(request: HttpRequest) -> HttpResponse:
    """A bare template with the rows of the list page, by the same order and number."""
    register = Register.objects.get(slug="bench")
    party = register.parties.get(key="foton")
    worst_first = F("residual_score").desc(nulls_last=True)
    rows = _page(register, party.pk, worst_first)[:LIMIT]
    # Without the request, so without what the shell of a real page has to read.
    return HttpResponse(render_to_string("bare.html", {"rows": rows}))


@dataclass(frozen=True)
class BareHome:
    """What the home of leadership sent to the database, and the values that it showed."""

    statements: list[tuple[str, Any]]
    values: dict[str, Any]


HOME: BareHome | None = None


def home_page(request: HttpRequest) -> HttpResponse:
    """A bare view: the statements of ``HOME`` as text, their rows, and one template of its values.

    What the request itself asks (session, person) is among the statements, and is not asked again.
    """
    assert HOME is not None
    with connection.cursor() as cursor:
        for sql, values in HOME.statements:
            cursor.execute(sql, values)
            if cursor.description:
                cursor.fetchall()
    return HttpResponse(render_to_string("bare_home.html", HOME.values))


def review(risk: Risk, user: User) -> None:
    """The rows of one review by hand: lock, review, event, chain, risk; nothing checked."""
    from riskreg.events.models import Chain, Event
    from riskreg.reviews.models import Review

    now = dt.datetime.now(dt.UTC)  # noqa: TID251
    with transaction.atomic():
        locked = Risk.objects.select_for_update().get(pk=risk.pk)
        Review.objects.create(
            register_id=locked.register_id, party_id=locked.party_id, visibility=locked.visibility,
            risk=locked, outcome="unchanged", comment="", reviewer=user, at=now, created_at=now,
            due_on=now.date(), next_review_on=now.date(),
        )  # fmt: skip
        Risk.objects.filter(pk=risk.pk).update(version=locked.version + 1, updated_at=now)
        chain, _made = Chain.objects.select_for_update().get_or_create(key="bench-floor")
        Event.objects.create(
            chain=chain, seq=chain.seq + 1, at=now, recorded_at=now, verb="floor",
            subject_type="risk", subject_uuid=locked.uuid, subject_ref=locked.ref, changes="{}",
            previous="0" * 64, hash="0" * 64,
        )  # fmt: skip
        Chain.objects.filter(pk=chain.pk).update(seq=chain.seq + 1)


urlpatterns = [
    path("floor/api/", api_page),
    path("floor/html/", html_page),
    path("floor/home/", home_page),
    path("", include("config.urls")),
]

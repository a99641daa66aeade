"""Risks: lists, details, changes, and what moves them through their life."""

import uuid
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import QuerySet, Subquery
from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, nothing_in, person_of
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, listed
from riskreg.api.core.query import as_query
from riskreg.api.core.values import day, named, time
from riskreg.kernel import keyset
from riskreg.kernel.errors import Errors, Invalid
from riskreg.register.visibility import Visibility
from riskreg.risks import filters, services
from riskreg.risks.models import Position, Risk
from riskreg.risks.policy import is_overdue, score_marks
from riskreg.risks.queries.access import current_positions, risk_for, visible_risks
from riskreg.risks.queries.links import objectives_by_risk, terms_by_risk
from riskreg.risks.queries.lists import risk_list

_NULLABLE = ("score", "next_review_on", "title", "owner")
_COLUMNS = (
    "risk_id", "risk__uuid", "ref", "ref_order", "risk__title", "risk__cause", "risk__event",
    "risk__consequence", "kind", "state", "risk__response", "party__key", "visibility",
    "owner__uuid", "owner__name", "owner__names",
    "risk__deputy__uuid", "risk__deputy__name", "risk__deputy__names",
    "inherent_likelihood", "inherent_impact", "inherent_score", "inherent_rating",
    "residual_likelihood", "residual_impact", "residual_score", "residual_rating",
    "target_likelihood", "target_impact", "target_score", "target_rating",
    "risk__next_review_on", "risk__last_reviewed_on", "risk__external_id", "risk__sources",
    "risk__labels", "risk__translations", "risk__outdated_translations", "risk__version",
    "risk__created_at", "risk__updated_at",
)  # fmt: skip


class RiskApi(RegisterApi):
    """A view about risks."""

    def rows(self, positions: QuerySet[Position]) -> QuerySet[Position, tuple[Any, ...]]:
        """``positions`` as the columns that ``said`` reads."""
        return positions.values_list(*_COLUMNS)

    def said(self, rows: Collection[tuple[Any, ...]]) -> list[dict[str, Any]]:
        """Rows of ``rows()`` as JSON, with two queries for their links."""
        return list(self._said(rows)) if rows else []

    def _said(self, rows: Collection[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
        ids = [row[0] for row in rows]
        terms, objectives = terms_by_risk(ids), objectives_by_risk(self.viewer, ids)
        today, root = self.viewer.today(self.at), f"{self.here}risks/"
        own = self.viewer.party.key if self.viewer.party else None
        for (
            key, _uuid, ref, _order, title, cause, event, consequence, kind, state, response, party,
            visibility, owner, owner_name, owner_names, deputy, deputy_name, deputy_names,
            *cells, next_on, last_on, external_id, sources, labels, translations, outdated,
            version,
            created_at, updated_at,
        ) in rows:  # fmt: skip
            yield {
                "ref": ref,
                "url": f"{root}{ref}/",
                "title": title,
                "cause": cause,
                "event": event,
                "consequence": consequence,
                "kind": kind,
                "state": state,
                "response": response,
                "party": party,
                "visibility": visibility,
                "owner": named(owner, owner_name, owner_names),
                "deputy": named(deputy, deputy_name, deputy_names) if deputy else None,
                "scores": {
                    "inherent": _cell(cells[0:4]),
                    "residual": _cell(cells[4:8]),
                    "target": _cell(cells[8:12]),
                },
                "marks": score_marks(
                    kind, {"inherent": cells[2], "residual": cells[6], "target": cells[10]}
                ),
                "terms": terms.get(key, {}),
                "objectives": objectives.get(key, []),
                "next_review_on": day(next_on),
                "last_reviewed_on": day(last_on),
                "overdue": is_overdue(state, next_on, today),
                "external_id": external_id if party == own else None,
                "sources": sources,
                "labels": labels,
                "translations": translations,
                "outdated_translations": outdated or {},
                "version": version,
                "created_at": time(created_at),
                "updated_at": time(updated_at),
            }

    def one(self, risk: Risk) -> dict[str, Any]:
        """``risk`` as it is now."""
        return self.said(self.rows(current_positions(self.viewer).filter(risk_id=risk.pk)))[0]

    def answer(self, risk: Risk, status: int = 200) -> Answer:
        """``risk`` as it is now, with its ETag, and its address where it is new."""
        body = self.one(risk)
        answer = Answer.of(body, status, ETag=etag(body["version"], body))
        if status == 201:
            return Answer(answer.text, status, {**answer.headers, "Location": body["url"]})
        return answer


class Risks(RiskApi):
    """GET lists the risks that the caller may know of, POST makes one."""

    @schema.listed("List risks", shapes.Risk, schema.RISK_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """All of them, drafts and closed ones too, unless the filters say otherwise."""
        chosen = as_query(
            lambda: filters.parse(
                self.viewer, request.query_params, self.at, also=("ordering", *PARAMS)
            )
        )
        order, name = _order(request.query_params.get("ordering"), chosen.stage)
        rows = risk_list(self.viewer, chosen).values_list(*_COLUMNS, order.column)
        listing = Listing(
            queryset=rows,
            order=order,
            place=lambda row: (None if name == "ref" else row[-1], str(row[1])),
            tie=lambda public: Subquery(
                visible_risks(self.viewer).filter(uuid=uuid.UUID(public)).values("ref_order")
            ),
        )
        return listed(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: self.said([row[: len(_COLUMNS)] for row in found]),
        )

    @schema.made("Create a risk", shapes.RiskNew, shapes.Risk)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A draft of the caller's party."""

        def act() -> Answer:
            fields = _fields(body_of(request))
            visibility = fields.pop("visibility", Visibility.SHARED)
            risk = services.create_risk(
                actor=self.viewer, fields=fields, visibility=visibility, at=self.at
            )
            return self.answer(risk, 201)

        return self.write(act)


class RiskDetail(RiskApi):
    """One risk, by its ref; its party finds it by an old ref as well."""

    @schema.detailed("Read a risk", shapes.Risk)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The risk as it is now."""
        self.known_params()
        body = self.one(risk_for(self.viewer, ref))
        return self.detail(body, body["version"])

    @schema.changed("Change a risk", shapes.RiskChange, shapes.Risk)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Changes what is named. ``visibility: shared`` shares it; there is no way back."""

        def act() -> Answer:
            fields = _fields(body_of(request))
            wanted = fields.pop("visibility", None)
            seen = self.seen
            if fields or wanted != Visibility.SHARED:
                risk = services.edit_risk(
                    actor=self.viewer, ref=ref, version=seen, fields=fields, at=self.at
                )
                if wanted is None or wanted == risk.visibility:
                    return self.answer(risk)
                if wanted != Visibility.SHARED:
                    raise _cannot_narrow(wanted)
                seen = risk.version
            return self.answer(
                services.share_risk(actor=self.viewer, ref=ref, version=seen, at=self.at)
            )

        return self.write(act)


class RiskAct(RiskApi):
    """Something done to one risk as a whole; answers with the risk."""

    fields: tuple[str, ...] = ()

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        """Call the service. Raises what it raises."""
        raise NotImplementedError

    def do(self, request: Request, ref: str) -> HttpResponse:
        """The act, on the version that If-Match names."""

        def act() -> Answer:
            given = body_of(request, *self.fields) if self.fields else nothing_in(request)
            return self.answer(self.act(ref, given))

        return self.write(act)


class RiskOpen(RiskAct):
    """Puts a draft into force."""

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.open_risk(actor=self.viewer, ref=ref, version=self.seen, at=self.at)

    @schema.acted("Open a risk", None, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """From now on it is counted, and its reviews fall due."""
        return self.do(request, ref)


class RiskShare(RiskAct):
    """Makes a party's own risk known to everybody in the register."""

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.share_risk(actor=self.viewer, ref=ref, version=self.seen, at=self.at)

    @schema.acted("Share a risk", None, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """It gets a shared ref; its party finds it by the old one as well. No way back."""
        return self.do(request, ref)


class RiskTransfer(RiskAct):
    """Hands a risk over."""

    fields = ("owner", "deputy")

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.transfer_risk(
            actor=self.viewer,
            ref=ref,
            version=self.seen,
            owner=person_of(given.get("owner")),
            deputy=person_of(given.get("deputy")),
            at=self.at,
        )

    @schema.acted("Hand a risk over", shapes.Transfer, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """To another owner, and perhaps another deputy."""
        return self.do(request, ref)


def _fields(body: dict[str, Any]) -> dict[str, Any]:
    return {k: person_of(v) if k in ("owner", "deputy") else v for k, v in body.items()}


def _cell(parts: list[Any]) -> dict[str, Any] | None:
    likelihood, impact, score, rating = parts
    if likelihood is None:
        return None
    return {"likelihood": likelihood, "impact": impact, "score": score, "rating": rating}


def _order(value: str | None, stage: str) -> tuple[keyset.Order, str]:
    errors = Errors()
    column, descending = filters.order(errors, value, stage, "ref")
    try:
        errors.raise_if_any()
    except Invalid as invalid:
        raise InvalidQuery(invalid.fields) from None
    name = (value or "ref").removeprefix("-")
    order = keyset.Order(
        column=column, tie="ref_order", descending=descending, nullable=name in _NULLABLE,
        tie_descending=descending and name == "ref",
    )  # fmt: skip
    return order, name


def _cannot_narrow(wanted: Any) -> Invalid:
    if wanted in Visibility.values:
        return Invalid.one(
            "visibility",
            "cannot_narrow",
            "What was shared stays shared; close the risk if it should go.",
        )
    return Invalid.one("visibility", "unknown", "This must be one of: shared, party.")

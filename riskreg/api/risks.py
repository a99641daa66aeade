"""Risks: lists, details, changes, and what moves them through their life."""

import uuid
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Subquery
from django.http import HttpResponse
from django.utils.functional import SimpleLazyObject
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, id_or_email_of_person, require_empty_body
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.etag import etag
from riskreg.api.core.pagination import PARAMS, Listing, page_response
from riskreg.api.core.query import with_errors_in_query
from riskreg.api.core.table import column_of, to_json
from riskreg.api.core.values import named
from riskreg.api.shapes_changes import CommonChange
from riskreg.kernel import keyset
from riskreg.kernel.errors import Errors, Invalid
from riskreg.kernel.fields import Field, Type
from riskreg.register.change_models import ChangeRequest
from riskreg.register.policy import STAGES
from riskreg.register.visibility import Visibility
from riskreg.risks import filters, services
from riskreg.risks.fields import RISK
from riskreg.risks.models import Risk
from riskreg.risks.policy import is_overdue, score_mismatch_marks
from riskreg.risks.queries.access import current_position_values, risk_for, visible_risks
from riskreg.risks.queries.links import links_by_risk
from riskreg.risks.queries.lists import first_position_values, risk_list

_NULLABLE = ("score", "next_review_on", "title", "owner")
CELL = ("likelihood", "impact", "score", "rating")
_STAGED = [f"{stage}_{part}" for stage in STAGES for part in CELL]
# Where a current position has the field itself; of everything else it knows the risk.
_OF_POSITION = {"ref", "kind", "state", "visibility"}
_READ_BESIDE = {Type.PERSON, Type.PARTY, Type.TERMS, Type.OBJECTIVES, Type.COMPUTED}
_COLUMN = {
    f.name: f.name if f.name in _OF_POSITION else f"risk__{column_of(f)}"
    for f in RISK
    if f.type not in _READ_BESIDE
}
_COLUMNS = (
    "risk_id", "ref_order", "party__key", *_COLUMN.values(), *_STAGED,
    "owner__uuid", "owner__name", "owner__names",
    "risk__deputy__uuid", "risk__deputy__name", "risk__deputy__names",
)  # fmt: skip
_PARTY_ONLY = [field.name for field in RISK if field.party_only]
Row = dict[str, Any]


class RiskApi(RegisterApi):
    """A view about risks."""

    def to_json(self, rows: Collection[Row]) -> list[dict[str, Any]]:
        """Rows with ``_COLUMNS`` as JSON, with one query for their links."""
        return list(self._to_json(rows)) if rows else []

    def _to_json(self, rows: Collection[Row]) -> Iterator[dict[str, Any]]:
        ids = [row["risk_id"] for row in rows]
        links = links_by_risk(self.viewer, ids)
        today, risks_url = self.viewer.today(self.at), f"{self.register_url}risks/"
        own = self.viewer.party.key if self.viewer.party else None
        for row in rows:
            key, party = row["risk_id"], row["party__key"]
            others = {
                "url": f"{risks_url}{row['ref']}/",
                "party": party,
                "owner": _person_to_json(row, "owner"),
                "deputy": _person_to_json(row, "risk__deputy"),
                "scores": {stage: _cell_to_json(row, stage) for stage in STAGES},
                "marks": score_mismatch_marks(
                    row["kind"], {stage: row[f"{stage}_score"] for stage in STAGES}
                ),
                "terms": links.terms.get(key, {}),
                "objectives": links.objectives.get(key, []),
                "overdue": is_overdue(row["state"], row["risk__next_review_on"], today),
            }
            if party != own:
                others |= dict.fromkeys(_PARTY_ONLY)
            yield to_json(RISK, partial(_value_to_json, row), others)

    def one_to_json(self, risk: Risk) -> dict[str, Any]:
        """``risk`` as it is now."""
        return self.to_json(current_position_values(self.viewer, risk.pk, columns=_COLUMNS))[0]

    def answer(self, risk: Risk, status: int = 200) -> Answer:
        """``risk`` as it is now, with its ETag, and its address where it is new."""
        body = self.one_to_json(risk)
        answer = Answer.of(body, status, ETag=etag(body["version"], body))
        if status == 201:
            return Answer(answer.text, status, {**answer.headers, "Location": body["url"]})
        return answer


class Risks(RiskApi):
    """GET lists the risks that the caller may know of, POST makes one."""

    @schema.listed("List risks", shapes.Risk, schema.RISK_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """All of them, drafts and closed ones too, unless the filters say otherwise."""
        chosen = with_errors_in_query(
            lambda: filters.parse(
                self.viewer, request.query_params, self.at, other_params=("ordering", *PARAMS)
            )
        )
        order, name = _parse_order(request.query_params.get("ordering"), chosen.stage)
        viewer, columns = self.viewer, (*_COLUMNS, order.column)
        usual = chosen.takes_all and order == keyset.Order("ref_order", tie="ref_order")
        # Made only where the first page is not read by what is written once.
        rows: Any = SimpleLazyObject(lambda: risk_list(viewer, chosen).values(*columns))
        listing = Listing(
            queryset=rows,
            order=order,
            place=lambda row: (
                None if name == "ref" else row[order.column],
                str(row["risk__uuid"]),
            ),
            tie=lambda public: Subquery(
                visible_risks(self.viewer).filter(uuid=uuid.UUID(public)).values("ref_order")
            ),
            start=(lambda most: first_position_values(viewer, most=most, columns=columns))
            if usual
            else None,
        )
        return page_response(self, self.viewer.audience.key, listing, self.to_json)

    @schema.made("Create a risk", shapes.RiskNew, shapes.Risk)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A draft of the caller's party."""

        def act() -> Answer:
            fields = _fields_for_service(body_of(request))
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
        self.refuse_unknown_params()
        body = self.one_to_json(risk_for(self.viewer, ref))
        return self.detail(body, body["version"])

    @schema.changed("Change a risk", shapes.RiskChange, shapes.Risk)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Changes what is named. ``visibility: shared`` shares it; there is no way back."""

        def act() -> Answer:
            fields = _fields_for_service(body_of(request))
            wanted = fields.pop("visibility", None)
            seen = self.expected_version_or_never
            if fields or wanted != Visibility.SHARED:
                risk = services.edit_risk(
                    actor=self.viewer, ref=ref, version=seen, fields=fields, at=self.at
                )
                if wanted is None or wanted == risk.visibility:
                    return self.answer(risk)
                if wanted != Visibility.SHARED:
                    raise _error_for_visibility(wanted)
                seen = risk.version
            return self.answer(
                services.share_risk(actor=self.viewer, ref=ref, version=seen, at=self.at)
            )

        return self.write(act)


class RiskAct(RiskApi):
    """Something done to one risk as a whole; answers with the risk."""

    fields: tuple[str, ...] = ()

    def act(self, ref: str, given: dict[str, Any]) -> Risk | ChangeRequest:
        """Call the service. Raises what it raises."""
        raise NotImplementedError

    def do(self, request: Request, ref: str) -> HttpResponse:
        """The act, on the version that If-Match names."""

        def act() -> Answer:
            given = body_of(request, *self.fields) if self.fields else require_empty_body(request)
            done = self.act(ref, given)
            if isinstance(done, ChangeRequest):
                return answer_with_asked_request(self, done)
            return self.answer(done)

        return self.write(act)


class RiskClone(RiskApi):
    """Makes a draft that says what another risk says."""

    http_method_names = ["post"]

    @schema.made("Copy a risk", schema.NO_BODY, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Of the caller's party, for whoever sees the original. Scores, reviews and work stay with
        the original, and so does its `external_id`."""

        def act() -> Answer:
            risk_for(self.viewer, ref)
            require_empty_body(request)
            made = services.clone_risk(actor=self.viewer, ref=ref, at=self.at)
            return self.answer(made, 201)

        return self.write(act)


class RiskOpen(RiskAct):
    """Puts a draft into force."""

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.open_risk(
            actor=self.viewer, ref=ref, version=self.expected_version_or_never, at=self.at
        )

    @schema.acted("Open a risk", schema.NO_BODY, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """From now on it is counted, and its reviews fall due."""
        return self.do(request, ref)


class RiskShare(RiskAct):
    """Makes a party's own risk known to everybody in the register."""

    def act(self, ref: str, given: dict[str, Any]) -> Risk:
        return services.share_risk(
            actor=self.viewer, ref=ref, version=self.expected_version_or_never, at=self.at
        )

    @schema.acted("Share a risk", schema.NO_BODY, shapes.Risk)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """It gets a shared ref; its party finds it by the old one as well. No way back."""
        return self.do(request, ref)


class RiskTransfer(RiskAct):
    """Hands a risk over."""

    fields = ("owner", "deputy")

    def act(self, ref: str, given: dict[str, Any]) -> Risk | ChangeRequest:
        return services.transfer_risk(
            actor=self.viewer,
            ref=ref,
            version=self.expected_version_or_never,
            owner=id_or_email_of_person(given.get("owner")),
            deputy=id_or_email_of_person(given.get("deputy")),
            at=self.at,
        )

    @schema.acted("Hand a risk over", shapes.Transfer, shapes.Risk, may_ask=CommonChange)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """To another owner, and perhaps another deputy. 202: to somebody of another party, which
        is asked first."""
        return self.do(request, ref)


def _fields_for_service(body: dict[str, Any]) -> dict[str, Any]:
    return {
        k: id_or_email_of_person(v) if k in RISK.names_of_type(Type.PERSON) else v
        for k, v in body.items()
    }


def _value_to_json(row: Row, field: Field) -> Any:
    return row[_COLUMN[field.name]]


def _cell_to_json(row: Row, stage: str) -> dict[str, Any] | None:
    if row[f"{stage}_likelihood"] is None:
        return None
    return {part: row[f"{stage}_{part}"] for part in CELL}


def _person_to_json(row: Row, column: str) -> dict[str, str] | None:
    uuid = row[f"{column}__uuid"]
    return named(uuid, row[f"{column}__name"], row[f"{column}__names"]) if uuid else None


class OrderAndField(NamedTuple):
    """The order of a list, and the field that was asked for."""

    order: keyset.Order
    field: str


def _parse_order(value: str | None, stage: str) -> OrderAndField:
    errors = Errors()
    column, descending = filters.parse_risk_ordering(errors, value, stage, "ref")
    try:
        errors.raise_if_any()
    except Invalid as invalid:
        raise InvalidQuery(invalid.fields) from None
    name = (value or "ref").removeprefix("-")
    order = keyset.Order(
        column=column, tie="ref_order", descending=descending, nullable=name in _NULLABLE,
        tie_descending=descending and name == "ref",
    )  # fmt: skip
    return OrderAndField(order, name)


def _error_for_visibility(wanted: Any) -> Invalid:
    if wanted in Visibility.values:
        return Invalid.one(
            "visibility",
            "cannot_narrow",
            "What was shared stays shared; close the risk if it should go.",
        )
    return Invalid.one("visibility", "unknown", "This must be one of: shared, party.")

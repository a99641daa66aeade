"""Registers: which ones, and what frames one."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.api import axes, shapes_changes, shapes_members, shapes_register
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import ApiView, RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.errors import InvalidQuery, request_id
from riskreg.api.core.etag import content_etag, etag
from riskreg.api.core.pagination import (
    PARAMS,
    make_cursor,
    page_link,
    parse_count_asked,
    parse_limit,
    read_cursor,
)
from riskreg.api.core.values import time
from riskreg.register.change_models import ChangeRequest
from riskreg.register.frame_templates import DEFAULT_SCALE, NO_CLASSIFICATION
from riskreg.register.models import Membership, Register
from riskreg.register.policy import Matrix
from riskreg.register.queries import parties_for, taxonomies_for
from riskreg.register.services import archive_register, found_register, restore_register
from riskreg.risks.models import Kind
from riskreg.risks.queries.counts import open_counts_by_rating, risk_counts


def membership_to_json(membership: Membership, site_url: str) -> dict[str, Any]:
    """A membership as JSON: the register, and what the caller is in it."""
    register = membership.register
    return {
        "slug": register.slug,
        "url": f"{site_url}/api/v1/registers/{register.slug}/",
        "name": register.name,
        "role": membership.role,
        "party": membership.party.key if membership.party else None,
        "currency": register.currency,
        "time_zone": register.time_zone,
        "notice": register.notice,
        "archived_at": time(register.archived_at),
    }


class Registers(ApiView):
    """GET lists the registers that the caller is a member of, POST makes one."""

    @schema.listed("List my registers", shapes_register.RegisterItem)
    def get(self, request: Request) -> HttpResponse:
        """By slug."""
        self.refuse_unknown_params(*PARAMS)
        params = request.query_params
        limit, count = parse_limit(params.get("limit")), parse_count_asked(params.get("count"))
        salt = f"riskreg.cursor:registers:{self.me.uuid}"
        mine = sorted(self.my_memberships(), key=lambda m: m.register.slug)
        start = 0
        if (sent := params.get("cursor")) is not None:
            backward, slug = read_cursor(sent, salt, 2)
            before = sum(m.register.slug < slug for m in mine)
            upto = sum(m.register.slug <= slug for m in mine)
            start = max(0, before - limit) if backward else upto
            limit = min(limit, before) if backward else limit
        rows, behind = mine[start : start + limit], len(mine) > start + limit

        def link(backward: bool, row: Membership) -> str:
            return page_link(self, make_cursor([backward, row.register.slug], salt))

        body: dict[str, Any] = {
            "next": link(False, rows[-1]) if rows and behind else None,
            "previous": link(True, rows[0]) if rows and start else None,
            "results": [membership_to_json(row, self.site_url) for row in rows],
        }
        if count:
            body["count"] = len(mine)
        return Answer.of(body).response()

    @schema.made("Make a register", shapes_members.RegisterNew, shapes_register.RegisterItem)
    def post(self, request: Request) -> HttpResponse:
        """With its parties, whole or not at all; the caller becomes manager of one of them.

        For administrators, or everybody, as the operator has it (`REGISTER_MAKERS`).
        """

        def act() -> Answer:
            given = body_of(request)
            viewer = found_register(
                by=self.me,
                slug=given.get("slug") or "",
                names=given.get("names"),
                descriptions=given.get("descriptions"),
                currency=given.get("currency") or "",
                time_zone=given.get("time_zone") or "",
                languages=given.get("languages"),
                parties=given.get("parties") or [],
                acts_for=given.get("party") or "",
                scale=given.get("scale", DEFAULT_SCALE),
                classification=given.get("template", NO_CLASSIFICATION),
                copy_of=given.get("copy_of", ""),
                at=self.at,
                request_id=request_id(),
            )
            mine = next(
                row for row in self.my_memberships() if row.register_id == viewer.register.pk
            )
            body = membership_to_json(mine, self.site_url)
            return Answer.of(body, 201, ETag=content_etag(body), Location=body["url"])

        return self.write(act)


class RegisterDetail(RegisterApi):
    """One register, as the caller sees it."""

    @schema.detailed("Read a register", shapes_register.Register, schema.REGISTER_PARAMS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Counts are of the risks that the caller may know of, ``counts`` of one kind if asked."""
        self.refuse_unknown_params("kind")
        kind = _parse_kind(request.query_params.get("kind"))
        viewer, register = self.viewer, self.viewer.register
        matrix = Matrix(register.criteria)
        by_kind = open_counts_by_rating(viewer)
        now = risk_counts(viewer, self.at, kind=kind)
        body = {
            "slug": register.slug,
            "url": self.register_url,
            "name": register.name,
            "names": register.names,
            "description": register.description,
            "notice": register.notice,
            "archived_at": time(register.archived_at),
            "currency": register.currency,
            "time_zone": register.time_zone,
            "today": viewer.today(self.at).isoformat(),
            "languages": register.languages,
            "role": viewer.role,
            "party": viewer.party.key if viewer.party else None,
            "parties": [
                {"key": p.key, "name": p.name, "names": p.names, "prefix": p.prefix}
                for p in parties_for(viewer)
            ],
            "taxonomies": [
                {
                    "key": taxonomy.key,
                    "name": taxonomy.name,
                    "terms": [
                        {"key": t.key, "name": t.name, "active": t.retired_at is None}
                        for t in taxonomy.terms.all()
                    ],
                }
                for taxonomy in taxonomies_for(viewer)
            ],
            "axes": axes.to_json(register),
            "criteria": register.criteria.number if register.criteria else None,
            "counts_by_rating": {
                of: {key: counts.get(key, 0) for key in [*matrix.rating_keys, "unrated"]}
                for of, counts in by_kind.items()
            },
            "counts": {
                "open": now.open,
                "draft": now.draft,
                "closed": now.closed,
                "overdue": now.overdue,
                "due_soon": now.due_soon,
                "above_appetite": now.above_appetite,
            },
        }
        return self.detail(body, register.version)


class RegisterArchive(RegisterApi):
    """POST lets a register be read only from now on."""

    @schema.acted(
        "Archive a register",
        shapes_register.RegisterArchive,
        shapes_register.Archived,
        may_ask=shapes_changes.CommonChange,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """No write, no reminder; due dates stay. 202: it binds the other parties too, and waits for
        their yes. A manager's matter."""

        def act() -> Answer:
            register = archive_register(
                actor=self.viewer,
                reason=body_of(request, "reason").get("reason"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return _answer_on_archiving(self, register)

        return self.write(act)


class RegisterRestore(RegisterApi):
    """POST lets an archived register live on."""

    serves_archived = True

    @schema.acted(
        "Restore a register",
        None,
        shapes_register.Archived,
        may_ask=shapes_changes.CommonChange,
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """As it was; what fell due meanwhile is late. 202: it waits for the other parties' yes, and
        is answered although the register is archived. A manager's matter."""

        def act() -> Answer:
            require_empty_body(request)
            register = restore_register(
                actor=self.viewer, version=self.expected_version_or_never, at=self.at
            )
            return _answer_on_archiving(self, register)

        return self.write(act)


def _answer_on_archiving(view: RegisterApi, register: Register | ChangeRequest) -> Answer:
    if isinstance(register, ChangeRequest):
        return answer_with_asked_request(view, register)
    archived_at = time(register.archived_at)
    body = {"slug": register.slug, "url": view.register_url, "archived_at": archived_at}
    return Answer.of(body, ETag=etag(register.version, body))


def _parse_kind(text: str | None) -> str | None:
    """The kind that ``counts`` are of; None for both."""
    if text is None or text in Kind.values:
        return text
    wrong = _("This must be one of: %(all)s.") % {"all": ", ".join(Kind.values)}
    raise InvalidQuery.one("kind", "unknown", wrong)

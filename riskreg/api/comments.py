"""Comments: what is said about things, with what it said before."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_comments as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.errors import InvalidQuery
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import person, time
from riskreg.comments.models import Comment
from riskreg.comments.queries.comments import (
    comment_for,
    comments_for,
    comments_on,
    earlier_wordings,
    mentioned_people_by_id_text,
)
from riskreg.comments.queries.targets import ref_or_id, thing_by_ref_or_id, things_by_id_of_comments
from riskreg.comments.services import edit_comment, withdraw_comment, write_comment
from riskreg.kernel import keyset
from riskreg.kernel.errors import FieldError, Invalid, NotFound

_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)


class CommentApi(RegisterApi):
    """A view about comments."""

    def as_json(self, rows: list[Comment]) -> list[dict[str, Any]]:
        """Comments with what they are about; one query for each kind of thing among them."""
        things, people = (
            things_by_id_of_comments(self.viewer, rows),
            mentioned_people_by_id_text(rows),
        )
        found = []
        for row in rows:
            thing = things.get(row.about)
            found.append(
                {
                    "id": str(row.uuid),
                    "url": f"{self.register_url}comments/{row.uuid}/",
                    "about": {
                        "type": row.about_type,
                        "id": str(row.about),
                        "ref": ref_or_id(thing) if thing is not None else "",
                    },
                    "reading": str(row.reading) if row.reading else None,
                    "visibility": row.visibility,
                    "author": person(row.author),
                    "text": row.text,
                    "mentions": [person(people[key]) for key in row.mentions if key in people],
                    "edits": row.edits,
                    "created_at": time(row.created_at),
                    "edited_at": time(row.edited_at),
                    "withdrawn_at": time(row.withdrawn_at),
                    "version": row.version,
                }
            )
        return found

    def whole_to_json(self, comment: uuid.UUID) -> dict[str, Any]:
        """One comment, with how it read before."""
        row = comment_for(self.viewer, comment)
        before = earlier_wordings(self.viewer, row) if row.edits else ()
        earlier = [{"text": e.text, "written_at": time(e.written_at)} for e in before]
        return {**self.as_json([row])[0], "earlier": earlier}

    def answer(self, comment: uuid.UUID, status: int = 200) -> Answer:
        """The comment with its ETag, and its address where it is new."""
        body = self.whole_to_json(comment)
        return Answer.of_version(body, status)


class Comments(CommentApi):
    """GET lists the comments that the caller may read; POST writes one."""

    @schema.listed("List comments", shapes.Comment, schema.COMMENT_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """The newest first; those that were withdrawn are among them."""
        self.refuse_unknown_params("about", *PARAMS)
        rows = comments_for(self.viewer)
        if (about := request.query_params.get("about")) is not None:
            kind, _colon, name = about.partition(":")
            try:
                rows = comments_on(self.viewer, thing_by_ref_or_id(self.viewer, kind, name))
            except NotFound as missing:
                error = FieldError("unknown", missing.detail)
                raise InvalidQuery({"about": [error]}) from None
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(self, self.viewer.audience.key, listing, self.as_json)

    @schema.made("Write a comment", shapes.CommentNew, shapes.CommentWhole)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """For everybody who sees what it is about. Whom it mentions is written to at once."""

        def act() -> Answer:
            given = {"text": None, **body_of(request, "about", "reading", "text", "mentions")}
            about = given.pop("about", None)
            try:
                about = about if isinstance(about, dict) else {}
                row = write_comment(
                    actor=self.viewer,
                    kind=about.get("type"),
                    ref_or_id=about.get("ref"),
                    text=given["text"],
                    mentions=given.get("mentions", []),
                    reading=given.get("reading"),
                    at=self.at,
                )
            except NotFound as missing:
                raise Invalid.one("about", "unknown", missing.detail) from None
            return self.answer(row.uuid, 201)

        return self.write(act)


class CommentDetail(CommentApi):
    """One comment, by its id."""

    @schema.detailed("Read a comment", shapes.CommentWhole)
    def get(self, request: Request, slug: str, comment: uuid.UUID) -> HttpResponse:
        """As it reads now, and as it read before."""
        self.refuse_unknown_params()
        body = self.whole_to_json(comment)
        return self.detail(body, body["version"])

    @schema.changed("Edit a comment", shapes.CommentChange, shapes.CommentWhole)
    def patch(self, request: Request, slug: str, comment: uuid.UUID) -> HttpResponse:
        """By its author alone; how it read before stays readable. Whom it mentions for the first
        time is written to."""

        def act() -> Answer:
            given = body_of(request, "text", "mentions")
            row = comment_for(self.viewer, comment)
            edit_comment(
                actor=self.viewer,
                comment=comment,
                text=given.get("text", row.text),
                mentions=given.get("mentions"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(comment)

        return self.write(act)


class CommentWithdraw(CommentApi):
    """POST takes a comment back."""

    @schema.acted("Withdraw a comment", schema.NO_BODY, shapes.CommentWhole)
    def post(self, request: Request, slug: str, comment: uuid.UUID) -> HttpResponse:
        """By its author alone. That it was, and what it said, stays readable."""

        def act() -> Answer:
            require_empty_body(request)
            withdraw_comment(
                actor=self.viewer,
                comment=comment,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(comment)

        return self.write(act)

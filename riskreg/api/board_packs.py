"""Board packs: asked for, made by a worker, and had as a file."""

import hashlib
import io
import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from riskreg.api import shapes_board_packs as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.errors import Problem
from riskreg.api.core.etag import is_etag_known
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import day, person, time
from riskreg.exchange.models import BoardPack
from riskreg.exchange.queries.board_packs import (
    MEDIA_TYPES,
    done_pack_and_bytes,
    pack_file_name,
    pack_of_own_party,
    packs_of_own_party,
    progress_of_each_pack,
)
from riskreg.exchange.services.packs import FIELDS, cancel_pack, request_pack
from riskreg.jobs.models import JobState
from riskreg.jobs.queries import Progress
from riskreg.kernel import keyset
from riskreg.kernel.downloads import download
from riskreg.kernel.errors import Conflict
from riskreg.register.permissions import require

_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)


class PackApi(RegisterApi):
    """A view about board packs."""

    def as_json(self, row: BoardPack, progress: Progress) -> dict[str, Any]:
        """A pack without its bytes."""
        url = f"{self.register_url}board-packs/{row.uuid}/"
        return {
            "id": str(row.uuid),
            "url": url,
            "as_of": day(row.as_of),
            "since": day(row.since),
            "audience": row.audience,
            "party": row.party.key,
            "language": row.language,
            "format": row.format,
            "state": progress.state,
            "progress": progress.percent,
            "failure": progress.failure.get("detail") or None,
            "file": f"{url}file/" if progress.state == JobState.DONE else None,
            "made_by": person(row.made_by),
            "at": time(row.created_at),
        }

    def many_to_json(self, rows: Sequence[BoardPack]) -> list[dict[str, Any]]:
        """Packs as they stand now."""
        progress = progress_of_each_pack(rows)
        return [self.as_json(row, progress[row.uuid]) for row in rows]


class BoardPacks(PackApi):
    """GET lists those of the caller's party, newest first; POST asks for one."""

    @schema.listed("List board packs", shapes.BoardPack)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """For managers and leaders; each party has its own."""
        require(self.viewer, "pack.make")
        self.refuse_unknown_params(*PARAMS)
        rows = packs_of_own_party(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(packs_of_own_party(self.viewer)),
        )
        return page_response(self, self.viewer.audience.key, listing, self.many_to_json)

    @schema.started("Ask for a board pack", shapes.BoardPackNew, shapes.BoardPack)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A worker makes it: poll its address until `state` is `done`, then read `file`. The same
        day, language and engine give the same bytes. Kept for a month."""

        def act() -> Answer:
            given = body_of(request, *FIELDS)
            row = request_pack(actor=self.viewer, given=given, at=self.at)
            body = self.many_to_json([pack_of_own_party(self.viewer, row.uuid)])[0]
            return Answer.of(body, 202, Location=body["url"])

        return self.write(act)


class BoardPackDetail(PackApi):
    """One pack."""

    @schema.detailed("Read a board pack", shapes.BoardPack)
    def get(self, request: Request, slug: str, pack: uuid.UUID) -> HttpResponse:
        """How far it is, and where its file is."""
        require(self.viewer, "pack.make")
        self.refuse_unknown_params()
        return self.detail(self.many_to_json([pack_of_own_party(self.viewer, pack)])[0])


class BoardPackCancel(PackApi):
    """POST ends the making of one."""

    http_method_names = ["post"]

    @schema.described(
        "Cancel a board pack", shapes.BoardPack, [schema.KEY], problems=(*schema.WRITE, 409)
    )
    def post(self, request: Request, slug: str, pack: uuid.UUID) -> HttpResponse:
        """Twice is as once; 409 for one that is done or has failed."""

        def act() -> Answer:
            require_empty_body(request)
            try:
                row = cancel_pack(actor=self.viewer, name=pack, at=self.at)
            except Conflict as conflict:
                raise Problem(409, conflict.detail) from None
            return Answer.of(self.many_to_json([row])[0])

        return self.write(act)


class BoardPackFile(PackApi):
    """The file."""

    @schema.downloaded("Read the file of a board pack")
    def get(self, request: Request, slug: str, pack: uuid.UUID) -> HttpResponseBase:
        """404 until it is made."""
        require(self.viewer, "pack.make")
        self.refuse_unknown_params()
        row, data = done_pack_and_bytes(self.viewer, pack)
        digest = hashlib.sha256(data).hexdigest()
        if is_etag_known(request, tag := f'"{digest}"'):
            return HttpResponse(status=304, headers={"ETag": tag})
        return download(
            io.BytesIO(data),
            name=pack_file_name(row),
            media_type=MEDIA_TYPES[row.format],
            size=len(data),
            sha256=digest,
            head=request.method == "HEAD",
        )

"""Evidence: files that hang on risks, reviews, mitigations, controls, readings and decisions."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from riskreg.api import shapes_evidence as shapes
from riskreg.api.core import row_parameters, schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import FormParser, body_of, require_empty_body
from riskreg.api.core.etag import is_etag_known
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import column_value, parse_row_order, with_errors_in_query
from riskreg.api.core.table import row_to_json
from riskreg.evidence import filters, services
from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.models import Evidence
from riskreg.evidence.queries import evidence_for, things_by_id_of_evidence, visible_evidence
from riskreg.evidence.targets import Thing, thing_for
from riskreg.kernel import keyset
from riskreg.kernel.downloads import download
from riskreg.kernel.uploads import too_large_upload_fields
from riskreg.register.filtering import RowFilter

_NEWEST = keyset.Order("at", tie="id", descending=True, tie_descending=True)
_FIELDS = ("thing", "ref", "file", "label", "source")


class EvidenceApi(RegisterApi):
    """A view about evidence."""

    def as_json(self, row: Evidence, thing: Thing | None) -> dict[str, Any]:
        """A record of evidence, with what it hangs on by its name of today."""
        page = f"{self.register_url}evidence/{row.uuid}/"
        return row_to_json(
            EVIDENCE,
            row,
            self.viewer,
            url=page,
            file=None if row.withdrawn_at else f"{page}file/",
            ref=thing.ref if thing else str(row.thing_id),
            thing_id=str(row.thing_id),
        )

    def rows_to_json(self, rows: list[Evidence]) -> list[dict[str, Any]]:
        """Several; one query for each kind of thing among them."""
        things = things_by_id_of_evidence(self.viewer, rows)
        return [self.as_json(row, things.get(row.thing_id)) for row in rows]

    def answer(self, row: Evidence, status: int = 200) -> Answer:
        """The record with its ETag, and its address where it is new."""
        body = self.rows_to_json([visible_evidence(self.viewer).get(pk=row.pk)])[0]
        return Answer.of_version(body, status)


class EvidenceList(EvidenceApi):
    """GET lists evidence that the caller may know of, POST attaches a file."""

    parser_classes = [FormParser]

    @schema.listed("List evidence", shapes.Evidence, row_parameters.EVIDENCE_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Newest first; what was withdrawn is among it, without its bytes."""
        self.refuse_unknown_params(*filters.NAMES, "ordering", *PARAMS)
        params, rows = request.query_params, visible_evidence(self.viewer)
        chosen: RowFilter = with_errors_in_query(
            lambda: filters.parse(self.viewer, params, self.at)
        )
        order = parse_row_order(params.get("ordering"), filters.ORDERINGS, _NEWEST)
        listing = Listing(
            queryset=rows.filter(chosen.condition),
            order=order,
            place=lambda row: (column_value(row, order), str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(self, self.viewer.audience.key, listing, self.rows_to_json)

    @schema.form_made("Attach a file", shapes.EvidenceNew, shapes.Evidence)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """A form (`multipart/form-data`) with the file. What it is, its bytes say; taken are the
        kinds that the guide for integrators lists. It is seen by whoever sees the thing now."""
        given = body_of(request)
        file = given.get("file")
        if too_large_upload_fields(request._request):
            raise services.too_large()
        thing, ref = str(given.get("thing", "")), str(given.get("ref", ""))
        if not hasattr(file, "chunks") or "\0" in thing + ref:
            return self.write(lambda: self._add_evidence_or_refuse_no_file(request, None))
        # Nothing is stored for whom it would be refused.
        services.require_may_add(self.viewer, thing_for(self.viewer, thing, ref))
        checked = services.check_file(file, str(file.name))  # type: ignore[union-attr]
        with services.store_upload(file, checked, self.at) as stored:  # type: ignore[arg-type]
            return self.write(lambda: self._add_evidence_or_refuse_no_file(request, stored))

    def _add_evidence_or_refuse_no_file(
        self, request: Request, stored: services.Stored | None
    ) -> Answer:
        given = body_of(request, *_FIELDS)
        if stored is None:
            services.check_file(None, "")
        assert stored is not None  # noqa: S101 - no file is refused above
        row = services.add_evidence(
            actor=self.viewer,
            kind=given.get("thing", ""),
            ref=given.get("ref", ""),
            stored=stored,
            label=given.get("label", "judgement"),
            source=given.get("source", ""),
            at=self.at,
        )
        return self.answer(row, 201)


class EvidenceDetail(EvidenceApi):
    """One record, by its id."""

    @schema.detailed("Read evidence", shapes.Evidence)
    def get(self, request: Request, slug: str, evidence: uuid.UUID) -> HttpResponse:
        """What is known of the file; not its bytes."""
        self.refuse_unknown_params()
        row = evidence_for(self.viewer, evidence)
        return self.detail(self.rows_to_json([row])[0], row.version)


class EvidenceFile(EvidenceApi):
    """The bytes of one file."""

    @schema.downloaded("Download a file")
    def get(self, request: Request, slug: str, evidence: uuid.UUID) -> HttpResponseBase:
        """As it was added, checked against its hash; always to be saved, never to be shown."""
        self.refuse_unknown_params()
        row = evidence_for(self.viewer, evidence)
        tag = f'"{row.sha256}"'
        if row.withdrawn_at is None and is_etag_known(request, tag):
            return HttpResponse(status=304, headers={"ETag": tag})
        return download(
            services.open_checked(row),
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            head=request.method == "HEAD",
        )


class EvidenceWithdrawAndDeleteFile(EvidenceApi):
    """POST takes a file back, and says why."""

    @schema.acted("Withdraw evidence", shapes.EvidenceWithdrawal, shapes.Evidence)
    def post(self, request: Request, slug: str, evidence: uuid.UUID) -> HttpResponse:
        """Its bytes are deleted for good; the record stays, with who and why."""

        def act() -> Answer:
            row = services.withdraw_evidence_and_delete_file(
                actor=self.viewer,
                evidence=evidence,
                reason=body_of(request, "reason").get("reason"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)


class EvidenceRelease(EvidenceApi):
    """POST lets everybody see a file that is the party's own."""

    @schema.acted("Release evidence", schema.NO_BODY, shapes.Evidence)
    def post(self, request: Request, slug: str, evidence: uuid.UUID) -> HttpResponse:
        """Files on a risk that is shared stay its party's own until each is released, for good."""

        def act() -> Answer:
            require_empty_body(request)
            row = services.release_evidence(
                actor=self.viewer,
                evidence=evidence,
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(row)

        return self.write(act)

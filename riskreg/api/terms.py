"""Classifications and terms: what risks are filed under."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_terms as shapes
from riskreg.api.change_requests import answer_with_asked_request
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.query import check_choices, parse_switch, with_errors_in_query
from riskreg.api.core.values import time
from riskreg.api.shapes_changes import CommonChange
from riskreg.kernel import keyset
from riskreg.kernel.errors import Errors
from riskreg.register import services
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Taxonomy, Term
from riskreg.register.queries import taxonomy_rows, terms_of
from riskreg.register.terms import taxonomy_for, term_for
from riskreg.risks.services import merge_terms

_OLDEST = keyset.Order("created_at", tie="id")


class TermApi(RegisterApi):
    """A view about classifications or terms."""

    def term_as_json(self, term: Term) -> dict[str, Any]:
        """A term; ``ref`` is how queries and bodies write it."""
        return {
            "id": str(term.uuid),
            "ref": term.ref,
            "url": f"{self.register_url}terms/{term.ref}/",
            "taxonomy": term.taxonomy.key,
            "key": term.key,
            "name": term.name,
            "names": term.names,
            "position": term.position,
            "source": term.source,
            "active": term.retired_at is None,
            "retired_at": time(term.retired_at),
            "merged_into": term.merged_into.ref if term.merged_into else None,
            "version": term.version,
        }

    def taxonomy_as_json(self, taxonomy: Taxonomy) -> dict[str, Any]:
        """A classification, without its terms, which have a list of their own."""
        return {
            "id": str(taxonomy.uuid),
            "key": taxonomy.key,
            "url": f"{self.register_url}taxonomies/{taxonomy.key}/",
            "name": taxonomy.name,
            "names": taxonomy.names,
            "position": taxonomy.position,
            "terms_url": f"{self.register_url}terms/?taxonomy={taxonomy.key}",
            "version": taxonomy.version,
        }

    def answer(self, body: dict[str, Any], status: int = 200) -> Answer:
        """``body`` with its ETag, and its address where it is new."""
        return Answer.of_version(body, status)


class Taxonomies(TermApi):
    """GET lists the classifications, POST adds one."""

    @schema.listed("List classifications", shapes.Taxonomy)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first."""
        self.refuse_unknown_params(*PARAMS)
        rows = taxonomy_rows(self.viewer)
        listing = Listing(
            queryset=rows,
            order=_OLDEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        key = self.viewer.audience.key
        return page_response(
            self, key, listing, lambda found: [self.taxonomy_as_json(row) for row in found]
        )

    @schema.made("Add a classification", shapes.TaxonomyNew, shapes.Taxonomy)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """With its terms, in their order; a manager's matter."""

        def act() -> Answer:
            given = body_of(request, "key", "names", "terms")
            row = services.add_taxonomy(
                actor=self.viewer,
                key=given.get("key"),
                names=given.get("names"),
                terms=given.get("terms") or [],
                at=self.at,
            )
            return self.answer(self.taxonomy_as_json(row), 201)

        return self.write(act)


class TaxonomyDetail(TermApi):
    """One classification, by its key."""

    @schema.detailed("Read a classification", shapes.Taxonomy)
    def get(self, request: Request, slug: str, key: str) -> HttpResponse:
        """The classification as it is now."""
        self.refuse_unknown_params()
        row = taxonomy_for(self.viewer, key)
        return self.detail(self.taxonomy_as_json(row), row.version)

    @schema.changed("Rename a classification", shapes.TaxonomyChange, shapes.Taxonomy)
    def patch(self, request: Request, slug: str, key: str) -> HttpResponse:
        """Its key stays; a manager's matter."""

        def act() -> Answer:
            row = services.rename_taxonomy(
                actor=self.viewer,
                key=key,
                names=body_of(request, "names").get("names"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            return self.answer(self.taxonomy_as_json(row))

        return self.write(act)


class Terms(TermApi):
    """GET lists the terms of every classification, POST adds one."""

    @schema.listed("List terms", shapes.Term, schema.TERM_FILTERS)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Oldest first; those out of use are among them."""
        self.refuse_unknown_params("taxonomy", "active", *PARAMS)
        params, errors = request.query_params, Errors()
        rows = terms_of(self.viewer)
        if key := params.get("taxonomy"):
            check_choices(errors, "taxonomy", [key], [r.key for r in taxonomy_rows(self.viewer)])
            rows = rows.filter(taxonomy__key=key)
        if (active := parse_switch(errors, "active", params.get("active"))) is not None:
            rows = rows.filter(retired_at__isnull=active)
        with_errors_in_query(errors.raise_if_any)
        listing = Listing(
            queryset=rows.select_related("taxonomy", "merged_into__taxonomy"),
            order=_OLDEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(terms_of(self.viewer)),
        )
        audience = self.viewer.audience.key
        return page_response(
            self, audience, listing, lambda found: [self.term_as_json(row) for row in found]
        )

    @schema.made("Add a term", shapes.TermNew, shapes.Term)
    def post(self, request: Request, slug: str) -> HttpResponse:
        """At the end of its classification; a manager's matter."""

        def act() -> Answer:
            given = body_of(request, "taxonomy", "key", "names", "source")
            row = services.add_term(
                actor=self.viewer,
                taxonomy=str(given.get("taxonomy") or ""),
                key=given.get("key"),
                names=given.get("names"),
                source=given.get("source"),
                at=self.at,
            )
            return self.answer(self.term_as_json(row), 201)

        return self.write(act)


class TermDetail(TermApi):
    """One term, written ``taxonomy:term``."""

    @schema.detailed("Read a term", shapes.Term)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """The term as it is now."""
        self.refuse_unknown_params()
        row = term_for(self.viewer, ref)
        return self.detail(self.term_as_json(row), row.version)

    @schema.changed("Change a term", shapes.TermChange, shapes.Term, may_ask=CommonChange)
    def patch(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Changes what is named; ``active`` false takes it out of use, once every party
        has said yes (202); true brings it back. 400 while the criteria name an appetite for it."""

        def act() -> Answer:
            row = services.edit_term(
                actor=self.viewer,
                ref=ref,
                fields=body_of(request, "names", "source", "active"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            if isinstance(row, ChangeRequest):
                return answer_with_asked_request(self, row)
            return self.answer(self.term_as_json(row))

        return self.write(act)


class TermMerge(TermApi):
    """POST files everything of one term under another, and takes the first out of use for good."""

    @schema.acted("Merge a term into another", shapes.TermMerge, shapes.Term, may_ask=CommonChange)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Of every party's risks, once every party has said yes (202); the answer is the term that
        stays. 400 while the criteria name an appetite for the one that goes."""

        def act() -> Answer:
            into = merge_terms(
                actor=self.viewer,
                ref=ref,
                into=body_of(request, "into").get("into"),
                version=self.expected_version_or_never,
                at=self.at,
            )
            if isinstance(into, ChangeRequest):
                return answer_with_asked_request(self, into)
            return self.answer(self.term_as_json(term_for(self.viewer, into.ref)))

        return self.write(act)

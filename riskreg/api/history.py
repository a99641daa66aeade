"""What happened to a risk."""

from typing import Any

from django.db.models import Subquery
from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import events, shapes
from riskreg.api.core import schema
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.pagination import NEWEST_FIRST, PARAMS, Listing, page_response
from riskreg.events.policy import Audience
from riskreg.events.queries import history_of
from riskreg.risks.queries.access import risk_for
from riskreg.risks.queries.lists import mitigations_of


class History(RegisterApi):
    """Events of a risk and of the mitigations that serve it."""

    @schema.listed("Read the history of a risk", shapes.Event)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Newest first; those that the caller may know of."""
        self.refuse_unknown_params(*PARAMS)
        viewer = self.viewer
        risk = risk_for(viewer, ref)
        subjects = [risk.uuid, *mitigations_of(viewer, risk).values_list("uuid", flat=True)]
        rows = history_of(viewer.audience, subjects)
        shared, own = Audience(viewer.register.uuid).key, viewer.audience.key

        def tie(name: list[Any]) -> Subquery:
            chain, seq = name
            key = shared if chain == "shared" else own
            return Subquery(rows.filter(chain__key=key, seq=seq).order_by().values("pk"))

        listing = Listing(
            queryset=rows,
            order=NEWEST_FIRST,
            place=lambda row: (
                row.at,
                ["shared" if row.chain.key == shared else "own", row.seq],
            ),
            tie=tie,
        )
        return page_response(self, own, listing, lambda found: events.to_json(viewer, found))

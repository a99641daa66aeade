"""Objectives: measurable targets."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes
from riskreg.api.core import schema
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.pagination import PARAMS, Listing, by_uuid, listed
from riskreg.api.core.values import day
from riskreg.kernel import keyset
from riskreg.register.models import Objective
from riskreg.register.queries import objectives_for


class Objectives(RegisterApi):
    """The targets that the caller may know of."""

    @schema.listed("List objectives", shapes.Objective)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Soonest due first."""
        self.known_params(*PARAMS)
        rows = objectives_for(self.viewer)
        listing = Listing(
            queryset=rows.select_related("party"),
            order=keyset.Order("due_on", tie="id"),
            place=lambda row: (row.due_on, str(row.uuid)),
            tie=by_uuid(rows),
        )
        return listed(
            self, self.viewer.audience.key, listing, lambda found: [said(row) for row in found]
        )


def said(row: Objective) -> dict[str, Any]:
    """An objective as JSON; ``value`` is a decimal number as text, in ``unit``."""
    return {
        "key": row.key,
        "name": row.name,
        "names": row.names,
        "value": format(row.value.normalize(), "f"),
        "unit": row.unit,
        "due_on": day(row.due_on),
        "label": row.label,
        "source": row.source,
        "party": row.party.key,
        "visibility": row.visibility,
    }

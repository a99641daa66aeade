"""How the level of an objective comes about: its versions, and another one."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from riskreg.analysis.fields import MODEL
from riskreg.analysis.models import ObjectiveModel
from riskreg.analysis.queries.objectives import models_of
from riskreg.analysis.services import model_objective
from riskreg.api import shapes_objectives as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of
from riskreg.api.core.errors import Problem
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.table import row_to_json
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.queries import objective_for
from riskreg.register.visibility import Visibility

_FIELDS = tuple(field.name for field in MODEL.settable)


class ObjectiveModels(RegisterApi):
    """GET lists the versions of an objective's model, newest first; POST gives another."""

    def as_json(self, row: ObjectiveModel) -> dict[str, Any]:
        """One version; risks and drivers by their public ids."""
        return row_to_json(MODEL, row, self.viewer)

    @schema.listed("List the models of an objective", shapes.Objectivemodel)
    def get(self, request: Request, slug: str, key: str) -> HttpResponse:
        """Those of everybody and those of the caller's party; the newest holds."""
        self.refuse_unknown_params(*PARAMS)
        rows = models_of(self.viewer, objective_for(self.viewer, key))
        listing = newest_first(rows)
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: list(map(self.as_json, found))
        )

    @schema.described(
        "Give a model of an objective",
        shapes.Objectivemodel,
        [schema.KEY],
        request=shapes.ObjectivemodelNew,
        status=201,
        problems=(*schema.WRITE, 409),
    )
    def post(self, request: Request, slug: str, key: str) -> HttpResponse:
        """Another version; none is ever changed. 409 where another than `follows` is the newest."""

        def act() -> Answer:
            given = body_of(request, "visibility", "follows", *_FIELDS)
            visibility = given.pop("visibility", Visibility.SHARED)
            follows = given.pop("follows", 0)
            if not isinstance(follows, int) or isinstance(follows, bool) or follows < 0:
                raise Invalid.one("follows", "out_of_range", _("This is 0 or a version's number."))
            try:
                row = model_objective(
                    actor=self.viewer, key=key, given=given, follows=follows,
                    visibility=visibility, at=self.at,
                )  # fmt: skip
            except Conflict as conflict:
                # Nothing is overwritten, so that If-Match has nothing to be about.
                raise Problem(409, conflict.detail) from None
            return Answer.of(self.as_json(row), 201)

        return self.write(act)

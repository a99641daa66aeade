"""Effects of a mitigation: what experts believe that it leaves of risks, and what it costs."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.analysis.fields import EFFECT
from riskreg.analysis.models import Effect
from riskreg.analysis.policy.effects import averages_of_effect
from riskreg.analysis.policy.estimates import round_significant
from riskreg.analysis.queries.effects import effects_not_withheld_of
from riskreg.analysis.services import record_effect, release_effect
from riskreg.api import shapes_effects as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, newest_first, page_response
from riskreg.api.core.table import row_to_json
from riskreg.register.access import Viewer
from riskreg.risks.queries.access import mitigation_for

_FIELDS = tuple(field.name for field in EFFECT.settable)


class Effects(RegisterApi):
    """GET lists them, newest first; POST gives one."""

    @schema.listed("List the effects of a mitigation", shapes.Effect)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those of the caller's party and those released. Who may give one is shown what others
        gave for a risk once they have given their own; programs are shown all of them."""
        self.refuse_unknown_params(*PARAMS)
        rows = effects_not_withheld_of(self.viewer, mitigation_for(self.viewer, ref))
        listing = newest_first(rows)
        return page_response(
            self,
            self.viewer.audience.key,
            listing,
            lambda found: [to_json(row, self.viewer) for row in found],
        )

    @schema.described(
        "Give an effect",
        shapes.Effect,
        [schema.KEY],
        request=shapes.EffectNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """What the caller believes that the mitigation leaves of a risk that it serves, and what
        the whole of it costs. It is their party's own until it is released."""

        def act() -> Answer:
            given = body_of(request, "risk", *_FIELDS)
            risk = given.pop("risk", None)
            row = record_effect(actor=self.viewer, ref=ref, risk=risk, given=given, at=self.at)
            return Answer.of(to_json(row, self.viewer), 201)

        return self.write(act)


class EffectRelease(RegisterApi):
    """POST lets the other parties see one."""

    @schema.described("Release an effect", shapes.Effect, [schema.KEY], problems=schema.WRITE)
    def post(self, request: Request, slug: str, effect: uuid.UUID) -> HttpResponse:
        """For good: what was released cannot be taken back. Releasing it twice is no error."""

        def act() -> Answer:
            require_empty_body(request)
            row = release_effect(actor=self.viewer, effect=effect, at=self.at)
            return Answer.of(to_json(row, self.viewer))

        return self.write(act)


def to_json(row: Effect, viewer: Viewer) -> dict[str, Any]:
    """An effect as JSON, with what its ranges come to, to three digits."""
    return row_to_json(
        EFFECT,
        row,
        viewer,
        mitigation=row.mitigation.ref,
        risk=row.risk.ref,
        implied={
            name: round_significant(value)
            for name, value in averages_of_effect(row)._asdict().items()
        },
        translations=row.translations or {},
    )

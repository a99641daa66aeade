"""What the schema says of each route: parameters, headers, examples, and every way it can fail."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers as s

from riskreg.api import examples, shapes
from riskreg.api.errors import KINDS, PROBLEM
from riskreg.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from riskreg.indicators.models import Status
from riskreg.register.policy import STAGES
from riskreg.reminders.duties import LISTED
from riskreg.risks.filters import ORDERINGS
from riskreg.risks.models import Kind, MitigationStatus, State

Decorator = Callable[[Any], Any]


def query(name: str, text: str, kind: Any = str, **options: Any) -> OpenApiParameter:
    """A parameter of the query string."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=text, **options)


def _many(name: str, text: str, **options: Any) -> OpenApiParameter:
    return query(name, text + " May be given several times.", many=True, **options)


_SWITCH = {"enum": ["true", "false"]}
_STAGE = query("stage", "The stage that rating, likelihood and impact are about.", enum=STAGES)
_FILTERS = [
    _many("state", "Only risks in this state.", enum=[*State.values, "all"]),
    _many("owner", "“me”, or a member's id."),
    _many("party", "A party's key."),
    _many("rating", "A rating of the criteria."),
    _STAGE,
    _many("likelihood", "A level of the criteria.", kind=int),
    _many("impact", "A level of the criteria.", kind=int),
    _many("term", "taxonomy:term, as in market:eu; several must all hold."),
    _many("objective", "An objective's key."),
    query("q", "Words that the risk's texts hold."),
    query("overdue", "Whether the review is late.", **_SWITCH),
    query("due_before", "Open risks whose review is due before this day.", OpenApiTypes.DATE),
    query("updated_since", "Changed at or after this time.", OpenApiTypes.DATETIME),
    _many("external_id", "The caller's own id."),
    query("unrated", "Whether nobody has rated it.", **_SWITCH),
    _many("kind", "Threats or opportunities.", enum=Kind.values),
    query("above_appetite", "Whether it needs an acceptance.", **_SWITCH),
]
_PAGES = [
    query("limit", f"Rows per page, 1 to {MAX_LIMIT}; {DEFAULT_LIMIT} if not given.", int),
    query("cursor", "From next and previous; opaque."),
    query("count", "Whether to count all rows.", **_SWITCH),
]
RISK_FILTERS = [
    *_FILTERS,
    query(
        "ordering",
        "What to order by; a minus turns it round. Rows without a value come last.",
        enum=[sign + name for name in ORDERINGS for sign in ("", "-")],
    ),
]
MITIGATION_FILTERS = [
    _many("status", "How far it has come.", enum=MitigationStatus.values),
    query("owner", "“me”, or a member's id."),
    _many("party", "A party's key."),
    _many("risk", "The ref of a risk that it serves."),
    query("due_before", "Due before this day.", OpenApiTypes.DATE),
]
INDICATOR_FILTERS = [
    _many("status", "How the newest reading stands.", enum=Status.values),
    query("owner", "“me”, or a member's id."),
    _many("party", "A party's key."),
    _many("risk", "The ref of a risk that it watches."),
    query("late", "Whether a reading is late.", **_SWITCH),
    query("active", "Whether it is in use.", **_SWITCH),
]
DUTY_FILTERS = [
    query("mine", "What the caller answers for, or stands in for today.", **_SWITCH),
    _many("kind", "Duties of this kind.", enum=sorted(LISTED)),
    query("due_before", "Due before this day.", OpenApiTypes.DATE),
    query("overdue", "Whether the due date has passed.", **_SWITCH),
]
READING_FILTERS = [
    query("since", "Read at or after this time or day.", OpenApiTypes.DATETIME),
    query("until", "Read before this time or day.", OpenApiTypes.DATETIME),
    query("corrected", "true: also those that another one corrects.", **_SWITCH),
]
_ONE_KIND = query("kind", "Whose map: threats if not given.", enum=Kind.values)
REGISTER_PARAMS = [query("kind", "What counts are of: both if not given.", enum=Kind.values)]
HEATMAP_PARAMS = [
    query("as_of", "The end of this day; today if not given.", OpenApiTypes.DATE),
    query("compare", "What moved since the end of this earlier day.", OpenApiTypes.DATE),
    *(p for p in _FILTERS if p.name != "kind"),
    _ONE_KIND,
]
FEED_PARAMS = [
    query("after", "The cursor of the last answer; from the beginning if not given."),
    _PAGES[0],
]
SEARCH_PARAMS = [
    query("q", "Words, all of which must be held; or a ref, however it is typed.", required=True)
]
CRITERIA_PARAMS = [query("number", "An earlier version.", int)]
LADDER_PARAMS = [query("number", "An earlier version; 0 is the default.", int)]
PREVIEW_PARAMS = [query("risk", "The ref of an open risk.", required=True)]

_READ = (400, 401, 403, 404, 406)
_WRITE = (*_READ, 413, 415)


def _header(name: str, text: str, *, required: bool = False) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required, description=text)


def _response_header(name: str, text: str, status: int) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=text, response=[status])


_IF_MATCH = _header("If-Match", 'The ETag of the version you have seen, as in "7".', required=True)
_KEY = _header(
    "Idempotency-Key",
    "The same key and body act once, for 48 hours: the answer is repeated with "
    "Idempotent-Replayed: true.",
)


def _etag(status: int) -> OpenApiParameter:
    return _response_header("ETag", "The version, for If-Match and If-None-Match.", status)


def _replayed(status: int) -> OpenApiParameter:
    return _response_header("Idempotent-Replayed", "true: this was done before.", status)


def described(
    summary: str,
    response: Any,
    parameters: Sequence[OpenApiParameter] = (),
    *,
    request: Any = None,
    status: int = 200,
    problems: Sequence[int] = _READ,
    more: dict[int, Any] | None = None,
) -> Decorator:
    """Describe one method of a view."""
    shown = []
    if answer := examples.ANSWERS.get(summary):
        codes = [str(status)]
        shown = [OpenApiExample("Answer", value=answer, response_only=True, status_codes=codes)]
    asked = []
    if wanted := examples.REQUESTS.get(summary):
        asked = [OpenApiExample("Request", value=wanted, request_only=True)]
    responses: dict[Any, Any] = {status: OpenApiResponse(response, summary)}
    for code in sorted({*problems, 405, 500}):
        responses[(code, PROBLEM)] = OpenApiResponse(
            shapes.Problem,
            KINDS[code][1],
            examples=[OpenApiExample("A problem", value=examples.problem(code))],
        )
    return extend_schema(
        summary=summary,
        request=request,
        parameters=list(parameters),
        responses={**responses, **(more or {})},
        examples=[*shown, *asked],
    )


def listed(summary: str, item: Any, parameters: Sequence[OpenApiParameter] = ()) -> Decorator:
    """A list in pages."""
    page = inline_serializer(
        f"{item.__name__}Page",
        {
            "next": s.URLField(allow_null=True),
            "previous": s.URLField(allow_null=True),
            "results": item(many=True),
            "count": s.IntegerField(required=False, help_text="with ?count=true"),
        },
    )
    return described(summary, page, [*parameters, *_PAGES])


def detailed(summary: str, shape: Any, parameters: Sequence[OpenApiParameter] = ()) -> Decorator:
    """One thing, with its ETag."""
    known = _header("If-None-Match", "An ETag you have: 304 where it is still the one.")
    same = OpenApiResponse(description="Not modified: you have this version.")
    return described(summary, shape, [*parameters, known, _etag(200)], more={304: same})


def made(summary: str, request: Any, shape: Any) -> Decorator:
    """POST that makes something."""
    headers = [_KEY, _etag(201), _replayed(201),
               _response_header("Location", "The address of what was made.", 201)]  # fmt: skip
    return described(summary, shape, headers, request=request, status=201, problems=(*_WRITE, 422))


def noted(summary: str, request: Any, shape: Any) -> Decorator:
    """POST of things that are told apart by what they say, so that no version is asked for."""
    return described(
        summary,
        shape,
        [_KEY, _replayed(201)],
        request=request,
        status=201,
        problems=(*_WRITE, 422),
        more={200: OpenApiResponse(shape, "Nothing new: all of it was known already.")},
    )


def changed(summary: str, request: Any, shape: Any) -> Decorator:
    """PATCH or PUT of a version."""
    return described(
        summary,
        shape,
        [_IF_MATCH, _KEY, _etag(200), _replayed(200)],
        request=request,
        problems=(*_WRITE, 412, 422, 428),
    )


def acted(summary: str, request: Any, shape: Any, status: int = 200) -> Decorator:
    """POST that does something to a version of a risk."""
    return described(
        summary,
        shape,
        [_IF_MATCH, _KEY, _etag(status), _replayed(status)],
        request=request,
        status=status,
        problems=(*_WRITE, 412, 422, 428),
    )


WRITE = (*_WRITE, 422)
KEY = _KEY


def removed(summary: str) -> Decorator:
    """DELETE of a version."""
    return described(
        summary,
        None,
        [_IF_MATCH, _KEY, _replayed(204)],
        status=204,
        problems=(*_WRITE, 412, 422, 428),
    )


def started(summary: str, request: Any, shape: Any) -> Decorator:
    """POST that sets something going, which goes on after the answer."""
    return described(
        summary,
        shape,
        [_KEY, _replayed(202)],
        request=request,
        status=202,
        problems=(*_WRITE, 422),
    )


class Schema(AutoSchema):
    """Names each operation after its summary and files it under its noun."""

    def get_operation_id(self) -> str:
        """As in ``list_risks``: the summary in snake case."""
        summary = self.get_summary() or super().get_operation_id()
        return "_".join(summary.lower().split())

    def get_tags(self) -> list[str]:
        """The last noun of the address that is no variable and no act."""
        acts = {
            "attendance", "chair", "close", "end", "items", "open", "preview", "reopen", "rotate",
            "share", "test", "transfer",
        }  # fmt: skip
        parts = [p for p in self.path.strip("/").split("/") if not p.startswith("{")]
        nouns = [p for p in parts[2:] if p not in acts]
        return [nouns[-1] if nouns else "api"]


class BearerScheme(OpenApiAuthenticationExtension):
    """The bearer token in the schema."""

    target_class = "riskreg.api.auth.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """As OpenAPI has it."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "manage.py create_token --user E-MAIL --scope read|write --days 90",
        }

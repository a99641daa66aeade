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

from riskreg.api import examples
from riskreg.api.core import problem
from riskreg.api.core.errors import KINDS, PROBLEM
from riskreg.api.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from riskreg.api.core.parameters import (
    EXTERNAL_ID,
    nonempty_text,
    query,
    repeated,
    repeated_text,
    switch,
    whole_number,
)
from riskreg.api.core.schema_headers import (
    EPOCH,
    IF_MATCH,
    KNOWN,
    etag_header,
    headers_of_change_that_waits,
    replayed_header,
    response_header,
)
from riskreg.api.core.schema_headers import (
    KEY as KEY,
)
from riskreg.decisions.models import AcceptanceState, DecisionState
from riskreg.duties.sources import LISTED
from riskreg.exchange.queries.heatmap_pictures import CELLS
from riskreg.kernel.replica import from_replica
from riskreg.kernel.search import MAX_QUERY
from riskreg.register.change_models import ChangeState
from riskreg.register.policy import MAX_LEVELS, STAGES
from riskreg.risks.fields import RISK
from riskreg.risks.filters import ORDERINGS
from riskreg.risks.models import Kind, State
from riskreg.risks.parts import COUNTED

Decorator = Callable[[Any], Any]
NO_BODY = None  # In place of the shape of a body: one that is sent is refused.


_STAGE = query("stage", "The stage that rating, likelihood and impact are about.", enum=STAGES)
_LEVEL = {
    "type": "array", "minItems": 1, "maxItems": 50,
    "items": {"type": "integer", "minimum": 1, "maximum": MAX_LEVELS},
}  # fmt: skip
_FILTERS = [
    repeated("state", "Only risks in this state.", enum=[*State.values, "all"]),
    repeated_text("owner", "“me”, a member's id or e-mail address."),
    repeated_text("party", "A party's key."),
    repeated_text("rating", "A rating of the criteria."),
    _STAGE,
    query("likelihood", "A level of the criteria. May be given several times.", _LEVEL),
    query("impact", "A level of the criteria. May be given several times.", _LEVEL),
    repeated_text("term", "taxonomy:term, as in market:eu; several must all hold."),
    repeated_text("objective", "An objective's key."),
    nonempty_text("q", "Words that the risk's texts hold."),
    switch("overdue", "Whether the review is late."),
    query("due_before", "Open risks whose review is due before this day.", OpenApiTypes.DATE),
    query("updated_since", "Changed at or after this time.", OpenApiTypes.DATETIME),
    EXTERNAL_ID,
    switch("unrated", "Whether nobody has rated it."),
    switch("happened", "Whether it was closed because it happened."),
    repeated("kind", "Threats or opportunities.", enum=Kind.values),
    switch("above_appetite", "Whether it needs an acceptance."),
    switch("above_own", "Whether it is above the own appetite of the caller's party."),
    repeated_text("part_of", "The ref of a risk that it is part of."),
    repeated_text("related_to", "The ref of a risk that it has a relation with, of any kind."),
    query(
        "parts",
        "within: without the parts of open risks that the other filters find; apart: without those "
        "that have open parts among them. A map counts within if not asked.",
        enum=COUNTED,
    ),
]
_FILTERS += [
    repeated(field.name, field.meaning, enum=field.choices.values)
    for field in RISK.filters
    if field.choices and field.name not in {parameter.name for parameter in _FILTERS}
]
_PAGES = [
    whole_number("limit", "Rows per page.", 1, MAX_LIMIT, default=DEFAULT_LIMIT),
    nonempty_text(
        "cursor",
        "From next and previous; opaque. It marks a place in the order: a row is given once as "
        "long as its place does not change meanwhile, which it never does in the order of `ref`.",
    ),
    switch("count", "Whether to count all rows."),
]
RISK_FILTERS = [
    *_FILTERS,
    query(
        "ordering",
        "What to order by; a minus turns it round. Rows without a value come last.",
        enum=[sign + name for name in ORDERINGS for sign in ("", "-")],
    ),
]


TERM_FILTERS = [
    nonempty_text("taxonomy", "Terms of the classification of this key."),
    switch("active", "Whether it is in use."),
]
DUTY_FILTERS = [
    switch("mine", "What the caller answers for, or stands in for today."),
    repeated("kind", "Duties of this kind.", enum=sorted(LISTED)),
    query("due_before", "Due before this day.", OpenApiTypes.DATE),
    switch("overdue", "Whether the due date has passed."),
]
# Of one's own, in all registers.
WORK_FILTERS = [parameter for parameter in DUTY_FILTERS if parameter.name != "mine"]
_DAY_OR_TIME = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
}
CHANGE_FILTERS = [repeated("state", "Only those that stand so.", enum=ChangeState.values)]
ACCEPTANCE_FILTERS = [
    repeated("state", "Only those that stand so.", enum=AcceptanceState.values),
    nonempty_text("risk", "Of the risk of this ref."),
]
COMMENT_FILTERS = [
    nonempty_text(
        "about", "On one thing: its kind and ref, as in `risk:R-001`; of a control its id."
    ),
]
DECISION_FILTERS = [
    repeated("state", "Only those that stand so.", enum=DecisionState.values),
    nonempty_text("risk", "Touching the risk of this ref."),
]
READING_FILTERS = [
    query("since", "Read at or after this time or day.", _DAY_OR_TIME),
    query("until", "Read before this time or day.", _DAY_OR_TIME),
    switch("corrected", "true: also those that another one corrects."),
]
_ONE_KIND = query("kind", "Whose map: threats if not given.", enum=Kind.values)
REGISTER_PARAMS = [query("kind", "What counts are of: both if not given.", enum=Kind.values)]
HEATMAP_PARAMS = [
    query("as_of", "The end of this day; today if not given.", OpenApiTypes.DATE),
    query("compare", "What moved since the end of this earlier day.", OpenApiTypes.DATE),
    *(p for p in _FILTERS if p.name != "kind"),
    _ONE_KIND,
]
HEATMAP_FILE_PARAMS = [
    *(p for p in HEATMAP_PARAMS if p.name != "stage"),
    query("stage", "Of which scores; or how risks go over it.", enum=[*STAGES, "movement"]),
    query("cells", "What a picture names in its cells: counts if not given.", enum=CELLS),
]
FEED_PARAMS = [
    nonempty_text("after", "The cursor of the last answer; from the beginning if not given."),
    _PAGES[0],
]
SEARCH_PARAMS = [
    nonempty_text(
        "q",
        "Words, all of which must be held; or a ref, however it is typed.",
        required=True,
        maxLength=MAX_QUERY,
    )
]
CRITERIA_PARAMS = [whole_number("number", "An earlier version.", 1, 999_999)]
LADDER_PARAMS = [whole_number("number", "An earlier version; 0 is the default.", 0, 999_999)]
PREVIEW_PARAMS = [nonempty_text("risk", "The ref of an open risk.", required=True)]

_READ = (400, 401, 403, 404, 406)
READ = _READ
FEED = (*_READ, 410)
_WRITE = (*_READ, 413, 415)


def described(
    summary: str,
    response: Any,
    parameters: Sequence[OpenApiParameter] = (),
    *,
    request: Any = None,
    status: int = 200,
    problems: Sequence[int] = _READ,
    more: dict[int, Any] | None = None,
    is_list: bool = False,
    files: dict[Any, Any] | None = None,
    media_type: str = "",
) -> Decorator:
    """Describe one method of a view. ``files``: it answers with one of these, made while it is
    read, and so without an ETag."""
    shown = []
    if answer := examples.ANSWERS.get(summary):
        codes = [str(status)]
        shown = [OpenApiExample("Answer", value=answer, response_only=True, status_codes=codes)]
    asked = []
    if wanted := examples.REQUESTS.get(summary):
        asked = [OpenApiExample("Request", value=wanted, request_only=True)]
    at = (status, media_type) if media_type else status
    responses: dict[Any, Any] = files or {at: OpenApiResponse(response, summary)}
    # Under a key a request may be one of a time that was lost.
    keyed = {410} if KEY in parameters else set()
    parameters = [*parameters, *([EPOCH] if keyed else [])]
    for code in sorted({*problems, *keyed, 405, 500, 503}):
        responses[(code, PROBLEM)] = OpenApiResponse(
            problem.Problem,
            KINDS[code][1],
            examples=[OpenApiExample("A problem", value=problem.problem_example(code))],
        )
    is_read = request is None and status == 200 and tuple(problems) in (_READ, FEED)
    is_read = is_read and files is None
    if is_read:
        parameters = [*parameters, KNOWN, etag_header(200)]
        more = {304: OpenApiResponse(description="You have this answer already."), **(more or {})}
    extended = extend_schema(
        summary=summary,
        request=request,
        parameters=list(parameters),
        responses={**responses, **(more or {})},
        examples=[*shown, *asked],
    )

    def describe(method: Any) -> Any:
        # A list is read from the replica, where there is one.
        method = extended(from_replica(method) if is_list else method)
        # What the schema says of a body is what a write is held against (RegisterApi.write).
        method.body_shape, method.is_list = request, is_list
        return method

    return describe


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
    return described(summary, page, [*parameters, *_PAGES], is_list=True)


def detailed(summary: str, shape: Any, parameters: Sequence[OpenApiParameter] = ()) -> Decorator:
    """One thing, with its ETag."""
    return described(summary, shape, parameters)


def _answer_202(shape: Any) -> dict[int, Any]:
    """202: a change of what is common waits for a yes of the other parties, and nothing is changed
    yet. ``Location`` is the address of the request that it became."""
    text = "It binds other parties and waits for their yes; nothing is changed yet."
    return {202: OpenApiResponse(shape, text)}


def made(summary: str, request: Any, shape: Any, *, may_ask: Any = None) -> Decorator:
    """POST that makes something; ``may_ask``: the shape of the request that it becomes
    where other parties have to say yes first."""
    headers = [KEY, etag_header(201), replayed_header(201),
               response_header("Location", "The address of what was made.", 201),
               *(headers_of_change_that_waits() if may_ask else ())]  # fmt: skip
    return described(
        summary, shape, headers, request=request, status=201, problems=(*_WRITE, 422),
        more=_answer_202(may_ask) if may_ask else None,
    )  # fmt: skip


def noted(summary: str, request: Any, shape: Any, *, may_ask: Any = None) -> Decorator:
    """POST of things that are told apart by what they say, so that no version is asked for."""
    known = {200: OpenApiResponse(shape, "Nothing new: all of it was known already.")}
    return described(
        summary,
        shape,
        [KEY, replayed_header(201), *(headers_of_change_that_waits() if may_ask else ())],
        request=request,
        status=201,
        problems=(*_WRITE, 422),
        more={**known, **(_answer_202(may_ask) if may_ask else {})},
    )


def changed(summary: str, request: Any, shape: Any, *, may_ask: Any = None) -> Decorator:
    """PATCH or PUT of a version; ``may_ask`` as in ``made``."""
    return acted(summary, request, shape, may_ask=may_ask)


def acted(
    summary: str, request: Any, shape: Any, status: int = 200, *, may_ask: Any = None
) -> Decorator:
    """POST that does something to a version of a risk; ``may_ask`` as in ``made``."""
    return described(
        summary,
        shape,
        [IF_MATCH, KEY, etag_header(status), replayed_header(status),
         *(headers_of_change_that_waits() if may_ask else ())],
        request=request,
        status=status,
        problems=(*_WRITE, 412, 422, 428),
        more=_answer_202(may_ask) if may_ask else None,
    )  # fmt: skip


WRITE = (*_WRITE, 422)


def removed(summary: str) -> Decorator:
    """DELETE of a version."""
    return described(
        summary,
        None,
        [IF_MATCH, KEY, replayed_header(204)],
        status=204,
        problems=(*_WRITE, 412, 422, 428),
    )


def started(summary: str, request: Any, shape: Any) -> Decorator:
    """POST that sets something going, which goes on after the answer."""
    return described(
        summary,
        shape,
        [KEY, replayed_header(202)],
        request=request,
        status=202,
        problems=(*_WRITE, 422),
    )


def form_made(summary: str, request: Any, shape: Any) -> Decorator:
    """POST of a form with a file, which makes something."""
    return made(summary, request, shape)


def downloaded(summary: str) -> Decorator:
    """The bytes of a file, whatever it is."""
    return described(summary, OpenApiTypes.BINARY, media_type="*/*")


# Last parts of addresses that are no nouns.
_ACTS = {
    "accept", "answer", "approve", "archive", "attendance", "bulk", "cancel", "chair", "clone",
    "close", "copy", "decide", "end", "export", "feed", "file", "grant", "items", "lapse", "merge",
    "needed", "open", "preview", "propose", "refuse", "reject", "release", "reopen", "resend",
    "restore", "retract", "revisit", "revoke", "rotate", "share", "template", "test", "transfer",
    "undo", "vote", "withdraw",
}  # fmt: skip
_VERBS = {"GET": "read", "POST": "create", "PATCH": "update", "PUT": "replace", "DELETE": "delete"}


class Schema(AutoSchema):
    """Names each operation by its noun first, so that they sort, and files it under its noun."""

    def get_operation_id(self) -> str:
        """As in ``risks_list``, ``risks_open``, ``risks_assessments_create``."""
        parts = self.path.strip("/").split("/")[2:]
        if parts[0] == "registers" and len(parts) > 2 and parts[2] not in _ACTS:
            parts = parts[2:]
        nouns = [part for part in parts if not part.startswith("{")]
        handler = getattr(self.view, self.method.lower())
        if nouns[-1] in _ACTS:
            # What an act would do is asked at its own address.
            verb = "" if self.method == "POST" or nouns[-1] == "preview" else _VERBS[self.method]
        elif getattr(handler, "is_list", False):
            verb = "list"
        else:
            verb = _VERBS[self.method]
        return "_".join([*nouns, *([verb] if verb else [])]).replace("-", "_")

    def get_tags(self) -> list[str]:
        """The last noun of the address that is no variable and no act."""
        parts = [p for p in self.path.strip("/").split("/") if not p.startswith("{")]
        nouns = [p for p in parts[2:] if p not in _ACTS]
        return [nouns[-1] if nouns else "api"]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The bearer token in the schema."""

    target_class = "riskreg.api.core.auth.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """As OpenAPI has it."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "Made under Settings, API tokens, or by manage.py create_token.",
        }

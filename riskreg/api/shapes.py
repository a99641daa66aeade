"""The shapes of bodies, for the schema alone: answers are made by plain functions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.register.policy import LABELS, STAGES
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Outcome
from riskreg.risks.models import Kind, MitigationStatus, Response, State
from riskreg.risks.policy import MARKS
from riskreg.search.queries import NOUNS


def one_of(values: Any, **options: Any) -> Any:
    """A text that is one of ``values``."""
    listed = [*values, *([None] if options.get("allow_null") else [])]
    kind: Any = ["string", "null"] if options.get("allow_null") else "string"
    field = extend_schema_field({"type": kind, "enum": listed})(type("Choice", (s.CharField,), {}))
    return field(**options)


def texts(**options: Any) -> s.Field:
    """{key: text}."""
    return s.DictField(child=s.CharField(allow_blank=True), **options)


def translations(**options: Any) -> s.Field:
    """{language: {field: text}}."""
    return s.DictField(child=texts(), **options)


def outdated() -> s.Field:
    """{language: [field]}."""
    return s.DictField(
        child=s.ListField(child=s.CharField()),
        help_text="translations whose original has changed since: {language: [field]}",
    )


def confirmed() -> s.Field:
    """{language: [field]}."""
    return s.DictField(
        child=s.ListField(child=s.CharField()),
        required=False,
        help_text="translations that still fit although the original has changed: "
        "{language: [field]}",
    )


def names(**options: Any) -> s.Field:
    return s.DictField(child=s.CharField(), help_text="{language: name}", **options)


@extend_schema_field({"type": "string"})
class Money(s.CharField):
    """An amount as text, so that no reader rounds it."""


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]})
class Amount(s.CharField):
    """An amount, as a number or as text."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}},
             "required": ["id"]},
        ]
    }
)  # fmt: skip
class Who(s.CharField):
    """A member: public id, e-mail address, or the object that an answer showed."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}},
             "required": ["id"]},
            {"type": "null"},
        ]
    }
)  # fmt: skip
class WhoOrNobody(s.CharField):
    """As ``Who``, or null."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "array", "items": {"type": "string"}, "maxItems": 100},
            {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        ]
    }
)
class TermNames(s.JSONField):
    """["taxonomy:term", …] or {taxonomy: [term, …]}."""


class ProblemItem(s.Serializer[Any]):
    pointer = s.CharField(help_text="#/field/sub of the body, ?name of the query, or a header")
    code = s.CharField(help_text="stable")
    detail = s.CharField(help_text="what is wrong and what to do, for people")


class Problem(s.Serializer[Any]):
    type = s.CharField()
    title = s.CharField()
    status = s.IntegerField()
    detail = s.CharField(allow_blank=True)
    errors = ProblemItem(many=True)  # type: ignore[assignment]


class Person(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class Cell(s.Serializer[Any]):
    likelihood = s.IntegerField()
    impact = s.IntegerField()
    score = s.IntegerField()
    rating = s.CharField()


class Scores(s.Serializer[Any]):
    inherent = Cell(allow_null=True)
    residual = Cell(allow_null=True)
    target = Cell(allow_null=True)


class Source(s.Serializer[Any]):
    title = s.CharField()
    url = s.CharField(allow_blank=True, required=False)
    quote = s.CharField(allow_null=True, allow_blank=True, required=False)
    label = one_of(LABELS)
    locator = s.JSONField(required=False, help_text="text, or {language: text}")
    date = s.JSONField(required=False, help_text="text, or {language: text}")
    note = s.JSONField(required=False, help_text="text, or {language: text}")


class Risk(s.Serializer[Any]):
    ref = s.CharField()
    url = s.URLField()
    title = s.CharField()
    cause = s.CharField(allow_blank=True)
    event = s.CharField(allow_blank=True)
    consequence = s.CharField(allow_blank=True)
    kind = one_of(Kind.values)
    state = one_of(State.values)
    response = one_of(["", *Response.values])
    party = s.CharField()
    visibility = one_of(Visibility.values)
    owner = Person()
    deputy = Person(allow_null=True)
    scores = Scores()
    marks = s.ListField(
        child=one_of(MARKS), help_text="what does not fit together in the scores; empty is usual"
    )
    terms = s.DictField(child=s.ListField(child=s.CharField()))
    objectives = s.ListField(child=s.CharField())
    next_review_on = s.DateField(allow_null=True)
    last_reviewed_on = s.DateField(allow_null=True, help_text="since it was shared, if it was")
    overdue = s.BooleanField()
    external_id = s.CharField(allow_null=True, help_text="null to all but its own party")
    sources = s.ListField(child=s.DictField())
    labels = texts()
    translations = translations()
    outdated_translations = outdated()
    version = s.IntegerField()
    created_at = s.DateTimeField(help_text="when it was made, or shared")
    updated_at = s.DateTimeField()


class RiskChange(s.Serializer[Any]):
    title = s.CharField(max_length=200, required=False)
    cause = s.CharField(allow_blank=True, required=False)
    event = s.CharField(allow_blank=True, required=False)
    consequence = s.CharField(allow_blank=True, required=False)
    kind = one_of(Kind.values, required=False)
    response = one_of(["", *Response.values], required=False)
    owner = Who(required=False)
    deputy = WhoOrNobody(required=False)
    terms = TermNames(required=False)
    objectives = s.ListField(child=s.CharField(), required=False, max_length=100)
    external_id = s.CharField(allow_null=True, max_length=120, required=False)
    sources = Source(many=True, required=False)
    labels = s.DictField(child=one_of(LABELS), required=False)
    translations = translations(required=False)
    confirmed_translations = confirmed()
    visibility = one_of(Visibility.values, required=False)


class RiskNew(RiskChange):
    confirmed_translations = None  # type: ignore[assignment]  # there is nothing to confirm yet
    title = s.CharField(max_length=200)


class Reason(s.Serializer[Any]):
    reason = s.CharField(max_length=4000)


class Transfer(s.Serializer[Any]):
    owner = Who()
    deputy = WhoOrNobody(required=False)


class Assessment(s.Serializer[Any]):
    id = s.UUIDField()
    stage = one_of(STAGES)
    likelihood = s.IntegerField()
    impact = s.IntegerField()
    score = s.IntegerField()
    rating = s.CharField()
    criteria = s.IntegerField(help_text="number of the criteria version that it was read from")
    rationale = s.CharField(allow_blank=True)
    translations = translations()
    label = one_of(LABELS)
    visibility = one_of(Visibility.values)
    assessor = Person()
    at = s.DateTimeField()
    recorded_at = s.DateTimeField()
    brought_in = s.BooleanField()


class AssessmentNew(s.Serializer[Any]):
    stage = one_of(STAGES, required=False)
    likelihood = s.IntegerField(min_value=1, max_value=7)
    impact = s.IntegerField(min_value=1, max_value=7)
    rationale = s.CharField(max_length=8000, help_text="why it stands there")
    label = one_of(LABELS, required=False)
    translations = translations(required=False)


class ReviewAssessment(s.Serializer[Any]):
    stage = one_of(STAGES, required=False)
    likelihood = s.IntegerField(min_value=1, max_value=7)
    impact = s.IntegerField(min_value=1, max_value=7)
    rationale = s.CharField(
        max_length=8000, required=False, help_text="why it stands there; the comment if not given"
    )
    label = one_of(LABELS, required=False)
    translations = translations(required=False)


class Review(s.Serializer[Any]):
    id = s.UUIDField()
    outcome = one_of(Outcome.values)
    comment = s.CharField(allow_blank=True)
    translations = translations()
    label = one_of(LABELS)
    visibility = one_of(Visibility.values)
    reviewer = Person()
    assessment = Assessment(allow_null=True)
    due_on = s.DateField()
    next_review_on = s.DateField()
    at = s.DateTimeField()
    recorded_at = s.DateTimeField()
    brought_in = s.BooleanField()


class ReviewNew(s.Serializer[Any]):
    outcome = one_of(Outcome.values, required=False)
    comment = s.CharField(allow_blank=True, max_length=8000, required=False)
    assessment = ReviewAssessment(required=False)
    next_review_on = s.DateField(required=False)
    translations = translations(required=False)
    label = one_of(LABELS, required=False)


class Mitigation(s.Serializer[Any]):
    ref = s.CharField()
    url = s.URLField()
    title = s.CharField()
    description = s.CharField(allow_blank=True)
    expected_effect = s.CharField(allow_blank=True)
    status = one_of(MitigationStatus.values)
    party = s.CharField()
    visibility = one_of(Visibility.values)
    owner = Person()
    due_on = s.DateField()
    cost = Money(allow_null=True)
    currency = s.CharField()
    progress = s.IntegerField(min_value=0, max_value=100)
    next_update_on = s.DateField(
        allow_null=True, help_text="while in progress: the last day on which word of it is in time"
    )
    risks = s.ListField(child=s.CharField())
    labels = texts()
    translations = translations()
    outdated_translations = outdated()
    version = s.IntegerField()
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class MitigationChange(s.Serializer[Any]):
    title = s.CharField(max_length=200, required=False)
    description = s.CharField(allow_blank=True, required=False)
    expected_effect = s.CharField(allow_blank=True, required=False)
    status = one_of(MitigationStatus.values, required=False)
    owner = Who(required=False)
    due_on = s.DateField(required=False)
    cost = Amount(required=False)
    progress = s.IntegerField(min_value=0, max_value=100, required=False)
    risks = s.ListField(child=s.CharField(), min_length=1, max_length=100, required=False)
    labels = s.DictField(child=one_of(LABELS), required=False)
    translations = translations(required=False)
    confirmed_translations = confirmed()


class MitigationNew(MitigationChange):
    confirmed_translations = None  # type: ignore[assignment]  # there is nothing to confirm yet
    title = s.CharField(max_length=200)
    due_on = s.DateField()
    risks = s.ListField(child=s.CharField(), min_length=1, max_length=100)
    visibility = one_of(Visibility.values, required=False)


class Objective(s.Serializer[Any]):
    key = s.CharField()
    name = s.CharField()
    names = names()
    value = Money(help_text="a decimal number")
    unit = s.CharField()
    due_on = s.DateField()
    label = one_of(LABELS)
    source = s.DictField()  # type: ignore[assignment]
    party = s.CharField()
    visibility = one_of(Visibility.values)


class EventObject(s.Serializer[Any]):
    type = s.CharField()
    ref = s.CharField()
    id = s.UUIDField()


class Event(s.Serializer[Any]):
    chain = one_of(["shared", "own"])
    seq = s.IntegerField(help_text="gapless in its chain")
    at = s.DateTimeField(help_text="when it happened")
    recorded_at = s.DateTimeField(help_text="when it was written here")
    brought_in = s.BooleanField(help_text="entered with a past date")
    actor = Person(allow_null=True, help_text="null: the system itself")
    verb = s.CharField()
    object = EventObject()
    changes = s.DictField(help_text="{field: [before, after]}")


class Changes(s.Serializer[Any]):
    next = s.URLField(allow_null=True, help_text="null: no more for now")
    previous = s.URLField(allow_null=True)
    cursor = s.CharField(help_text="keep it, and go on from it with ?after=")
    results = Event(many=True)


class HeatCell(Cell):
    count = s.IntegerField()
    refs = s.ListField(child=s.CharField(), help_text="the first 50")


class Counted(s.Serializer[Any]):
    count = s.IntegerField()
    refs = s.ListField(child=s.CharField())


class Move(s.Serializer[Any]):
    ref = s.CharField()
    to = Cell(allow_null=True)
    by_scale = s.BooleanField(
        help_text="nobody judged it anew: criteria with another scale came into force in between"
    )

    def get_fields(self) -> dict[str, s.Field]:
        # "from" is a word of the language, so it cannot be an attribute.
        return {**super().get_fields(), "from": Cell(allow_null=True)}


class FoundItem(s.Serializer[Any]):
    noun = one_of(NOUNS, help_text="what was found")
    id = s.UUIDField(help_text="of what was found")
    ref = s.CharField(allow_null=True, help_text="ref, or an objective's key")
    text = s.CharField(help_text="the title, name or words, in the reader's language")
    risk = s.CharField(allow_null=True, help_text="ref of the risk that it belongs to")
    url = s.URLField(allow_null=True, help_text="where to read it; null for a person")


class SearchResult(s.Serializer[Any]):
    q = s.CharField()
    totals = s.DictField(child=s.IntegerField(), help_text="how many there are of each noun")
    results = FoundItem(many=True)


class OtherKind(s.Serializer[Any]):
    kind = one_of(Kind.values)
    total = s.IntegerField()


class Heatmap(s.Serializer[Any]):
    stage = one_of(STAGES)
    kind = one_of(Kind.values)
    as_of = s.DateField()
    criteria = s.IntegerField(help_text="see criteria/?number=")
    total = s.IntegerField(help_text="visible open risks of this kind")
    other = OtherKind(help_text="what is on the other map")
    cells = HeatCell(many=True)
    unrated = Counted()
    compared_to = s.DateField(allow_null=True)
    scale_changed_on = s.ListField(
        child=s.DateField(),
        help_text="days in between on which another scale came into force; `from` of a move is on "
        "the scale of before",
    )
    moves = Move(many=True)
    opened = s.ListField(
        child=s.CharField(), help_text="came onto the map: opened, or made of this kind"
    )
    closed = s.ListField(child=s.CharField(), help_text="left the map")

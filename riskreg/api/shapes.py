"""The shapes of bodies, for the schema alone: answers are made by plain functions."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import (
    AnyField,
    Changed,
    Cost,
    Money,
    TermNames,
    Who,
    WhoOrNobody,
    confirmed,
    labels,
    one_of,
    outdated,
    text_or_texts,
    translations,
)
from riskreg.api.core.vocabulary import VERBS
from riskreg.kernel.text import TEXT_MAX
from riskreg.register.policy import LABELS, STAGES
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Outcome
from riskreg.risks.models import Kind, MitigationStatus, Response, State
from riskreg.risks.policy import MARKS
from riskreg.search.queries import NOUNS


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
    title = s.CharField(max_length=300)
    url = s.CharField(
        allow_blank=True, required=False, max_length=2000, help_text="http:// or https://, or empty"
    )
    quote = s.CharField(allow_null=True, allow_blank=True, required=False, max_length=2000)
    label = one_of(LABELS)
    locator = text_or_texts(300)
    date = text_or_texts(40)
    note = text_or_texts(1000)


class SourceParts(Source):
    """A source, or an empty object for none."""

    title = s.CharField(max_length=300, required=False)
    label = one_of(LABELS, required=False)


_RISK_TEXTS = ("title", "cause", "event", "consequence")
_RISK_FIELDS = (
    *_RISK_TEXTS, "kind", "response", "external_id", "sources", "labels", "translations", "owner",
    "deputy", "terms", "objectives", "scores",
)  # fmt: skip
_WORK_TEXTS = ("title", "description", "expected_effect")
_WORK_FIELDS = (
    *_WORK_TEXTS, "status", "owner", "due_on", "cost", "progress", "labels", "translations",
)  # fmt: skip


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
    sources = Source(many=True)
    labels = s.DictField(child=one_of(LABELS))
    translations = translations(*_RISK_TEXTS)
    outdated_translations = outdated()
    version = s.IntegerField()
    created_at = s.DateTimeField(help_text="when it was made, or shared")
    updated_at = s.DateTimeField()


class RiskChange(s.Serializer[Any]):
    title = s.CharField(max_length=200, required=False)
    cause = s.CharField(allow_blank=True, required=False, max_length=TEXT_MAX)
    event = s.CharField(allow_blank=True, required=False, max_length=TEXT_MAX)
    consequence = s.CharField(allow_blank=True, required=False, max_length=TEXT_MAX)
    kind = one_of(Kind.values, required=False)
    response = one_of(["", *Response.values], required=False)
    owner = Who(required=False)
    deputy = WhoOrNobody(required=False)
    terms = TermNames(required=False)
    objectives = s.ListField(child=s.CharField(max_length=60), required=False, max_length=100)
    external_id = s.CharField(allow_null=True, allow_blank=True, max_length=120, required=False)
    sources = Source(many=True, required=False)
    labels = labels(*_RISK_FIELDS, required=False)
    translations = translations(*_RISK_TEXTS, required=False)
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
    translations = translations("rationale")
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
    translations = translations("rationale", required=False)


class ReviewAssessment(s.Serializer[Any]):
    stage = one_of(STAGES, required=False)
    likelihood = s.IntegerField(min_value=1, max_value=7)
    impact = s.IntegerField(min_value=1, max_value=7)
    rationale = s.CharField(
        max_length=8000, required=False, help_text="why it stands there; the comment if not given"
    )
    label = one_of(LABELS, required=False)
    translations = translations("rationale", required=False)


class Review(s.Serializer[Any]):
    id = s.UUIDField()
    outcome = one_of(Outcome.values)
    comment = s.CharField(allow_blank=True)
    translations = translations("comment")
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
    assessment = ReviewAssessment(required=False, allow_null=True)
    next_review_on = s.DateField(required=False, allow_null=True)
    translations = translations("comment", required=False)
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
    labels = s.DictField(child=one_of(LABELS))
    translations = translations(*_WORK_TEXTS)
    outdated_translations = outdated()
    version = s.IntegerField()
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class MitigationChange(s.Serializer[Any]):
    title = s.CharField(max_length=200, required=False)
    description = s.CharField(allow_blank=True, required=False, max_length=TEXT_MAX)
    expected_effect = s.CharField(allow_blank=True, required=False, max_length=TEXT_MAX)
    status = one_of(MitigationStatus.values, required=False)
    owner = Who(required=False)
    due_on = s.DateField(required=False)
    cost = Cost(required=False)
    progress = s.IntegerField(min_value=0, max_value=100, required=False)
    risks = s.ListField(
        child=s.CharField(max_length=20), min_length=1, max_length=100, required=False
    )
    labels = labels(*_WORK_FIELDS, required=False)
    translations = translations(*_WORK_TEXTS, required=False)
    confirmed_translations = confirmed()


class MitigationNew(MitigationChange):
    confirmed_translations = None  # type: ignore[assignment]  # there is nothing to confirm yet
    title = s.CharField(max_length=200)
    due_on = s.DateField()
    risks = s.ListField(child=s.CharField(max_length=20), min_length=1, max_length=100)
    visibility = one_of(Visibility.values, required=False)


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
    verb = one_of(VERBS)
    object = EventObject()
    changes = Changed(help_text="{field: [before, after]}")


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

    def get_fields(self) -> dict[str, AnyField]:
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

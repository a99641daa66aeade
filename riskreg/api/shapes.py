"""The shapes of bodies, for the schema alone: answers are made by plain functions."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import (
    AnyField,
    Changed,
    Person,
    Who,
    WhoOrNobody,
    one_of,
    translations,
)
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.api.core.vocabulary import VERBS
from riskreg.api.shapes_axes import Axes
from riskreg.register.policy import LABELS, STAGES
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import Outcome
from riskreg.risks.fields import MITIGATION, RISK
from riskreg.risks.models import Kind
from riskreg.risks.parts import COUNTED
from riskreg.risks.policy import MARKS
from riskreg.search.queries import NOUNS


class Cell(s.Serializer[Any]):
    likelihood = s.IntegerField()
    impact = s.IntegerField()
    score = s.IntegerField()
    rating = s.CharField()


class Scores(s.Serializer[Any]):
    inherent = Cell(allow_null=True)
    residual = Cell(allow_null=True)
    target = Cell(allow_null=True)


class Risk(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            RISK,
            url=s.URLField(),
            scores=Scores(),
            marks=s.ListField(child=one_of(MARKS), help_text=RISK["marks"].meaning),
            overdue=s.BooleanField(),
        )


class RiskChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(RISK, visibility=one_of(Visibility.values, required=False))


class RiskNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(RISK, visibility=one_of(Visibility.values, required=False))


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
    dimension = s.CharField(
        allow_null=True, help_text="kind of impact that drove the level, as a key of the criteria"
    )
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
    dimension = s.CharField(
        max_length=30,
        required=False,
        allow_null=True,
        help_text="kind of impact that drove the level, as a key of the criteria in force",
    )
    rationale = s.CharField(max_length=8000, help_text="why it stands there")
    label = one_of(LABELS, required=False)
    translations = translations("rationale", required=False)


class ReviewAssessment(s.Serializer[Any]):
    stage = one_of(STAGES, required=False)
    likelihood = s.IntegerField(min_value=1, max_value=7)
    impact = s.IntegerField(min_value=1, max_value=7)
    dimension = s.CharField(
        max_length=30,
        required=False,
        allow_null=True,
        help_text="kind of impact that drove the level, as a key of the criteria in force",
    )
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
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(MITIGATION, url=s.URLField(), currency=s.CharField())


class MitigationChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(MITIGATION)


class MitigationNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(MITIGATION, visibility=one_of(Visibility.values, required=False))


class EventObject(s.Serializer[Any]):
    type = s.CharField()
    ref = s.CharField()
    id = s.UUIDField()
    version = s.IntegerField(
        allow_null=True,
        help_text="what it has come to; null: it has no versions, or the event is an early one",
    )


class Event(s.Serializer[Any]):
    chain = one_of(["shared", "own"])
    seq = s.IntegerField(help_text="gapless in its chain")
    at = s.DateTimeField(help_text="when it happened")
    recorded_at = s.DateTimeField(help_text="when it was written here")
    brought_in = s.BooleanField(help_text="entered with a past date")
    actor = Person(allow_null=True, help_text="null: the system itself")
    verb = one_of(VERBS)
    object = EventObject()
    withheld = s.BooleanField(
        help_text="what changed is not shown until the caller has given an estimate of their own"
    )
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


class ChangeTotals(s.Serializer[Any]):
    moves = s.IntegerField(help_text="how many moved")
    opened = s.IntegerField(help_text="how many came onto the map")
    closed = s.IntegerField(help_text="how many left it")


class Heatmap(s.Serializer[Any]):
    stage = one_of(STAGES)
    kind = one_of(Kind.values)
    as_of = s.DateField()
    criteria = s.IntegerField(help_text="see criteria/?number=")
    axes = Axes(help_text="how the register draws its matrices")
    total = s.IntegerField(help_text="visible open risks of this kind that are counted")
    parts = one_of(COUNTED, help_text="whether parts count within what they are part of, or apart")
    left_out = Counted(
        help_text="open risks of this kind behind another that is counted; the first 50 of their "
        "refs"
    )
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
    totals = ChangeTotals(help_text="how many changed altogether; of each list the first 500 stand")

"""The shapes of extensions, meetings and coverage, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import AnyField, Person, one_of, translations
from riskreg.api.shapes import Cell, Review, ReviewNew
from riskreg.register.visibility import Visibility
from riskreg.reviews.models import ItemOutcome


class Extension(s.Serializer[Any]):
    id = s.UUIDField()
    due_on = s.DateField(help_text="the due date it is for; that date itself stays")
    until = s.DateField()
    reason = s.CharField()
    translations = translations("reason")
    visibility = one_of(Visibility.values)
    granted_by = Person()
    at = s.DateTimeField()
    recorded_at = s.DateTimeField()
    brought_in = s.BooleanField()


class ExtensionNew(s.Serializer[Any]):
    until = s.DateField()
    reason = s.CharField(max_length=4000)
    translations = translations("reason", required=False)


class CoverageTally(s.Serializer[Any]):
    due = s.IntegerField(help_text="due dates that fell into the period: on_time + late")
    on_time = s.IntegerField()
    late = s.IntegerField(help_text="held late, open and late, or closed unreviewed")
    share_on_time = s.FloatField(allow_null=True, help_text="0 to 1; null: nothing was due")
    median_days_late = s.FloatField(allow_null=True, help_text="over the late ones")
    open = s.IntegerField(help_text="open and late on the day, also from before the period")
    extended = s.IntegerField(help_text="extensions granted for due dates of the period")
    brought_in = s.IntegerField(help_text="reviews recorded later than held")


class CoverageRow(CoverageTally):
    key = s.CharField(allow_null=True, help_text="null: those that have none")
    name = s.CharField(allow_null=True)


class Coverage(s.Serializer[Any]):
    as_of = s.DateField()
    by = s.CharField()
    total = CoverageTally()
    rows = CoverageRow(many=True)

    def get_fields(self) -> dict[str, AnyField]:
        # "from" is a word of the language, so it cannot be an attribute.
        return {**super().get_fields(), "from": s.DateField()}


class ItemCell(Cell):
    criteria = s.IntegerField(help_text="number of the criteria version that it was read from")


class MeetingItem(s.Serializer[Any]):
    number = s.IntegerField()
    risk = s.CharField()
    risk_version = s.IntegerField(help_text="If-Match for recording this item")
    outcome = one_of(ItemOutcome.values)
    note = s.CharField(allow_blank=True)
    before = ItemCell(allow_null=True)
    after = ItemCell(allow_null=True)
    due_on = s.DateField(allow_null=True)
    review = Review(allow_null=True)
    recorded_by = Person(allow_null=True)
    recorded_at = s.DateTimeField(allow_null=True)


class ItemNew(s.Serializer[Any]):
    outcome = one_of([ItemOutcome.REVIEWED.value, ItemOutcome.DEFERRED.value])
    note = s.CharField(allow_blank=True, max_length=4000, required=False)
    review = ReviewNew(required=False, allow_null=True)


class ItemCounts(s.Serializer[Any]):
    total = s.IntegerField()
    done = s.IntegerField()


class MeetingBrief(s.Serializer[Any]):
    id = s.UUIDField()
    url = s.URLField()
    title = s.CharField()
    visibility = one_of(Visibility.values)
    party = s.CharField(help_text="of who started it")
    chair = Person()
    recipe = s.DictField(child=s.ListField(child=s.CharField()))
    started_at = s.DateTimeField()
    ended_at = s.DateTimeField(allow_null=True, help_text="null: it is running")
    items = ItemCounts()
    version = s.IntegerField()


class Attendee(s.Serializer[Any]):
    user = Person()
    party = s.CharField(allow_null=True)
    joined_at = s.DateTimeField()
    left_at = s.DateTimeField(allow_null=True, help_text="null: there to the end, or still")
    items = s.ListField(child=s.IntegerField(), help_text="the items they were there for")


class Meeting(MeetingBrief):
    agenda = MeetingItem(many=True)
    attendance = Attendee(many=True)


class MeetingNew(s.Serializer[Any]):
    title = s.CharField(max_length=200)
    recipe = s.DictField(
        required=False,
        help_text="filters of the risk list: {name: value or [values]}; of a shared meeting "
        "none that goes by what is one party's own (`above_own`, `external_id`)",
    )
    visibility = one_of(Visibility.values, required=False)


class Present(s.Serializer[Any]):
    users = s.ListField(child=s.UUIDField(), max_length=500)

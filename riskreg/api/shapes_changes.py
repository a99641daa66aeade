"""The shapes of change requests, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.register.change_kinds import kind_keys
from riskreg.register.change_models import AnswerState, ChangeState
from riskreg.register.change_policy import Effect

KINDS_TO_ASK = ("cadence", "time_zone")


@extend_schema_field({"type": "object", "additionalProperties": True})
class Content(s.JSONField):
    """What the service takes, by kind."""


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": 8,
        "additionalProperties": {"type": "integer", "minimum": 1, "maximum": 3650},
    }
)
class Days(s.JSONField):
    """{rating, or unrated: days from one review to the next}."""

    is_object = True


class Difference(s.Serializer[Any]):
    what = s.CharField(help_text="what is different, in the caller's language")
    before = s.CharField(allow_blank=True, help_text="what holds, in words")
    after = s.CharField(allow_blank=True, help_text="what would hold, in words")
    effect = one_of([e.value for e in Effect], help_text="what it does to the common rules")


class PartyAnswer(s.Serializer[Any]):
    party = s.CharField()
    answer = one_of(
        AnswerState.values, help_text="nobody: nobody could speak for it when it was asked"
    )
    by = Person(allow_null=True, help_text="who answered; null: nobody has")
    at = s.DateTimeField(allow_null=True, help_text="null: it has not answered")


class CommonChange(s.Serializer[Any]):
    id = s.UUIDField()
    ref = s.CharField()
    url = s.URLField()
    page = s.URLField(help_text="where a person answers it")
    kind = one_of(kind_keys(), help_text="what it would change")
    title = s.CharField()
    state = one_of(ChangeState.values, help_text="only an open one can change")
    content = Content(help_text="what was asked for, as it will be done")
    difference = Difference(many=True, help_text="everything that is different")
    requested_by = Person(help_text="who asked")
    party = s.CharField(allow_null=True, help_text="for which party they asked")
    answers = PartyAnswer(many=True, help_text="empty: it needed none")
    answer_by = s.DateField(help_text="the last day to answer")
    words = s.CharField(allow_blank=True, help_text="why it was refused, or what made it outdated")
    closed_by = Person(allow_null=True, help_text="who closed it; null: open, or expired")
    closed_at = s.DateTimeField(allow_null=True, help_text="null: it is open")
    created_at = s.DateTimeField()
    version = s.IntegerField()


class ChangeRequestNew(s.Serializer[Any]):
    kind = one_of(KINDS_TO_ASK, help_text="criteria and ladder are asked for where they are put")
    time_zone = s.CharField(required=False, max_length=60, help_text="an IANA name")
    seen_time_zone = s.CharField(
        required=False, max_length=60, help_text="the zone that the caller decided by"
    )
    cadence = Days(required=False, help_text="days from one review to the next, by rating")
    seen_criteria = s.IntegerField(
        required=False, min_value=1, max_value=999_999,
        help_text="number of the criteria that the caller decided by",
    )  # fmt: skip


class Refusal(s.Serializer[Any]):
    words = s.CharField(max_length=2000, help_text="why not")

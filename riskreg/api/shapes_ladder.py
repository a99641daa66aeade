"""The shapes of the ladder, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, Who, one_of
from riskreg.reminders.models import RecipientReason
from riskreg.reminders.policy import CHANNELS, MAX_OFFSET, MAX_USERS, RECIPIENTS

STATES = ("sent", "skipped", "due", "to_come", "deferred")


class Rung(s.Serializer[Any]):
    offset_days = s.IntegerField(help_text="days after the due date; negative: before it")
    tells = s.ListField(child=one_of(RECIPIENTS))
    users = Person(many=True)
    channels = s.ListField(child=one_of(CHANNELS))
    interrupts = s.BooleanField(help_text="told at once, not with the day's digest")


class Ladder(s.Serializer[Any]):
    number = s.IntegerField(help_text="the version; 0 is the default")
    rungs = Rung(many=True)


class RungNew(s.Serializer[Any]):
    offset_days = s.IntegerField(min_value=-MAX_OFFSET, max_value=MAX_OFFSET)
    tells = s.ListField(child=one_of(RECIPIENTS), required=False, max_length=20)
    users = s.ListField(child=Who(), required=False, max_length=MAX_USERS, help_text="members")
    channels = s.ListField(
        child=one_of(CHANNELS), required=False, max_length=20, help_text="always with mail"
    )
    interrupts = s.BooleanField(required=False)


class LadderNew(s.Serializer[Any]):
    number = s.IntegerField(
        required=False, min_value=0, help_text="passed over: If-Match says which version was seen"
    )
    rungs = RungNew(many=True)


class RungRecipient(s.Serializer[Any]):
    name = s.CharField()
    part = one_of(RecipientReason.values)
    digest_on = s.DateField(
        allow_null=True, help_text="the day of their own whose digest tells them"
    )
    channels = s.ListField(child=s.CharField())


class RungEndpoint(s.Serializer[Any]):
    name = s.CharField()
    channel = s.CharField()


class RungForecast(s.Serializer[Any]):
    offset_days = s.IntegerField()
    on = s.DateField(help_text="the day of the register's calendar on which the rung comes")
    state = one_of(STATES)
    interrupts = s.BooleanField()
    nobody = s.BooleanField(help_text="there is no one to tell: the managers are alarmed")
    recipients = RungRecipient(many=True)
    endpoints = RungEndpoint(many=True)


class LadderPreview(s.Serializer[Any]):
    risk = s.CharField()
    next_review_on = s.DateField(allow_null=True)
    ladder = s.IntegerField()
    rungs = RungForecast(many=True)

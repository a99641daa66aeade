"""The shapes of schedules of board packs, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.exchange.models import SendingState
from riskreg.exchange.schedule_fields import PACK_SCHEDULE


class RecipientLeftOut(s.Serializer[Any]):
    user = Person(help_text="who was not written to")
    why = one_of(
        ("left", "may_not_see"), help_text="no member of the party any more, or no right any more"
    )


class Sending(s.Serializer[Any]):
    meeting_on = s.DateField(help_text="the day of the meeting")
    due_on = s.DateField(help_text="the day on which its pack was to be made")
    state = one_of(
        SendingState.values,
        help_text="skipped: the meeting was over, and a later one due as well",
    )
    late = s.BooleanField(help_text="whether it was made after that day")
    at = s.DateTimeField(help_text="when it was begun")
    ended_at = s.DateTimeField(allow_null=True, help_text="when it was sent, or given up")
    notified = s.ListField(child=Person(), help_text="who was written to")
    left_out = s.ListField(child=RecipientLeftOut(), help_text="recipients who were not, and why")
    failure = s.CharField(allow_null=True, help_text="what could not be made, if anything")
    packs = s.ListField(child=s.URLField(), help_text="its packs, as long as they are kept")


class Packschedule(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        meanings = {f.name: f.meaning for f in PACK_SCHEDULE}
        return answer_fields(
            PACK_SCHEDULE,
            url=s.URLField(),
            counts_from=s.DateField(help_text=meanings["counts_from"]),
            next_on=s.DateField(allow_null=True, help_text=meanings["next_on"]),
            make_on=s.DateField(allow_null=True, help_text=meanings["make_on"]),
            sendings=s.ListField(
                child=Sending(), help_text="what was done for the last meetings, newest first"
            ),
        )


class PackscheduleChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(PACK_SCHEDULE)


class PackscheduleNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(PACK_SCHEDULE)

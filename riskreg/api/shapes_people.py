"""The shapes of duties, absences and hand-overs, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, Who, WhoOrNobody, one_of
from riskreg.duties.sources import LISTED
from riskreg.handover.models import ItemKind
from riskreg.register.visibility import Visibility


class Duty(s.Serializer[Any]):
    kind = one_of(sorted(LISTED))
    subject = s.UUIDField(help_text="with kind, what the duty is known by")
    ref = s.CharField(help_text="of what it is about; of a control’s test: of its risk")
    title = s.CharField()
    due_on = s.DateField(help_text="a day in the register's time zone")
    overdue = s.BooleanField()
    extended_until = s.DateField(
        allow_null=True, help_text="more time for reminders; due_on stays, and late is late"
    )
    party = s.CharField()
    visibility = one_of(Visibility.values)
    owner = Person()
    deputy = Person(allow_null=True)
    part = one_of(["owner", "deputy", "stand_in"], allow_null=True)
    facts = s.CharField(allow_blank=True, help_text="how things stand, in words")
    page = s.URLField(help_text="where a person discharges it")


class Work(Duty):
    register = s.CharField(help_text="slug of the register that it is due in")
    part = one_of(["owner", "deputy", "stand_in"])


class Absence(s.Serializer[Any]):
    id = s.UUIDField()
    user = Person()
    starts_on = s.DateField()
    until_on = s.DateField(help_text="the last day away")
    stand_in = Person(allow_null=True)
    stand_in_away = s.BooleanField(help_text="on some of the same days")
    note = s.CharField(allow_null=True, help_text="null for other parties")
    end_url = s.URLField(help_text="POST there ends it early")


class AbsenceNew(s.Serializer[Any]):
    user = Who(required=False, help_text="the caller, if not given")
    starts_on = s.DateField()
    until_on = s.DateField()
    stand_in = WhoOrNobody(required=False)
    note = s.CharField(required=False, allow_blank=True, max_length=300)


class AbsenceEnded(s.Serializer[Any]):
    id = s.UUIDField()
    ended_at = s.DateTimeField()


class HandOverCounts(s.Serializer[Any]):
    owned = s.IntegerField()
    deputised = s.IntegerField()
    mitigations = s.IntegerField()
    indicators = s.IntegerField()
    controls = s.IntegerField(help_text="how many controls in place")


class HandOver(s.Serializer[Any]):
    id = s.UUIDField()
    from_ = Person()
    to = Person()
    by = Person()
    part = one_of(ItemKind.values)
    reason = s.CharField()
    at = s.DateTimeField()
    counts = HandOverCounts()

    def get_fields(self) -> dict[str, Any]:
        """``from`` is no name that a class can give."""
        return {k.rstrip("_"): field for k, field in super().get_fields().items()}


class HandOverNew(s.Serializer[Any]):
    from_ = Who()
    to = Who()
    reason = s.CharField(max_length=2000)
    part = one_of(ItemKind.values, required=False)

    def get_fields(self) -> dict[str, Any]:
        """As above."""
        return {k.rstrip("_"): field for k, field in super().get_fields().items()}

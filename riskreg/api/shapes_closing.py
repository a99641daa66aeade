"""Shapes of closing and reopening, for the schema."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Cost, Person, one_of
from riskreg.register.labels import Label
from riskreg.risks.models import MitigationStatus
from riskreg.risks.services import ClosedAs

_STATUSES = (*MitigationStatus.values, "active", "retired")


class Follower(s.Serializer[Any]):
    """A mitigation or an indicator that serves one risk and no other open one."""

    kind = one_of(("mitigation", "indicator"))
    ref = s.CharField()
    url = s.URLField()
    title = s.CharField()
    status = one_of(_STATUSES, help_text="of a mitigation, or whether an indicator is in use")
    due_on = s.DateField(help_text="when the work, or the next reading, is due")
    owner = Person()
    may_end = s.BooleanField(help_text="whether you may end it, or bring it back")


class Closing(s.Serializer[Any]):
    serve_alone = Follower(many=True)
    total = s.IntegerField(help_text="how many there are, listed here or not")


class Ended(s.Serializer[Any]):
    ended = Follower(many=True)
    total = s.IntegerField(help_text="how many there are, listed here or not")


class Close(s.Serializer[Any]):
    reason = s.CharField(max_length=4000)
    end = s.ListField(
        child=s.CharField(max_length=20),
        required=False,
        max_length=200,
        help_text="references of mitigations and indicators that end with it, as in M-001, K-001",
    )
    closed_as = one_of(ClosedAs.values, required=False, help_text="`over` where it is not said")
    happened_on = s.DateField(
        required=False, allow_null=True, help_text="needed where it happened; not a day to come"
    )
    happened_cost = Cost(
        required=False, help_text="only of what happened, in the register's currency"
    )
    happened_cost_label = one_of(
        Label.values, required=False, help_text="where the cost is known from; needed with one"
    )

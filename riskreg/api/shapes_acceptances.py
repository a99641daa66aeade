"""The shapes of acceptances, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.api.core.table_shapes import answer_fields, new_fields
from riskreg.api.shapes import Cell
from riskreg.decisions.fields import ACCEPTANCE
from riskreg.decisions.models import ObligationState
from riskreg.decisions.policy.acceptances import Act, Stale, Status

ACTS = (Act.GRANT, Act.REFUSE, Act.WITHDRAW, Act.REVOKE)


class Condition(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    text = s.CharField(help_text="what must be done")
    owner = Person(help_text="who owes it")
    due_on = s.DateField(help_text="by when")
    state = one_of(ObligationState.values, help_text="proposed: nobody has granted it yet")
    words = s.CharField(allow_blank=True, help_text="how it was met, or why it was waived")
    closed_by = Person(allow_null=True, help_text="null: it is not closed")
    closed_at = s.DateTimeField(allow_null=True, help_text="null: it is not closed")


class ConditionNew(s.Serializer[Any]):
    text = s.CharField(max_length=2000, help_text="what must be done")
    owner = s.CharField(max_length=254, help_text="a member, by id or e-mail address")
    due_on = s.DateField(help_text="by when; before the acceptance ends")


class Acceptance(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            ACCEPTANCE,
            status=one_of([e.value for e in Status], help_text="how it stands today"),
            stale=s.ListField(
                child=one_of([e.value for e in Stale]),
                help_text="what it stood on and that moved since",
            ),
            criteria_number=s.IntegerField(
                help_text="the version of the criteria it was judged by"
            ),
            estimates=s.ListField(
                child=s.UUIDField(), help_text="ids of the estimates that stood then"
            ),
            extension_of=s.CharField(allow_null=True, help_text="the ref of the one before"),
            conditions=Condition(many=True, help_text="what must be done, by whom and by when"),
            may=s.ListField(
                child=one_of([a.value for a in ACTS]),
                help_text="what the caller can do to it now",
            ),
        )


class AcceptanceNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return {
            "risk": s.CharField(max_length=20, help_text="the ref of an open threat"),
            **new_fields(ACCEPTANCE),
            "conditions": ConditionNew(
                many=True,
                required=False,
                help_text="what must be done meanwhile",
            ),
        }


class Unaccepted(s.Serializer[Any]):
    risk = s.CharField(help_text="its ref")
    title = s.CharField()
    owner = Person(help_text="who answers for it")
    residual = Cell(help_text="where it stands")
    response = s.CharField(allow_blank=True, help_text="`accept` is a wish until it is granted")
    request = s.CharField(allow_null=True, help_text="the ref of a request that waits")


class Grant(s.Serializer[Any]):
    words = s.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="of who grants"
    )
    expires_on = s.DateField(required=False, help_text="an earlier end than was asked for")
    conditions = ConditionNew(many=True, required=False, help_text="further ones")


class Words(s.Serializer[Any]):
    words = s.CharField(max_length=4000, help_text="why")


class OptionalWords(s.Serializer[Any]):
    words = s.CharField(required=False, allow_blank=True, max_length=4000, help_text="why")


class ConditionClose(s.Serializer[Any]):
    state = one_of(["met", "waived"], help_text="how it ends")
    words = s.CharField(max_length=4000, help_text="how it was met, or why it is waived")

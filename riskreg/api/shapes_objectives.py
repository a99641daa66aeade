"""The shapes of objectives, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.fields import MODEL
from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.register.fields import OBJECTIVE
from riskreg.register.policy import LABELS
from riskreg.register.visibility import Visibility


class Actual(s.Serializer[Any]):
    """Where an objective stands, by the newest reading of the indicator that measures it."""

    value = s.CharField(help_text="in the objective's unit")
    gap = s.CharField(help_text="target less value; below zero where more was reached")
    at = s.DateTimeField(help_text="when it was so")
    label = one_of(LABELS)
    indicator = s.CharField(help_text="the ref of the indicator")


class Objective(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        actual = Actual(allow_null=True, help_text="null: no indicator in use measures it")
        return answer_fields(OBJECTIVE, url=s.URLField(), name=s.CharField(), actual=actual)


class ObjectiveChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(OBJECTIVE)


class ObjectiveNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        key = s.RegexField(
            r"^[a-z0-9][a-z0-9-]{0,59}$",
            max_length=60,
            required=False,
            help_text="made from the English name where none is given; never changes",
        )
        visibility = one_of(Visibility.values, required=False)
        return new_fields(OBJECTIVE, key=key, visibility=visibility)


class Objectivemodel(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(MODEL)


class ObjectivemodelNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        follows = s.IntegerField(
            min_value=0,
            max_value=2**31 - 1,
            required=False,
            help_text="number of the newest version of that audience; 0 if not sent: none yet",
        )
        visibility = one_of(
            Visibility.values, required=False, help_text="`shared`, if not sent: everybody's"
        )
        return new_fields(MODEL, visibility=visibility, follows=follows)

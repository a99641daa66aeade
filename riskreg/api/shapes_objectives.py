"""The shapes of objectives, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.register.fields import OBJECTIVE
from riskreg.register.visibility import Visibility


class Objective(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(OBJECTIVE, url=s.URLField(), name=s.CharField())


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

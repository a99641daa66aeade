"""The shapes of relations between risks, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.table_shapes import answer_fields, new_fields
from riskreg.kernel.text import TEXT_MAX
from riskreg.risks.fields import RELATION


class Relation(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        active = s.BooleanField(help_text="whether it has not ended")
        return answer_fields(RELATION, url=s.URLField(), active=active)


class RelationNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(RELATION)


class RelationEnd(s.Serializer[Any]):
    reason = s.CharField(max_length=TEXT_MAX, help_text="why it no longer holds")

"""The shapes of a party's own appetites, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.register.own_appetite_fields import OWN_APPETITE


class Ownappetite(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            OWN_APPETITE,
            url=s.URLField(),
            reason=s.CharField(help_text="why, in the caller's language or one that there is"),
            outdated=s.BooleanField(help_text=OWN_APPETITE["outdated"].meaning),
        )


class OwnappetiteChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(OWN_APPETITE)


class OwnappetiteNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(OWN_APPETITE)

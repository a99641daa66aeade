"""The shapes of effects, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.fields import EFFECT
from riskreg.api.core.table_shapes import answer_fields, new_fields


class EffectImplied(s.Serializer[Any]):
    frequency = s.FloatField(help_text="share of how often that remains")
    severity = s.FloatField(help_text="share of what one event costs that remains")
    loss = s.FloatField(help_text="share of a year's loss that remains: the product of the two")
    cost = s.FloatField(help_text="of the whole mitigation")


class Effect(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            EFFECT, implied=EffectImplied(help_text="averages of the ranges, to three digits")
        )


class EffectNew(s.Serializer[Any]):
    risk = s.CharField(help_text="ref of an open risk that the mitigation serves")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **new_fields(EFFECT)}

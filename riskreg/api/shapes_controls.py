"""The shapes of controls, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.table_shapes import answer_fields, change_fields, new_fields
from riskreg.kernel.text import TEXT_MAX
from riskreg.risks.fields import CONTROL
from riskreg.risks.models import Effectiveness


class Control(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        active = s.BooleanField(help_text="whether it is in place")
        return answer_fields(CONTROL, url=s.URLField(), active=active)


class ControlChange(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return change_fields(CONTROL)


class ControlNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(CONTROL)


class ControlTest(s.Serializer[Any]):
    effectiveness = one_of(Effectiveness.values, help_text="what the test found")
    tested_on = s.DateField(help_text="the day of the test, not one to come")
    next_test_on = s.DateField(
        required=False,
        allow_null=True,
        help_text="when to test it again, if earlier than its days between tests say",
    )


class ControlEnd(s.Serializer[Any]):
    reason = s.CharField(max_length=TEXT_MAX, help_text="why it is no longer in place")

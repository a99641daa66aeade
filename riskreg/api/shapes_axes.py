"""The shapes of the axes of a register's matrices, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of, texts_by_language
from riskreg.register.axes import AXES, NAME_MAX


class Axis(s.Serializer[Any]):
    name = s.CharField(help_text="what the axis is called, in the caller's language")
    names = texts_by_language(NAME_MAX, least=1)


class Axes(s.Serializer[Any]):
    across = one_of(AXES, help_text="the axis whose levels are columns; the other's are rows")
    likelihood = Axis(help_text="what the axis of likelihood is called")
    impact = Axis(help_text="what the axis of impact is called")


class AxisNew(s.Serializer[Any]):
    name = s.CharField(required=False, max_length=200, help_text="passed over: names count")
    names = texts_by_language(NAME_MAX, least=1, required=False)


class AxesNew(s.Serializer[Any]):
    across = one_of(AXES, required=False, help_text="the axis whose levels are columns")
    likelihood = AxisNew(required=False, help_text="left out: called what it is everywhere")
    impact = AxisNew(required=False, help_text="left out: called what it is everywhere")

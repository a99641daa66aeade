"""The shapes of drivers, beliefs and links, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.analysis.fields import BELIEF, DRIVER, LINK
from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.table_shapes import answer_fields, new_fields
from riskreg.register.visibility import Visibility

_SEEN = "who sees it: everybody, or the caller's party"


class DriverPool(s.Serializer[Any]):
    p5 = s.FloatField(help_text="1 in 20 below")
    p50 = s.FloatField(help_text="the median, at which links multiply by 1")
    p95 = s.FloatField(help_text="1 in 20 above")


class Driver(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        pool = DriverPool(allow_null=True, help_text="all experts together; null: none yet")
        return answer_fields(DRIVER, url=s.URLField(), pool=pool)


class DriverNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        seen = one_of(Visibility.values, required=False, help_text=_SEEN)
        return new_fields(DRIVER, visibility=seen)


class DriverFeed(s.Serializer[Any]):
    indicator = s.CharField(
        max_length=20, allow_null=True, help_text="ref of an indicator in the same unit; null: none"
    )


class Belief(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(BELIEF)


class BeliefNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        seen = one_of(Visibility.values, required=False, help_text=_SEEN)
        return new_fields(BELIEF, visibility=seen)


class Driverlink(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(LINK, driver=s.CharField(help_text="ref of what moves it"))


class DriverlinkNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        driver = s.CharField(max_length=20, help_text="ref of the driver")
        return new_fields(LINK, driver=driver)

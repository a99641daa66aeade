"""The shapes of comments, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.comments.policy import MAX_MENTIONS, MAX_TEXT
from riskreg.comments.queries.targets import TARGETS


def _kind_field() -> Any:
    return one_of(tuple(TARGETS), help_text="what kind of thing")


def _mentions_field() -> Any:
    return s.ListField(
        child=s.CharField(max_length=254),
        max_length=MAX_MENTIONS,
        required=False,
        help_text="members by id or e-mail address, who are written to",
    )


class About(s.Serializer[Any]):
    type = _kind_field()
    id = s.UUIDField()
    ref = s.CharField(help_text="its ref; of a control its id")


class AboutNew(s.Serializer[Any]):
    type = _kind_field()
    ref = s.CharField(max_length=60, help_text="its ref; of a control its id")


class EarlierWording(s.Serializer[Any]):
    text = s.CharField(help_text="what it said")
    written_at = s.DateTimeField(help_text="since when it read so")


class Comment(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    url = s.URLField()
    about = About(help_text="what it is about")
    reading = s.UUIDField(allow_null=True, help_text="the reading of the indicator it is about")
    visibility = one_of(("shared", "party"), help_text="that of the thing when it was written")
    author = Person(help_text="who wrote it")
    text = s.CharField(help_text="as it reads now; also of one that is withdrawn")
    mentions = s.ListField(child=Person(), help_text="who is mentioned")
    edits = s.IntegerField(min_value=0, help_text="how often it was edited")
    created_at = s.DateTimeField()
    edited_at = s.DateTimeField(allow_null=True, help_text="when it was edited last")
    withdrawn_at = s.DateTimeField(allow_null=True, help_text="when its author took it back")
    version = s.IntegerField(min_value=1)


class CommentWhole(Comment):
    earlier = s.ListField(
        child=EarlierWording(), help_text="how it read before each edit, the newest first"
    )


class CommentNew(s.Serializer[Any]):
    about = AboutNew(help_text="what it is about")
    reading = s.UUIDField(
        allow_null=True, required=False, help_text="a reading of the indicator it is about"
    )
    text = s.CharField(max_length=MAX_TEXT, help_text="what is said")
    mentions = _mentions_field()


class CommentChange(s.Serializer[Any]):
    text = s.CharField(max_length=MAX_TEXT, required=False, help_text="what it says from now on")
    mentions = _mentions_field()

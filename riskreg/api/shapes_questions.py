"""The shapes of questions about risks, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of

WANTS = ("answer", "review")


class Question(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    wants = one_of(WANTS, help_text="a review answers what asks for one")
    text = s.CharField(help_text="what is asked")
    asked_by = Person(help_text="who asked")
    asked_at = s.DateTimeField(help_text="when")
    due_on = s.DateField(help_text="by when an answer is due")
    state = one_of(("waiting", "answered", "withdrawn"), help_text="how it stands")
    words = s.CharField(allow_blank=True, help_text="the answer; empty for a review")
    closed_by = Person(
        allow_null=True, help_text="who answered in words, or took it back; null for a review"
    )
    closed_at = s.DateTimeField(allow_null=True, help_text="when, or when it was reviewed")


class QuestionNew(s.Serializer[Any]):
    text = s.CharField(max_length=4000, help_text="what is asked")
    due_on = s.DateField(help_text="by when an answer is due; today or later")
    wants = one_of(WANTS, required=False, help_text="an answer if nothing is sent")


class QuestionWords(s.Serializer[Any]):
    words = s.CharField(max_length=4000, help_text="the answer")

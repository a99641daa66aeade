"""The shapes of a register's programme, for the schema alone."""

from typing import Any

from rest_framework import serializers as s

from riskreg.api.core.shape_fields import SourceParts, one_of, texts_by_language
from riskreg.register.policy import LABELS
from riskreg.register.programme import KINDS, MAX_MILESTONES, OVER, TEXT_LIMIT


class Milestone(s.Serializer[Any]):
    names = texts_by_language(200, least=1)
    kind = one_of(KINDS, help_text="a gate is where it is decided whether to go on")
    due_on = s.DateField(help_text="not before the start, not after the end")
    reached_on = s.DateField(allow_null=True, help_text="null: not yet")
    label = one_of(LABELS)


class Programme(s.Serializer[Any]):
    starts_on = s.DateField(allow_null=True)
    ends_on = s.DateField(allow_null=True, help_text="in force until that day")
    horizon_on = s.DateField(allow_null=True, help_text="how far ahead it looks")
    places = texts_by_language(TEXT_LIMIT, help_text="where it was agreed or runs")
    exits = texts_by_language(TEXT_LIMIT, help_text="what ends it before that day")
    likelihood_over = one_of(OVER, help_text="over which time a level of likelihood is meant")
    label = one_of(LABELS, help_text="of the dates and the place")
    source = SourceParts(  # type: ignore[assignment]
        help_text="where they can be read; empty: nowhere"
    )
    milestones = Milestone(many=True, help_text="in the order of their days")


class MilestoneNew(s.Serializer[Any]):
    names = texts_by_language(200, least=1)
    kind = one_of(KINDS, required=False)
    due_on = s.DateField(help_text="not before the start, not after the end")
    reached_on = s.DateField(required=False, allow_null=True, help_text="not a day to come")
    label = one_of(LABELS, required=False)


class ProgrammeNew(s.Serializer[Any]):
    starts_on = s.DateField(required=False, allow_null=True)
    ends_on = s.DateField(required=False, allow_null=True, help_text="not before the start")
    horizon_on = s.DateField(required=False, allow_null=True, help_text="not before the start")
    places = texts_by_language(TEXT_LIMIT, required=False, help_text="where it was agreed or runs")
    exits = texts_by_language(TEXT_LIMIT, required=False, help_text="what ends it before that day")
    likelihood_over = one_of(OVER, required=False, help_text="`horizon` needs a `horizon_on`")
    label = one_of(LABELS, required=False, help_text="`sourced` needs a `source`")
    source = SourceParts(required=False)  # type: ignore[assignment]
    milestones = s.ListField(
        child=MilestoneNew(),
        required=False,
        max_length=MAX_MILESTONES,
        help_text="all of them; those left out are taken away",
    )

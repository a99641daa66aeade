"""The shapes of imports, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of
from riskreg.exchange.mapping.answers import MAX_ANSWER, MAX_ANSWERS, MAX_LEVEL, ONLY_PRINTED
from riskreg.exchange.mapping.outcome import PARTS
from riskreg.jobs.models import JobState
from riskreg.register.visibility import Visibility


class Import(s.Serializer[Any]):
    id = s.UUIDField(help_text="never changes")
    state = one_of(JobState.values, help_text="done: it is in; before that a worker is at it")
    failure = s.CharField(allow_null=True, help_text="why a worker could not bring it in")
    file_name = s.CharField(help_text="what the file was called")
    made_by = Person(help_text="who brought it in")
    at = s.DateTimeField(help_text="when it came in")
    undone_at = s.DateTimeField(allow_null=True, help_text="null: it stands")
    rows = s.IntegerField(help_text="new, updated, skipped and refused together")
    new = s.IntegerField(help_text="risks that it made")
    updated = s.IntegerField(help_text="risks that it changed")
    skipped = s.IntegerField(help_text="nothing differs from what is there")
    refused = s.IntegerField(help_text="rows that were not taken")


def _schema_of_answers_by_word(answer: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": answer, "maxProperties": MAX_ANSWERS}


_LEVEL = {"type": ["integer", "string", "null"], "maxLength": MAX_LEVEL}
_WORD = {"type": ["string", "null"], "maxLength": MAX_ANSWER}
_ANSWERS: dict[str, Any] = {
    "columns": _schema_of_answers_by_word({"type": ["string", "null"]}),
    "scales": _schema_of_answers_by_word(_schema_of_answers_by_word(_LEVEL)),
    "values": _schema_of_answers_by_word(_schema_of_answers_by_word(_WORD)),
    "dates": _schema_of_answers_by_word({"type": "string", "enum": ["day_first", "month_first"]}),
    "people": _schema_of_answers_by_word({"type": "string"}),
    "matches": _schema_of_answers_by_word({"type": ["string", "null"]}),
    "visibility": {"type": "string", "enum": ["", *Visibility.values]},
}


@extend_schema_field(
    {
        "type": "object",
        "properties": {**_ANSWERS, **{name: {} for name in ONLY_PRINTED}},
        "additionalProperties": False,
    }
)
class Mapping(s.JSONField):
    """Answers to what is asked of a file."""

    is_object = True


class ImportNew(s.Serializer[Any]):
    file_name = s.CharField(max_length=200, help_text="what the file is called")
    content = s.CharField(help_text="the file: a text, or base64")
    encoding = one_of(["text", "base64"], required=False, help_text="text if not given")
    sheet = s.CharField(required=False, max_length=200, help_text="one of several sheets")
    mapping = Mapping(
        required=False,
        allow_null=True,
        help_text="answers: columns, scales, values, dates, people, matches, visibility, in the "
        "shape of what a preview says; null: those to the last file of this header",
    )


class CopyNew(s.Serializer[Any]):
    register = s.CharField(max_length=80, help_text="another register of the caller's, by its slug")
    visibility = one_of(
        Visibility.values, required=False,
        help_text="shared: every party here sees what every party saw there; else party: the "
        "caller's own alone",
    )  # fmt: skip


class Copied(s.Serializer[Any]):
    made = s.ListField(child=s.CharField(), help_text="the drafts, by ref")
    there = s.IntegerField(help_text="risks whose title is here already")
    left = s.IntegerField(help_text="risks beyond what is made at once: ask again for them")


class ImportQuestion(s.Serializer[Any]):
    row = s.IntegerField(allow_null=True, help_text="where it first occurs; null: the whole column")
    column = s.CharField(allow_blank=True, help_text="of the file")
    question = s.CharField(help_text="in words")
    answer = one_of(
        tuple(dict.fromkeys(PARTS.values())), help_text="the part of a mapping that answers it"
    )


class ImportRefusal(s.Serializer[Any]):
    row = s.IntegerField(help_text="its number in the file")
    column = s.CharField(allow_blank=True, help_text="of the file; empty: the row as a whole")
    why = s.CharField(help_text="in words, with the way out")


class ImportReport(s.Serializer[Any]):
    format = s.CharField(help_text="what kind of file it is")
    sheet = s.CharField(allow_blank=True, help_text="which sheet was read")
    header_row = s.IntegerField(allow_null=True, help_text="null where the format has none")
    columns = s.DictField(child=s.CharField(allow_null=True), help_text="theirs: ours")
    scales = s.DictField(child=s.DictField(), help_text="column: {their value: level}")
    rows = s.IntegerField(help_text="how many there are")
    new = s.IntegerField(help_text="risks that it makes")
    updated = s.IntegerField(help_text="risks that it changes")
    skipped = s.IntegerField(help_text="rows that change nothing")
    asked = ImportQuestion(many=True, help_text="what has to be answered first")


class ImportPlan(ImportReport):
    refused = ImportRefusal(many=True, help_text="rows that are not taken")
    notes = s.ListField(child=s.CharField(), help_text="what else is worth knowing")


class NotTaken(s.Serializer[Any]):
    row = s.IntegerField(help_text="its number in the file")
    outcome = s.CharField(help_text="refused")
    title = s.CharField(allow_blank=True, help_text="what it called the risk")
    column = s.CharField(allow_blank=True, help_text="of the file")
    why = s.CharField(allow_blank=True, help_text="in words")


class ImportInFull(Import):
    report = ImportReport(help_text="what was said of it when it came in")
    notes = s.ListField(child=s.CharField(), help_text="what else was worth knowing")
    not_taken = NotTaken(many=True, help_text="the first 500")

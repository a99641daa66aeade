"""The shapes of imports, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import Person, one_of


class Import(s.Serializer[Any]):
    id = s.UUIDField()
    file_name = s.CharField()
    made_by = Person()
    at = s.DateTimeField()
    undone_at = s.DateTimeField(allow_null=True, help_text="null: it stands")
    rows = s.IntegerField(help_text="new, updated, skipped and refused together")
    new = s.IntegerField()
    updated = s.IntegerField()
    skipped = s.IntegerField(help_text="nothing differs from what is there")
    refused = s.IntegerField()


@extend_schema_field({"type": "object"})
class Mapping(s.JSONField):
    """Answers to what is asked of a file."""

    is_object = True


class ImportNew(s.Serializer[Any]):
    file_name = s.CharField(max_length=200, help_text="what the file is called")
    content = s.CharField(help_text="the file: a text, or base64")
    encoding = one_of(["text", "base64"], required=False)
    sheet = s.CharField(required=False, max_length=200, help_text="one of several sheets")
    mapping = Mapping(
        required=False,
        allow_null=True,
        help_text="answers: columns, scales, values, dates, people, matches, visibility, in the "
        "shape of what a preview says; null: those to the last file of this header",
    )


class ImportQuestion(s.Serializer[Any]):
    row = s.IntegerField(allow_null=True)
    column = s.CharField(allow_blank=True)
    question = s.CharField()


class ImportRefusal(s.Serializer[Any]):
    row = s.IntegerField()
    column = s.CharField(allow_blank=True)
    why = s.CharField()


class ImportReport(s.Serializer[Any]):
    format = s.CharField()
    sheet = s.CharField(allow_blank=True)
    header_row = s.IntegerField(allow_null=True, help_text="null where the format has none")
    columns = s.DictField(child=s.CharField(allow_null=True), help_text="theirs: ours")
    scales = s.DictField(child=s.DictField(), help_text="column: {their value: level}")
    rows = s.IntegerField()
    new = s.IntegerField()
    updated = s.IntegerField()
    skipped = s.IntegerField()
    asked = ImportQuestion(many=True)


class ImportPlan(ImportReport):
    refused = ImportRefusal(many=True)
    notes = s.ListField(child=s.CharField())


class NotTaken(s.Serializer[Any]):
    row = s.IntegerField()
    outcome = s.CharField()
    title = s.CharField(allow_blank=True)
    column = s.CharField(allow_blank=True)
    why = s.CharField(allow_blank=True)


class ImportInFull(Import):
    report = ImportReport()
    notes = s.ListField(child=s.CharField())
    not_taken = NotTaken(many=True, help_text="the first 500")

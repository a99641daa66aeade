"""The shapes of evidence, for the schema alone."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from riskreg.api.core.shape_fields import one_of
from riskreg.api.core.table_shapes import answer_fields, new_fields
from riskreg.evidence.fields import EVIDENCE
from riskreg.evidence.targets import KINDS
from riskreg.kernel.text import TEXT_MAX


@extend_schema_field({"type": "string", "format": "binary"})
class Bytes(s.FileField):
    """A file in a form."""


class Evidence(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return answer_fields(
            EVIDENCE,
            url=s.URLField(),
            file=s.URLField(allow_null=True, help_text=EVIDENCE["file"].meaning),
            thing=one_of(KINDS, help_text=EVIDENCE["thing"].meaning),
            ref=s.CharField(help_text=EVIDENCE["ref"].meaning),
            thing_id=s.UUIDField(help_text=EVIDENCE["thing_id"].meaning),
        )


class EvidenceNew(s.Serializer[Any]):
    def get_fields(self) -> dict[str, Any]:
        return new_fields(
            EVIDENCE,
            thing=one_of(KINDS, help_text=EVIDENCE["thing"].meaning),
            ref=s.CharField(max_length=40, help_text=EVIDENCE["ref"].meaning),
            file=Bytes(help_text="the file itself, with its name"),
        )


class EvidenceWithdrawal(s.Serializer[Any]):
    reason = s.CharField(max_length=TEXT_MAX, help_text="why it is taken back")

"""The fields of evidence."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    LABEL,
    PARTY,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)

SOURCE_MAX = 500
_ADD: dict[str, Any] = {"set_by": "evidence.add"}
_SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

EVIDENCE = Table(
    noun="evidence",
    no_such_field=_("Evidence has no such field to set."),
    fields=(
        public_id("7d0c2f44-8a51-4b8e-9a0f-6f3a2b8f1c55"),
        computed("url"),
        computed(
            "file",
            meaning="where its bytes are; null once it is withdrawn",
            null=True,
            example=(
                "http://127.0.0.1:8000/api/v1/registers/foton-catl/evidence/"
                "7d0c2f44-8a51-4b8e-9a0f-6f3a2b8f1c55/file/"
            ),
        ),
        Field(
            "thing",
            Type.LINE,
            history=_("attached to"),
            hidden=True,
            meaning="the kind of thing that it hangs on",
            example="risk",
        ),
        computed(
            "ref",
            meaning="what the thing is called: its ref, or its id where it has none",
            example="R-001",
        ),
        Field(
            "thing_id",
            Type.LINE,
            history=_("attached to"),
            hidden=True,
            meaning="the thing's id",
            example="9c1d7c1e-58b2-4d7b-9d4f-0c9a6b1f4a10",
        ),
        Field(
            "name",
            Type.LINE,
            history=_("file"),
            meaning="the name it is saved under",
            example="Customs notice 2026-31.pdf",
        ),
        Field(
            "media_type",
            Type.LINE,
            history=_("type"),
            meaning="what it is, told by its bytes",
            example="application/pdf",
        ),
        Field("size", Type.WHOLE, history=_("bytes"), meaning="in bytes", example=48_213, least=1),
        Field(
            "sha256",
            Type.LINE,
            history=_("SHA-256"),
            meaning="the hash of its bytes, in hexadecimal digits",
            example=_SHA,
        ),
        replace(LABEL, example="sourced", filter=True, **_ADD),
        Field(
            "source",
            Type.LINE,
            label=_("Source"),
            help=_("Who issued it, or where it can be had."),
            history=_("source"),
            limit=SOURCE_MAX,
            meaning="who issued it, or where it can be had; may be empty",
            example="European Commission",
            **_ADD,
        ),
        PARTY,
        VISIBILITY,
        Field("added_by", Type.PERSON, history=_("added by"), meaning="who added it"),
        Field(
            "at",
            Type.MOMENT,
            history=_("added"),
            hidden=True,
            meaning="when it was added; for everybody else, when it was released",
            sort="at",
            example="2026-09-16T08:00:00Z",
        ),
        Field(
            "withdrawn_at",
            Type.MOMENT,
            history=_("withdrawn"),
            null=True,
            meaning="when it was withdrawn; null: it was not",
        ),
        Field(
            "withdrawn_by",
            Type.PERSON,
            history=_("withdrawn by"),
            null=True,
            meaning="who withdrew it",
        ),
        Field(
            "withdrawal_reason",
            Type.TEXT,
            history=_("reason"),
            meaning="why it was withdrawn; empty: it was not",
            example="",
        ),
        VERSION,
    ),
)

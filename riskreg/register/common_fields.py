"""Fields that several nouns have alike. A noun's table names them at their place, and what is
different there (``replace(PARTY, when_shared=…)``); what they are stands here alone.
"""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Type
from riskreg.register.labels import Label
from riskreg.register.visibility import Visibility


def public_id(example: str) -> Field:
    """The id of a thing, which outlives any other name of it."""
    return Field("id", Type.ID, meaning="never changes", example=example, export=False)


def computed(name: str, **more: Any) -> Field:
    """A value that is worked out whenever somebody asks, and so is no column of a table."""
    return Field(name, Type.COMPUTED, export=False, **more)


PARTY = Field(
    "party",
    Type.PARTY,
    hidden=True,
    label=_("Party"),
    history=_("party"),
    filter=True,
    example="foton",
)
VISIBILITY = Field(
    "visibility",
    Type.CHOICE,
    label=_("Who sees it"),
    history=_("visibility"),
    required=True,
    choices=Visibility,
    example="shared",
)
OWNER = Field(
    "owner",
    Type.PERSON,
    label=_("Owner"),
    history=_("owner"),
    required=True,
    filter=True,
    sort="owner__sort_key_{language}",
    example={"id": "5f0c1f0e-6f0b-4a53-9d0f-0d6d0f3d7a11", "name": "Overseas policy risk owner"},
)
LABEL = Field(
    "label",
    Type.CHOICE,
    label=_("Label"),
    history=_("label"),
    required=True,
    choices=Label,
    refusal=_("Unknown label; use one of: %(all)s."),
)
SOURCE = Field("source", Type.SOURCE, label=_("Source"), history=_("source"), example={})
EXTERNAL_ID = Field(
    "external_id",
    Type.LINE,
    label=_("External id"),
    help=_("What another system calls it. Only your party sees it."),
    history=_("external id"),
    meaning="the caller's own id for it, unique in the party; null to all other parties",
    null=True,
    limit=120,
    party_only=True,
    filter=True,
)
LABELS = Field("labels", Type.LABELS, history=_("labels"), hidden=True)
TRANSLATIONS = Field(
    "translations", Type.TRANSLATIONS, history=_("translations"), hidden=True, example={}
)
OUTDATED_TRANSLATIONS = Field(
    "outdated_translations",
    Type.OUTDATED,
    history=_("outdated translations"),
    hidden=True,
    export=False,
    example={},
)
VERSION = Field("version", Type.WHOLE, history=_("version"), hidden=True, example=1)
CREATED_AT = Field(
    "created_at", Type.MOMENT, history=_("made"), hidden=True, example="2026-01-15T02:00:00Z"
)
UPDATED_AT = replace(
    CREATED_AT, name="updated_at", history=_("changed"), example="2026-09-16T08:00:00Z"
)
SET_BY = Field(
    "set_by",
    Type.PERSON,
    history=_("set by"),
    meaning="who set or changed it last",
    example={"id": "2b0c1f0e-6f0b-4a53-9d0f-0d6d0f3d7a12", "name": "Foton risk manager"},
)
SET_AT = Field(
    "set_at",
    Type.MOMENT,
    history=_("set at"),
    meaning="when that was",
    example="2026-09-16T08:00:00Z",
)

"""The fields of a control."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.labels import Label
from riskreg.register.visibility import Visibility
from riskreg.risks.models import ControlKind

_EDIT: dict[str, Any] = {"set_by": "control.edit"}

CONTROL = Table(
    noun="control",
    no_such_field=_("A control has no such field to set."),
    fields=(
        Field(
            "id",
            Type.ID,
            meaning="never changes",
            example="a4c5d2f0-71f3-4d6e-8f0b-2f7c6b1e9d33",
            export=False,
        ),
        Field("risk", Type.RISK, label=_("Risk"), history=_("risk"), example="R-001"),
        Field(
            "name",
            Type.LINE,
            label=_("Name"),
            history=_("name"),
            required=True,
            must_send=True,
            limit=300,
            translated=True,
            example="Two suppliers in two regions",
            **_EDIT,
        ),
        Field(
            "kind",
            Type.CHOICE,
            label=_("Kind"),
            history=_("kind"),
            required=True,
            must_send=True,
            choices=ControlKind,
            filter=True,
            example="preventive",
            refusal=_("A control is preventive or corrective."),
            **_EDIT,
        ),
        Field(
            "label",
            Type.CHOICE,
            label=_("Label"),
            history=_("label"),
            required=True,
            choices=Label,
            refusal=_("Unknown label; use one of: %(all)s."),
            example="judgement",
            **_EDIT,
        ),
        Field("source", Type.SOURCE, label=_("Source"), history=_("source"), example={}, **_EDIT),
        Field(
            "party",
            Type.PARTY,
            hidden=True,
            label=_("Party"),
            history=_("party"),
            filter=True,
            example="foton",
        ),
        Field(
            "visibility",
            Type.CHOICE,
            label=_("Who sees it"),
            history=_("visibility"),
            required=True,
            choices=Visibility,
            example="shared",
        ),
        Field(
            "translations",
            Type.TRANSLATIONS,
            history=_("translations"),
            hidden=True,
            example={},
            **_EDIT,
        ),
        Field(
            "created_at",
            Type.MOMENT,
            history=_("made"),
            hidden=True,
            example="2026-01-15T02:00:00Z",
        ),
        Field("ended_at", Type.MOMENT, history=_("ended"), null=True),
    ),
)

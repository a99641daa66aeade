"""The fields of an acceptance."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.decisions.models import AcceptanceState
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    OWNER,
    PARTY,
    TRANSLATIONS,
    UPDATED_AT,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)

_ASK: dict[str, Any] = {"set_by": "acceptance.request"}
_NEEDED: dict[str, Any] = {"required": True, "must_send": True, **_ASK}
_PERSON = replace(OWNER, filter=False, sort="", required=False, null=True)

ACCEPTANCE = Table(
    noun="acceptance",
    no_such_field=_("An acceptance has no such field to set."),
    fields=(
        public_id("8b8f0c53-6a0c-4c62-9f4c-6f0b7f1f2a15"),
        Field("ref", Type.LINE, history=_("ref"), example="A-001"),
        Field("risk", Type.RISK, history=_("risk"), example="R-003"),
        Field(
            "state",
            Type.CHOICE,
            history=_("state"),
            choices=AcceptanceState,
            filter=True,
            meaning="what was last done with it",
            example="granted",
        ),
        computed("status", meaning="how it stands today", example="in_force"),
        computed("stale", meaning="what it stood on and that moved since", example=[]),
        Field(
            "likelihood",
            Type.WHOLE,
            history=_("likelihood"),
            example=4,
            meaning="where the risk stood (residual) when it was asked for",
        ),
        Field(
            "impact",
            Type.WHOLE,
            history=_("impact"),
            example=5,
            meaning="where the risk stood (residual) when it was asked for",
        ),
        Field(
            "score",
            Type.WHOLE,
            history=_("score"),
            example=20,
            meaning="where the risk stood (residual) when it was asked for",
        ),
        Field(
            "rating",
            Type.LINE,
            history=_("rating"),
            example="critical",
            meaning="where the risk stood (residual) when it was asked for",
        ),
        computed(
            "criteria_number",
            meaning="the version of the criteria that it was judged by",
            example=1,
        ),
        Field(
            "estimates",
            Type.COMPUTED,
            history=_("estimates"),
            example=[],
            export=False,
            meaning="ids of the estimates that stood then",
        ),
        Field(
            "reason",
            Type.TEXT,
            label=_("Why live with it"),
            help=_("What was weighed, and why more is not done about it now."),
            history=_("reason"),
            meaning="why to live with it",
            translated=True,
            limit=8000,
            lines=4,
            example="The tariff is decided in spring; until then nothing more pays (illustrative)",
            **_NEEDED,
        ),
        replace(TRANSLATIONS, **_ASK),
        Field(
            "expires_on",
            Type.DAY,
            label=pgettext_lazy("acceptance", "Until"),
            history=_("until"),
            meaning="the last day on which it holds",
            example="2027-02-01",
            **_NEEDED,
        ),
        replace(
            OWNER,
            name="acceptor",
            label=_("Who is asked"),
            help=_("Whoever else has the authority can answer as well."),
            history=_("who is asked"),
            meaning="who is asked; whoever else has the authority can answer as well",
            filter=False,
            sort="",
            **{**_NEEDED, "required": False},
        ),
        Field(
            "answer_by",
            Type.DAY,
            label=_("Answer by"),
            help=_("Empty: within two weeks."),
            history=_("answer by"),
            meaning="a duty of who is asked; within two weeks if nothing is sent",
            example="2026-12-10",
            **_ASK,
        ),
        replace(
            _PERSON, name="requested_by", null=False, history=_("asked by"), meaning="who asked"
        ),
        Field("at", Type.MOMENT, history=_("asked at"), example="2026-11-20T08:00:00Z"),
        Field(
            "extension_of",
            Type.COMPUTED,
            history=_("extends"),
            null=True,
            example=None,
            export=False,
            meaning="the ref of the one before; null: the first",
        ),
        Field(
            "starts_on",
            Type.DAY,
            history=_("from"),
            null=True,
            example="2026-11-21",
            meaning="null: not granted",
        ),
        Field(
            "first_granted_on",
            Type.DAY,
            history=_("accepted since"),
            null=True,
            example="2026-11-21",
            meaning="since when the risk is accepted without a break",
        ),
        replace(
            _PERSON,
            name="granted_by",
            history=_("granted by"),
            meaning="who granted it; null: nobody has",
        ),
        Field(
            "granted_at",
            Type.MOMENT,
            history=_("granted at"),
            null=True,
            example="2026-11-21T02:00:00Z",
            meaning="null: not granted",
        ),
        Field(
            "grant_words",
            Type.TEXT,
            history=_("words of who granted it"),
            example="",
            meaning="what who granted it said",
        ),
        replace(
            _PERSON,
            name="closed_by",
            history=_("ended by"),
            example=None,
            meaning="who refused, took back, revoked or replaced it; null: nobody has",
        ),
        Field(
            "closed_at",
            Type.MOMENT,
            history=_("ended at"),
            null=True,
            example=None,
            meaning="null: nobody has",
        ),
        Field(
            "words",
            Type.TEXT,
            history=_("words"),
            example="",
            meaning="why it was refused, taken back or revoked",
        ),
        computed(
            "conditions",
            history=_("conditions"),
            meaning="what must be done, by whom and by when",
            example=[],
        ),
        computed("may", meaning="what the caller can do to it now", example=["revoke"]),
        PARTY,
        VISIBILITY,
        VERSION,
        replace(UPDATED_AT, when_shared=None),
    ),
)
"""See ``kernel.fields``. What is not set is what was known then, or became of it."""

"""The fields of a schedule of board packs."""

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from riskreg.exchange.pack_choices import PackLanguage
from riskreg.exchange.schedule_models import Repeats, ScheduledFormat
from riskreg.kernel.fields import Field, Table, Type
from riskreg.register.common_fields import (
    PARTY,
    SET_AT,
    SET_BY,
    VERSION,
    VISIBILITY,
    computed,
    public_id,
)
from riskreg.register.visibility import Visibility

MOST_RECIPIENTS = 50
MOST_DAYS_BEFORE = 60
MOST_MONTHS = 24
_EDIT: dict[str, Any] = {"set_by": "pack.make"}

PACK_SCHEDULE = Table(
    noun="packschedule",
    no_such_field=_("A schedule of board packs has no such field to set."),
    other_party=_("Only its own party sets what is its own."),
    fields=(
        public_id("c2a4f1d6-5b0e-4a39-9f3e-7d1b8e6a2f40"),
        computed("url"),
        Field(
            "title",
            Type.LINE,
            label=_("Meeting"),
            history=_("meeting"),
            meaning="what the meeting is called",
            required=True,
            must_send=True,
            limit=200,
            example="Steering committee",
            **_EDIT,
        ),
        Field(
            "first_on",
            Type.DAY,
            label=_("Day of the meeting"),
            history=_("first meeting"),
            meaning="the day of the meeting, or of the first one; today or later when it is set",
            required=True,
            must_send=True,
            example="2026-10-13",
            **_EDIT,
        ),
        Field(
            "every_months",
            Type.WHOLE,
            label=_("Again every so many months"),
            help=_("Empty: this meeting alone."),
            history=_("again after months"),
            meaning="months between two meetings; null: there is one alone",
            null=True,
            least=1,
            most=MOST_MONTHS,
            example=3,
            **_EDIT,
        ),
        Field(
            "repeats",
            Type.CHOICE,
            label=_("Further meetings are"),
            history=_("further meetings"),
            meaning="where in its month a further meeting is",
            required=True,
            choices=Repeats,
            example="weekday",
            **_EDIT,
        ),
        Field(
            "days_before",
            Type.WHOLE,
            label=_("Days before it"),
            help=_("When the pack is made and sent."),
            history=_("days before the meeting"),
            meaning="how many days before a meeting its pack is made; 7 if not given",
            required=True,
            most=MOST_DAYS_BEFORE,
            example=7,
            **_EDIT,
        ),
        Field(
            "audience",
            Type.CHOICE,
            label=_("Holds"),
            history=_("what it holds"),
            meaning="shared: what every party sees; party: what is the party's own as well",
            required=True,
            choices=Visibility,
            example="shared",
            **_EDIT,
        ),
        Field(
            "language",
            Type.CHOICE,
            label=_("Language"),
            history=_("language"),
            required=True,
            choices=PackLanguage,
            example="both",
            **_EDIT,
        ),
        Field(
            "format",
            Type.CHOICE,
            label=_("File"),
            history=_("file"),
            meaning="what is made; both: one file of each",
            required=True,
            choices=ScheduledFormat,
            example="pdf",
            **_EDIT,
        ),
        Field(
            "recipients",
            Type.PEOPLE,
            label=_("Who is written to"),
            help=_("Managers and leaders of your party, who see board packs."),
            history=_("recipients"),
            meaning="members of the party who may see board packs, by public id or e-mail address",
            required=True,
            must_send=True,
            limit=MOST_RECIPIENTS,
            example=[{"id": "2b0c1f0e-6f0b-4a53-9d0f-0d6d0f3d7a12", "name": "Foton risk manager"}],
            **_EDIT,
        ),
        computed(
            "counts_from",
            history=_("holds since"),
            meaning="the day on which the meetings were last said; earlier ones are not waited for",
            example="2026-09-16",
        ),
        computed(
            "next_on",
            history=_("next meeting"),
            meaning="the next meeting that nothing was done for yet; null: there is none",
            example="2026-10-13",
        ),
        computed(
            "make_on",
            history=_("made on"),
            meaning="the day on which the pack for it is made",
            example="2026-10-06",
        ),
        replace(PARTY, filter=False),
        replace(VISIBILITY, example="party"),
        replace(SET_BY, meaning="who set or changed it last, in whose name its packs are made"),
        SET_AT,
        computed("sendings", example=[]),
        VERSION,
    ),
)

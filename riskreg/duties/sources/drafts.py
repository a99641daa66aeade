"""Drafts: a risk that somebody began to write is opened or closed, or it is forgotten."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.duties.sources.reviews import all_risks_with_duty_fields, with_rating_of_now
from riskreg.risks.models import Risk, State
from riskreg.risks.policy import DRAFT_DAYS


def _duty_to_finish_while_draft(risk: Risk) -> Duty:
    due_on = risk.draft_due_on if risk.state == State.DRAFT else None
    return Duty.from_row(risk, "risk.draft", due_on, subject_type="risk", page="risk")


def _untouched_since_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    values = {}
    for duty in duties:
        if duty.thing.draft_due_on is not None:
            since = duty.thing.draft_due_on - dt.timedelta(days=DRAFT_DAYS)
            # Translators: the form of a whole date, in Django's date format letters.
            day = date_format(since, pgettext("date form", "j F Y"))
            values[duty.subject] = _("the draft has stood unchanged since %(day)s") % {"day": day}
    return values


# The rows of reviews, so that both cost one query.
DRAFT = Source(
    kind="risk.draft",
    due_field="draft_due_on",
    open=Q(state=State.DRAFT, draft_due_on__isnull=False),
    rows=all_risks_with_duty_fields,
    duty=_duty_to_finish_while_draft,
    facts=_untouched_since_texts,
    people=("owner", "deputy"),
    with_extras=with_rating_of_now,
    bare=Risk.objects.all,
)

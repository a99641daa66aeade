"""Tests of controls that are due."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.duties.base import Duty, Source, TextByDutySubject
from riskreg.risks.models import Control
from riskreg.risks.queries.priority import priority_of_worst_open_risk
from riskreg.risks.queries.serving import with_dormant_mark


def _all_bare_controls() -> QuerySet[Control]:
    return with_dormant_mark(Control.objects.all())


def _all_controls_with_duty_fields() -> QuerySet[Control]:
    rows = _all_bare_controls().select_related("party", "risk")
    return rows.annotate(priority=priority_of_worst_open_risk("controls"))


def _duty_to_test_while_in_force(control: Control) -> Duty:
    """Its owner answers for it, and the owner of the risk that it was noted on as their deputy, or
    alone where it has no owner. It is known by that risk's ref, having none of its own."""
    in_force = control.ended_at is None and not control.dormant  # type: ignore[attr-defined]
    risk = control.risk
    owner = control.owner_id or risk.owner_id
    return Duty.from_row(
        control, "control.test", control.next_test_on if in_force else None,
        subject_type="control", page="control_test", ref=risk.ref,
        owner_id=owner, deputy_id=None if risk.owner_id == owner else risk.owner_id,
    )  # fmt: skip


def _last_test_texts(duties: Sequence[Duty]) -> TextByDutySubject:
    return {duty.subject: _last_test_text(duty.thing) for duty in duties}


def _last_test_text(control: Control) -> str:
    if control.tested_on is None:
        return _("the control was never tested")
    # Translators: the form of a whole date, in Django's date format letters.
    day = date_format(control.tested_on, pgettext("date form", "j F Y"))
    if not control.effectiveness:
        return _("the control was last tested on %(day)s") % {"day": day}
    return _("the control was last tested on %(day)s: %(found)s") % {
        "day": day,
        "found": control.get_effectiveness_display(),
    }


CONTROL_TEST = Source(
    kind="control.test",
    due_field="next_test_on",
    open=Q(ended_at=None, dormant=False),
    rows=_all_controls_with_duty_fields,
    bare=_all_bare_controls,
    duty=_duty_to_test_while_in_force,
    facts=_last_test_texts,
    people=("owner", "risk__owner"),
)

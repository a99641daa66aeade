"""What duties are called, what discharges them, and who is away, in the reader's language."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from riskreg.duties.sources import Duty
from riskreg.kernel.punctuation import colon
from riskreg.register.models import Absence

_KINDS = {
    "risk.review": gettext_lazy("Review"),
    "risk.draft": gettext_lazy("Draft to open or close"),
    "risk.breach": gettext_lazy("Review called for by an indicator"),
    "mitigation.due": gettext_lazy("Mitigation due"),
    "mitigation.update": gettext_lazy("Progress update"),
    "indicator.reading": gettext_lazy("Indicator reading"),
    "control.test": gettext_lazy("Control test"),
    "belief.look": gettext_lazy("Look at what is believed"),
    "change.answer": gettext_lazy("Change of the common rules"),
    "acceptance.answer": gettext_lazy("Acceptance to answer"),
    "acceptance.expiry": gettext_lazy("Acceptance ends"),
    "acceptance.condition": gettext_lazy("Condition of an acceptance"),
    "risk.question": gettext_lazy("Question about a risk"),
    "risk.review_asked": gettext_lazy("Review that somebody asks for"),
    "decision.answer": gettext_lazy("Question to decide"),
    "decision.condition": gettext_lazy("Condition of a decision"),
    "decision.review": gettext_lazy("Decision to look at again"),
}


def kind_label(kind: str) -> str:
    """What is to be done, short."""
    return str(_KINDS[kind]) if kind in _KINDS else _("Duty")


_DISCHARGES = {
    "risk.review": gettext_lazy("discharged by recording a review"),
    "risk.draft": gettext_lazy("discharged by opening or closing it"),
    "risk.breach": gettext_lazy("discharged by recording a review"),
    "mitigation.due": gettext_lazy("discharged by completing or cancelling the work"),
    "mitigation.update": gettext_lazy("discharged by saying how far the work is"),
    "indicator.reading": gettext_lazy("discharged by adding a reading"),
    "control.test": gettext_lazy("discharged by recording a test"),
    "belief.look": gettext_lazy("discharged by saying anew what one believes"),
    "change.answer": gettext_lazy("discharged by saying yes or no"),
    "acceptance.answer": gettext_lazy("discharged by saying yes or no"),
    "acceptance.expiry": gettext_lazy("discharged by a new acceptance, or by ending this one"),
    "acceptance.condition": gettext_lazy("discharged by saying how it is met"),
    "risk.question": gettext_lazy("discharged by answering it"),
    "risk.review_asked": gettext_lazy("discharged by recording a review"),
    "decision.answer": gettext_lazy("discharged by deciding it"),
    "decision.condition": gettext_lazy("discharged by saying how it is met"),
    "decision.review": gettext_lazy("discharged by saying what became of it"),
}


def discharge_text(kind: str) -> str:
    """What makes it go away."""
    return str(_DISCHARGES[kind]) if kind in _DISCHARGES else ""


_ACTIONS = {
    "risk.review": gettext_lazy("Review"),
    "risk.draft": gettext_lazy("Open or close it"),
    "risk.breach": gettext_lazy("Review"),
    "mitigation.due": gettext_lazy("Update"),
    "mitigation.update": gettext_lazy("Update"),
    "indicator.reading": gettext_lazy("Add reading"),
    "control.test": gettext_lazy("Record a test"),
    "belief.look": gettext_lazy("Look at it"),
    "change.answer": gettext_lazy("Answer"),
    "acceptance.answer": gettext_lazy("Answer"),
    "acceptance.expiry": gettext_lazy("See to it"),
    "acceptance.condition": gettext_lazy("Say how it is met"),
    "risk.question": gettext_lazy("Answer"),
    "risk.review_asked": gettext_lazy("Review"),
    "decision.answer": gettext_lazy("Decide"),
    "decision.condition": gettext_lazy("Say how it is met"),
    "decision.review": gettext_lazy("Look at it again"),
}


def action_label(kind: str) -> str:
    """What the button says."""
    return str(_ACTIONS[kind]) if kind in _ACTIONS else _("See")


def headline(duty: Duty) -> str:
    """The duty in one line."""
    return f"{kind_label(duty.kind)}{colon()}{duty.ref} {duty.subject_title}"


def away_text(row: Absence | None) -> str:
    """Until when somebody is away, and who stands in; empty for who is not."""
    if row is None:
        return ""
    day = date_format(row.until_on, "DATE_FORMAT")
    if row.stand_in is None:
        return _("away until %(day)s") % {"day": day}
    return _("away until %(day)s, %(name)s stands in") % {"day": day, "name": row.stand_in}

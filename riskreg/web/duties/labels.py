"""What duties are called, what discharges them, and who is away, in the reader's language."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from riskreg.duties.sources import Duty
from riskreg.kernel.punctuation import colon
from riskreg.register.models import Absence


def kind_label(kind: str) -> str:
    """What is to be done, short."""
    return {
        "risk.review": _("Review"),
        "risk.draft": _("Draft to open or close"),
        "risk.breach": _("Review called for by an indicator"),
        "mitigation.due": _("Mitigation due"),
        "mitigation.update": _("Progress update"),
        "indicator.reading": _("Indicator reading"),
        "control.test": _("Control test"),
        "belief.look": _("Look at what is believed"),
        "change.answer": _("Change of the common rules"),
        "acceptance.answer": _("Acceptance to answer"),
        "acceptance.expiry": _("Acceptance ends"),
        "acceptance.condition": _("Condition of an acceptance"),
        "risk.question": _("Question about a risk"),
        "risk.review_asked": _("Review that somebody asks for"),
        "decision.answer": _("Question to decide"),
        "decision.condition": _("Condition of a decision"),
        "decision.review": _("Decision to look at again"),
    }.get(kind, _("Duty"))


def discharge_text(kind: str) -> str:
    """What makes it go away."""
    return {
        "risk.review": _("discharged by recording a review"),
        "risk.draft": _("discharged by opening or closing it"),
        "risk.breach": _("discharged by recording a review"),
        "mitigation.due": _("discharged by completing or cancelling the work"),
        "mitigation.update": _("discharged by saying how far the work is"),
        "indicator.reading": _("discharged by adding a reading"),
        "control.test": _("discharged by recording a test"),
        "belief.look": _("discharged by saying anew what one believes"),
        "change.answer": _("discharged by saying yes or no"),
        "acceptance.answer": _("discharged by saying yes or no"),
        "acceptance.expiry": _("discharged by a new acceptance, or by ending this one"),
        "acceptance.condition": _("discharged by saying how it is met"),
        "risk.question": _("discharged by answering it"),
        "risk.review_asked": _("discharged by recording a review"),
        "decision.answer": _("discharged by deciding it"),
        "decision.condition": _("discharged by saying how it is met"),
        "decision.review": _("discharged by saying what became of it"),
    }.get(kind, "")


def action_label(kind: str) -> str:
    """What the button says."""
    return {
        "risk.review": _("Review"),
        "risk.draft": _("Open or close it"),
        "risk.breach": _("Review"),
        "mitigation.due": _("Update"),
        "mitigation.update": _("Update"),
        "indicator.reading": _("Add reading"),
        "control.test": _("Record a test"),
        "belief.look": _("Look at it"),
        "change.answer": _("Answer"),
        "acceptance.answer": _("Answer"),
        "acceptance.expiry": _("See to it"),
        "acceptance.condition": _("Say how it is met"),
        "risk.question": _("Answer"),
        "risk.review_asked": _("Review"),
        "decision.answer": _("Decide"),
        "decision.condition": _("Say how it is met"),
        "decision.review": _("Look at it again"),
    }.get(kind, _("See"))


def headline(duty: Duty) -> str:
    """The duty in one line."""
    return f"{kind_label(duty.kind)}{colon()}{duty.ref} {duty.title}"


def away_text(row: Absence | None) -> str:
    """Until when somebody is away, and who stands in; empty for who is not."""
    if row is None:
        return ""
    day = date_format(row.until_on, "DATE_FORMAT")
    if row.stand_in is None:
        return _("away until %(day)s") % {"day": day}
    return _("away until %(day)s, %(name)s stands in") % {"day": day, "name": row.stand_in}

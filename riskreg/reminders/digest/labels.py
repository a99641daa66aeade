"""How a digest says things, in the active language."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from riskreg.reminders import policy


def due_text(days: int, until: dt.date | None = None) -> str:
    """How far off a due date is: "due in 3 days"; ``until``: a late one was extended."""
    if days < 0 and until is not None:
        return _("%(n)s, extended until %(day)s") % {"n": due_text(days), "day": day_text(until)}
    if days == 0:
        return _("due today")
    if days == 1:
        return _("due tomorrow")
    if days > 0:
        return ngettext("due in %(n)d day", "due in %(n)d days", days) % {"n": days}
    return ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}


def day_text(day: dt.date) -> str:
    """A whole date: "27 November 2026"."""
    # Translators: the form of a whole date, in Django's date format letters.
    return date_format(day, pgettext("date form", "j F Y"))


def why_notified_text(part: str) -> str:
    """Why the reader is told; empty for the owner, whose matter it plainly is."""
    return {
        policy.AS_DEPUTY: _("you are its deputy"),
        policy.AS_MANAGER: _("you manage risks for its party"),
        policy.AS_LEADER: _("you lead its party"),
        policy.AS_NAMED: _("the reminder ladder names you"),
        policy.STANDING_IN: _("nobody who answers for it is here any more: name a new owner"),
    }.get(part, "")


def action_label(page: str) -> str:
    """What one does on the page where a duty is discharged."""
    return {
        "review": _("Review"),
        "risk": _("See the draft"),
        "indicator_readings": _("Add reading"),
        "mitigation": _("Update"),
        "control_test": _("Record a test"),
        "driver": _("Look at it"),
        "change_request": _("Answer"),
        "acceptance": _("See the acceptance"),
        "decision": _("See the decision"),
    }.get(page, _("Open it"))


def count_texts(counts: dict[str, int]) -> list[str]:
    """How much there is of each: late, today, coming; what there is none of is left out."""
    sentences = []
    if counts["late"]:
        sentences.append(ngettext("%(n)d overdue", "%(n)d overdue", counts["late"]))
    if counts["today"]:
        sentences.append(ngettext("%(n)d due today", "%(n)d due today", counts["today"]))
    if counts["coming"]:
        sentences.append(ngettext("%(n)d coming up", "%(n)d coming up", counts["coming"]))
    numbers = [n for n in counts.values() if n]
    return [text % {"n": n} for text, n in zip(sentences, numbers, strict=True)]

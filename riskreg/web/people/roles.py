"""Roles explained by what they may do: the permissions table in the reader's words."""

from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from riskreg.register.models import Role
from riskreg.register.permissions import PERMISSIONS, Reach


def action_labels() -> dict[str, str]:
    """Each action of the table, in words."""
    return {
        "register.view": _("See the register"),
        "register.archive": _("Archive the register, and restore it"),
        "register.configure": _("Change scale, classifications and settings"),
        "member.manage": _("Invite people, change roles, end memberships"),
        "ladder.edit": _("Change who is reminded when"),
        "change.answer": _("Say yes or no for one's party to a change of the common rules"),
        "risk.view": _("See risks"),
        "risk.create": _("Write a risk"),
        "risk.edit": _("Edit a risk"),
        "risk.open": _("Put a risk into force"),
        "risk.close": _("Close a risk"),
        "risk.reopen": _("Open a closed risk again"),
        "risk.transfer": _("Give a risk another owner"),
        "risk.ask": _("Ask who answers for a risk"),
        "comment.write": _("Comment on what one sees"),
        "evidence.add": _("Attach files as evidence"),
        "evidence.withdraw": _("Withdraw evidence"),
        "evidence.release": _("Let the other parties see a file"),
        "risk.share": _("Share a risk of one's own party"),
        "risk.assess": _("Score a risk"),
        "risk.review": _("Review a risk"),
        "risk.extend": _("Grant more time for a review"),
        "meeting.hold": _("Hold a review meeting"),
        "meeting.record": _("Record what a meeting says of a risk"),
        "coverage.view": _("See review coverage"),
        "control.edit": _("Add and change controls"),
        "objective.edit": _("Add and change objectives"),
        "own_appetite.edit": _("Say up to which rating their party itself is content"),
        "mitigation.create": _("Plan a mitigation"),
        "mitigation.edit": _("Edit a mitigation"),
        "indicator.create": _("Define an indicator"),
        "indicator.edit": _("Edit an indicator"),
        "indicator.reading": _("Enter readings"),
        "acceptance.request": _("Ask for a risk to be accepted"),
        "acceptance.decide": _("Accept a risk, refuse to, or revoke it"),
        "acceptance.close_condition": _("Say that a condition is met"),
        "decision.ask": _("Put a question to be decided"),
        "decision.edit": _("Change the draft of a decision, and put it forward"),
        "decision.argue": _("Argue for or against an option"),
        "decision.release": _("Let the other parties read an argument"),
        "decision.decide": _("Decide, where one is named and has the authority"),
        "decision.revisit": _("Say what became of a decision that was taken"),
        "decision.close_condition": _("Say that a condition of a decision is met"),
        "estimate.record": _("Give an estimate of a risk, or of what a mitigation does to it"),
        "driver.edit": _("Name drivers, say what one believes of them, link them"),
        "belief.end": _("Withdraw what is believed of a driver"),
        "estimate.release": _("Release an estimate to the other parties, of either kind"),
        "simulation.run": _("Run a simulation"),
        "simulation.cancel": _("Stop a simulation"),
        "absence.record": _("Record an absence"),
        "handover.make": _("Hand over what somebody answers for"),
        "import.make": _("Bring a spreadsheet in"),
        "pack.make": _("Make board packs, and read those of the party"),
        "party.export": _("Take everything along that the party may see"),
        "delivery.view": _("See what was sent to whom"),
        "endpoint.edit": _("Set up chats and webhooks"),
        "event.view": _("Read the history"),
    }


def reach_labels() -> dict[Reach, str]:
    """How far a right goes, in a word."""
    return {
        Reach.NONE: "–",
        Reach.OWN: _("own"),
        Reach.PARTY: _("party"),
        Reach.ANY: _("all"),
    }


def role_table() -> dict[str, Any]:
    """The table: ``roles`` as heads, ``rows`` of an action and how far each role's right goes."""
    labels, words = action_labels(), reach_labels()
    return {
        "roles": [str(capfirst(role.label)) for role in Role],
        "rows": [
            {
                "label": labels.get(action, action),
                "cells": [words[row[role.value]] for role in Role],
            }
            for action, row in PERMISSIONS.items()
        ],
    }

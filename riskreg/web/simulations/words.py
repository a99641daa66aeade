"""Where a run is and what moved since, in words."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


def state_text(state: str) -> str:
    """Where a run is, in words."""
    words = {
        "queued": _("waits for a worker"),
        "running": _("going on"),
        "done": _("done"),
        "cancelled": _("cancelled"),
        "failed": _("failed"),
    }
    return words[state]


def changed_input_text(moved: Mapping[str, str]) -> str:
    """What became of one input of a run."""
    words = {
        "new": _("%(ref)s has estimates now"),
        "changed": _("%(ref)s has other estimates now"),
        "gone": _("%(ref)s is not simulated any more"),
        "driver": _("of %(ref)s something else is believed now"),
        "mitigation": _("of what %(ref)s does and costs something else is said now"),
        "objective": _("the objective %(ref)s is modelled otherwise now"),
        "option": _("option %(ref)s has other mitigations or costs now"),
        "engine": _("the mathematics has a new version"),
    }
    return words[moved["what"]] % {"ref": moved["ref"] or _("A risk")}

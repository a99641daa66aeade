"""The two axes of a register's matrices: what each is called, and which of them lies across."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import clean_names, localised

AXES = ("likelihood", "impact")
# Long enough for a name, short enough for the corner of a matrix on a phone.
NAME_MAX = 40


@dataclass(frozen=True)
class Axes:
    """``across``: the axis whose levels are columns; ``names``: own names, {axis: {language: …}},
    without an axis that is called what it is everywhere."""

    across: str = "impact"
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def down(self) -> str:
        """The axis whose levels are rows, the highest on top."""
        return "likelihood" if self.across == "impact" else "impact"

    def name(self, axis: str) -> str:
        """What ``axis`` is called, in the reader's language."""
        plain = _("Likelihood") if axis == "likelihood" else _("Impact")
        return localised(self.names.get(axis), plain)

    def as_json(self) -> dict[str, Any]:
        """As it is kept, and as events tell it."""
        return {"across": self.across, "names": {a: dict(n) for a, n in self.names.items()}}


def axes_of(register: Any) -> Axes:
    """The axes of a register."""
    return Axes(register.axis_across, register.axis_names)


def clean_axes(errors: Errors, across: Any, names: Any) -> Axes:
    """What was given, checked; an axis with no name of its own is left out. Notes what is wrong:
    both called the same in one language, an axis that is none."""
    if across not in AXES:
        text = _("Across lies one of the two axes: %(all)s.") % {"all": ", ".join(AXES)}
        errors.add("across", "unknown", text)
        across = "impact"
    if not isinstance(names, Mapping) or set(names) - set(AXES):
        text = _("Names are given by axis: %(all)s.") % {"all": ", ".join(AXES)}
        errors.add("names", "unknown", text)
        names = {}
    kept = {
        axis: clean_names(errors, f"{axis}.names", names[axis], NAME_MAX)
        for axis in AXES
        if names.get(axis)
    }
    axes = Axes(across, kept)
    first, second = (kept.get(axis, {}) for axis in AXES)
    if any(second.get(language, "").casefold() == n.casefold() for language, n in first.items()):
        text = _("Both axes have the same name; nobody could tell them apart.")
        errors.add("impact.names", "repeated", text)
    return axes

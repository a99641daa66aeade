"""Rules of risks that need no database: life cycle, responses, review dates. Pure functions."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Errors
from riskreg.register.policy import Cell, Matrix

RESPONSES: dict[str, tuple[str, ...]] = {
    "threat": ("avoid", "mitigate", "transfer", "accept"),
    "opportunity": ("exploit", "enhance", "share", "accept"),
}

# action: (states it may start from, state it leads to)
TRANSITIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "open": (("draft",), "open"),
    "close": (("draft", "open"), "closed"),
    "reopen": (("closed",), "open"),
}


MARKS = ("residual_worse_than_inherent", "target_worse_than_residual")

# Work in progress that nobody has said a word about for this long is asked after. It is the
# shortest review cadence of the default criteria: no review reads of progress older than that.
UPDATE_DAYS = 30
# A draft that nobody has touched for this long is asked after: as long as the shortest cadence.
DRAFT_DAYS = 30
# More than a private risk is ever changed.
VERSIONS = 1_000_000
# In ``priority``: above every score there can be (``register.policy``: at most 10,000).
THREAT, UNRATED_THREAT = 100_000, 50_000


def next_update_due_if_in_progress(status: str, updated_on: dt.date) -> dt.date | None:
    """By when the next word about work of ``status`` is due; the last came on ``updated_on``."""
    return updated_on + dt.timedelta(days=UPDATE_DAYS) if status == "in_progress" else None


def finish_due_if_draft(state: str, changed_on: dt.date) -> dt.date | None:
    """By when a draft that was last changed on ``changed_on`` is to be opened or closed."""
    return changed_on + dt.timedelta(days=DRAFT_DAYS) if state == "draft" else None


def priority(kind: str, residual_score: int | None) -> int:
    """How much is at stake, as a number to sort by: what a cut list must not leave out.

    Threats come before opportunities, higher scores before lower ones; a threat that nobody has
    rated yet comes after those that somebody has. It orders, and is never shown.
    """
    if kind == "opportunity":
        return residual_score or 0
    return UNRATED_THREAT if residual_score is None else THREAT + residual_score


def score_mismatch_marks(kind: str, scores: Mapping[str, int | None]) -> list[str]:
    """What does not fit together in the scores of the stages; each is taken, and marked.

    A threat should not score more with its controls than without, nor more after the planned work
    than now; an opportunity not less.
    """
    sign = -1 if kind == "opportunity" else 1
    marks = []
    for worse, than in (("residual", "inherent"), ("target", "residual")):
        now, before = scores.get(worse), scores.get(than)
        if now is not None and before is not None and sign * now > sign * before:
            marks.append(f"{worse}_worse_than_{than}")
    return marks


def state_after_or_none(state: str, action: str) -> str | None:
    """The state that ``action`` leads to from ``state``, or None if it may not be done there."""
    starts, end = TRANSITIONS[action]
    return end if state in starts else None


def brought_forward_review_on(
    current: dt.date | None, today: dt.date, cadence_days: int
) -> dt.date:
    """The next review date after opening or a change of rating: earlier or the same, never later.

    A risk whose review was already late when it was closed is late again when it reopens.
    """
    due = today + dt.timedelta(days=cadence_days)
    return due if current is None else min(current, due)


def next_review_after(today: dt.date, cadence_days: int, wanted: dt.date | None = None) -> dt.date:
    """The next review date that a review sets: by cadence, or earlier if the reviewer wants."""
    latest = today + dt.timedelta(days=cadence_days)
    return latest if wanted is None else min(wanted, latest)


def is_overdue(state: str, next_review_on: dt.date | None, today: dt.date) -> bool:
    """Whether the review of a risk is late: the day it was due has passed."""
    return state == "open" and next_review_on is not None and next_review_on < today


def is_dormant_if_serving(risks: Iterable[Any]) -> bool:
    """Whether what serves ``risks`` rests: it is linked to some, and none of them is open. The
    same for rows in the database: ``queries.serving.with_dormant_mark``."""
    states = {risk.state for risk in risks}
    return bool(states) and "open" not in states


AXES = ("likelihood", "impact")
# {axis: {level of the old scale: level of the new one, or None for "judge it anew"}}
LevelMapping = Mapping[str, Mapping[int, int | None]]


def scale_differs(old: Any, new: Any) -> bool:
    """Whether two versions of the criteria would place or rate a judgement differently.

    Other names, cadences or another appetite leave every risk in its cell.
    """
    return (
        any(len(getattr(old, axis)) != len(getattr(new, axis)) for axis in AXES)
        or old.cells != new.cells
        or [r["key"] for r in old.ratings] != [r["key"] for r in new.ratings]
    )


def levels_gone(old: Any, new: Any) -> dict[str, list[int]]:
    """The levels of ``old``, by axis, that ``new`` does not have any more."""
    return {
        axis: list(range(len(getattr(new, axis)) + 1, len(getattr(old, axis)) + 1)) for axis in AXES
    }


def clean_mapping(old: Any, new: Any, given: Any) -> dict[str, dict[int, int | None]]:
    """Where each level of ``old`` goes in ``new``: those that still exist stay unless ``given``
    says otherwise, every other must be named.

    Every one, whether or not a risk stands on it: to ask only for those in use would tell whoever
    changes the criteria how another party judged what is its own. Raises ``Invalid`` naming each
    level as ``mapping.AXIS.LEVEL``.
    """
    errors = Errors()
    if given is not None and not isinstance(given, Mapping):
        errors.add(
            "mapping", "not_an_object", _("A mapping is {likelihood: {old: new}, impact: {…}}.")
        )
        errors.raise_if_any()
    given = given or {}
    for name in given:
        if name not in AXES:
            errors.add(
                f"mapping.{str(name)[:40]}",
                "unknown_field",
                _("This must be one of: %(all)s.") % {"all": ", ".join(AXES)},
            )
    gone = levels_gone(old, new)
    complete: dict[str, dict[int, int | None]] = {}
    for axis in AXES:
        levels, most = len(getattr(old, axis)), len(getattr(new, axis))
        wanted = _clean_axis(errors, axis, given.get(axis) or {}, levels, most)
        for level in gone[axis]:
            if level not in wanted and not errors.has_any_on(f"mapping.{axis}.{level}"):
                errors.add(
                    f"mapping.{axis}.{level}",
                    "required",
                    _("The new scale has no level %(level)d: say which level its judgements go to.")
                    % {"level": level},
                )
        complete[axis] = {n: wanted.get(n, n) for n in range(1, levels + 1)}
    errors.raise_if_any()
    return complete


def _clean_axis(
    errors: Errors, axis: str, given: Any, levels: int, most: int
) -> dict[int, int | None]:
    if not isinstance(given, Mapping):
        errors.add(f"mapping.{axis}", "not_an_object", _("A mapping is {old level: new level}."))
        return {}
    wanted: dict[int, int | None] = {}
    for key, value in given.items():
        path = f"mapping.{axis}.{str(key)[:20]}"
        text = str(key)
        old = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else 0
        if not 1 <= old <= levels:
            errors.add(
                path,
                "unknown_level",
                _("There is no such level; the criteria have levels 1 to %(n)d.") % {"n": levels},
            )
        elif value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most
        ):
            errors.add(
                path,
                "unknown_level",
                _("There is no such level; the new criteria have levels 1 to %(n)d.") % {"n": most},
            )
        else:
            wanted[old] = value
    return wanted


def restate_on_scale(
    cell: Mapping[str, Any] | None, mapping: LevelMapping, matrix: Matrix
) -> Cell | None:
    """Where a judgement stands on another scale; None if it was not, or is not, carried over."""
    if cell is None:
        return None
    likelihood, impact = (mapping[axis].get(cell[axis]) for axis in AXES)
    if likelihood is None or impact is None:
        return None
    return matrix.cell(likelihood, impact)


def version_after_sharing(version: int) -> int:
    """The version that a risk has once it is shared, having been at ``version`` in private.

    1,000,001, or the same of the next million: how often it was changed before is not told, and no
    version that somebody of its party holds from before is ever current again.
    """
    return (version // VERSIONS + 1) * VERSIONS + 1

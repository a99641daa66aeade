"""What publishing a draft would do: every open risk that would be rated otherwise, and the matrix
examined before and after."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid
from riskreg.register.access import Viewer
from riskreg.register.change_policy import criteria_differences, needs_yes_of_others
from riskreg.register.criteria import clean_criteria_for_register
from riskreg.register.matrix_findings import Findings, matrix_findings
from riskreg.register.models import Criteria
from riskreg.register.policy import clean_criteria
from riskreg.risks.queries.access import risks_called
from riskreg.risks.queries.scales import CellChange, preview_adoption
from riskreg.web.criteria.draft import Draft, NewLevelOrAnew
from riskreg.web.own_appetites.panels import texts_on_own_appetites_losing_their_rating
from riskreg.web.presenters import Scale, stage_name

ROWS_SHOWN = 100


@dataclass
class Preview:
    """``rows``: the worst first, at most ``ROWS_SHOWN`` of ``total`` changes of a rating, which are
    of ``risks`` risks; ``moved``: cells that change while the rating stays; ``appetite``: of
    ``appetite_total`` open threats that would come to stand above appetite, or not any more, those
    that would first; ``outdated``: own appetites of the viewer's party whose rating would be gone;
    ``errors`` by section of the form."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    risks: int = 0
    moved: int = 0
    appetite: list[dict[str, Any]] = field(default_factory=list)
    appetite_total: int = 0
    outdated: list[str] = field(default_factory=list)
    before: Findings | None = None
    after: Findings | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)


def preview_of(viewer: Viewer, draft: Draft) -> Preview:
    """The preview of what is in the form, as far as it is right; what is wrong, by section."""
    now = viewer.criteria
    found = Preview(before=matrix_findings(now))
    try:
        clean = clean_criteria_for_register(viewer, draft.to_json(now))
    except Invalid as invalid:
        _put_errors_into(found, invalid)
        return found
    criteria = Criteria(register=viewer.register, number=0, **clean)
    found.after = matrix_findings(criteria)
    missing = draft.dropped_levels_without_choice_by_axis(now)
    mapping: dict[str, dict[int, NewLevelOrAnew]] = draft.moved_levels_by_axis(now)
    for axis, levels in missing.items():
        for level in levels:
            # Until somebody chooses, what stood there counts as unrated.
            mapping.setdefault(axis, {}).setdefault(level, None)
    adoption = preview_adoption(viewer, criteria, mapping)
    if adoption.errors:
        _put_errors_into(found, adoption.errors)
    if any(missing.values()):
        text = _("Say where the judgements of each level go that is no more.")
        found.errors.setdefault("mapping", []).append(text)
    rated = [c for c in adoption.changes if not c.after or c.after["rating"] != c.before["rating"]]
    found.total, found.moved = len(rated), len(adoption.changes) - len(rated)
    found.risks = len({change.ref for change in rated})
    old, new = Scale(now), Scale(criteria)
    rated.sort(key=lambda change: -(new.tone(change.after["rating"]) or 0) if change.after else -99)
    shown = rated[:ROWS_SHOWN]
    crossing = sorted(adoption.appetite, key=lambda change: not change.after)
    found.appetite_total, crossing = len(crossing), crossing[:ROWS_SHOWN]
    refs = sorted({c.ref for c in shown} | {c.ref for c in crossing})
    titles = {risk.ref: risk.localized("title") for risk in risks_called(viewer, refs)}
    found.appetite = [
        {
            "ref": change.ref,
            "title": titles.get(change.ref, ""),
            "rating": old.cell_chip(change.rating),
            "above": change.after,
        }
        for change in crossing
    ]
    found.outdated = texts_on_own_appetites_losing_their_rating(viewer, criteria)
    found.rows = [_row(change, titles, old, new) for change in shown]
    return found


def needs_yes(viewer: Viewer, draft: Draft) -> bool:
    """Whether publishing the draft, which has no errors, does more than make the rules stricter."""
    now = viewer.criteria
    clean = clean_criteria(draft.to_json(now))
    before = {name: getattr(now, name) for name in clean}
    return needs_yes_of_others(criteria_differences(before, clean, draft.moved_levels_by_axis(now)))


def _row(change: CellChange, titles: dict[str, str], old: Scale, new: Scale) -> dict[str, Any]:
    return {
        "ref": change.ref,
        "title": titles.get(change.ref, ""),
        "stage": stage_name(change.stage),
        "before": old.cell_chip(change.before),
        "after": new.cell_chip(change.after),
    }


def _put_errors_into(found: Preview, invalid: Invalid) -> None:
    for name, errors in invalid.fields.items():
        section = name.split(".")[0]
        known = found.errors.setdefault(section, [])
        known += [error.detail for error in errors if error.detail not in known]

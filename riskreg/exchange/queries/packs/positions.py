"""Sections of a pack that tell where risks stand: what moved and why, the maps, the worst."""

from typing import Any

from django.utils.translation import gettext as _

from riskreg.exchange.queries.packs.scope import (
    LISTED,
    PackScope,
    day_text,
    level_name,
    note_where_cut,
    person_text,
    rating_text,
    stage_text,
)
from riskreg.register.appetite_words import matrix_note
from riskreg.register.policy import STAGES, Matrix
from riskreg.risks.models import Position
from riskreg.risks.queries import heatmap_lists
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.lists import mitigations_for

TOP = 5
Section = dict[str, Any]


def what_moved(scope: PackScope) -> list[Section]:
    """Every threat that moved, came or went, with the words of whoever judged it."""
    compared = scope.heatmap_on_as_of.comparison
    assert compared is not None  # noqa: S101 - a pack always compares
    moves = compared.moves[:LISTED]
    refs = [move.ref for move in moves]
    opened, closed = compared.opened[:LISTED], compared.closed[:LISTED]
    reasons = heatmap_lists.titles_and_rationales_between(
        scope.viewer, [*refs, *opened, *closed], stage="residual",
        since=scope.since, until=scope.as_of,
    )  # fmt: skip
    titles = {ref: row.localized("title") for ref, row in reasons.items()}
    older = {key: Matrix(row) for key, row in compared.older.items()}
    rows = [
        [
            move.ref,
            titles.get(move.ref, ""),
            rating_text(older.get(move.before_criteria or 0, scope.matrix), move.before),
            rating_text(scope.matrix, move.after),
            _why_moved_text(move.by_scale, reasons.get(move.ref)),
        ]
        for move in moves
    ]
    blocks: list[dict[str, Any]] = [
        {
            "kind": "table",
            "caption": _("Moved: %(n)d") % {"n": len(compared.moves)},
            "head": [_("Risk"), _("Title"), _("Stood at"), _("Stands at"), _("Why")],
            "widths": [1.4, 4, 2, 2, 5],
            "rows": rows,
        },
        *note_where_cut(len(rows), len(compared.moves)),
    ]
    for caption, listed, total in (
        (_("New on the map: %(n)d"), opened, len(compared.opened)),
        (_("No longer on the map: %(n)d"), closed, len(compared.closed)),
    ):
        blocks += [
            {
                "kind": "table",
                "caption": caption % {"n": total},
                "head": [_("Risk"), _("Title")],
                "widths": [1, 9],
                "rows": [[ref, titles.get(ref, "")] for ref in listed],
            },
            *note_where_cut(len(listed), total),
        ]
    return [{"key": "moved", "title": _("What moved, and why"), "blocks": blocks}]


def _why_moved_text(by_scale: bool, known: Any) -> str:
    if by_scale:
        return _("The scale changed; nobody judged it anew.")
    return known.localized("rationale") if known else ""


def heatmaps(scope: PackScope) -> list[Section]:
    """The map of the day, that of the day before, and what came into and left each cell."""
    compared = scope.heatmap_on_as_of.comparison
    assert compared is not None  # noqa: S101 - a pack always compares
    sections = []
    for key, title, shown in (
        ("then", _("Heatmap on %(day)s") % {"day": day_text(scope.since)}, scope.heatmap_on_since),
        ("now", _("Heatmap on %(day)s") % {"day": day_text(scope.as_of)}, scope.heatmap_on_as_of),
    ):
        counts = {(c.likelihood, c.impact): str(c.count or "") for c in shown.cells}
        unrated = _("Residual (as it stands), threats. Unrated: %(n)d.") % {
            "n": shown.unrated_count
        }
        blocks = [_matrix_block(shown, counts), {"kind": "note", "text": unrated}]
        if own := matrix_note(scope.viewer, shown.criteria):
            blocks.append({"kind": "note", "text": own})
        sections.append({"key": f"heatmap-{key}", "title": title, "blocks": blocks})
    moved = {
        (c.likelihood, c.impact): " ".join(
            f"{sign}{n}"
            for sign, n in (
                ("+", compared.came[c.likelihood, c.impact]),
                ("−", compared.left[c.likelihood, c.impact]),
            )
            if n
        )
        for c in scope.heatmap_on_as_of.cells
    }
    note = _("+ moved into the cell, − moved out of it since %(day)s.")
    blocks = [
        _matrix_block(scope.heatmap_on_as_of, moved),
        {"kind": "note", "text": note % {"day": day_text(scope.since)}},
    ]
    sections.append({"key": "movement", "title": _("Movement on the heatmap"), "blocks": blocks})
    return sections


def _matrix_block(shown: Heatmap, texts: dict[tuple[int, int], str]) -> dict[str, Any]:
    criteria, matrix = shown.criteria, Matrix(shown.criteria)
    across = range(1, len(criteria.impact) + 1)
    return {
        "kind": "matrix",
        "axes": [_("Likelihood"), _("Impact")],
        "head": [level_name(criteria, "impact", y) for y in across],
        "rows": [
            {
                "name": level_name(criteria, "likelihood", x),
                "cells": [
                    {
                        "text": texts.get((x, y), ""),
                        "tone": matrix.tone(matrix.cell(x, y).rating),
                        "rating": matrix.rating_name(matrix.cell(x, y).rating),
                    }
                    for y in across
                ],
            }
            for x in range(len(criteria.likelihood), 0, -1)
        ],
    }


def highest_threats(scope: PackScope) -> list[Section]:
    """The worst threats, a page each."""
    found = heatmap_lists.risks_in_cell(
        scope.viewer, None, stage="residual", at=scope.at, as_of=scope.as_of
    )
    compared = scope.heatmap_on_as_of.comparison
    rows = list(found[:TOP])
    moves = (
        {move.ref: move for move in compared.moves_of([r.ref for r in rows])} if compared else {}
    )
    return [
        {
            "key": f"risk-{number}",
            "title": f"{row.ref} {row.risk.localized('title')}",
            "blocks": [{"kind": "facts", "rows": _facts_about(scope, row, moves.get(row.ref))}],
        }
        for number, row in enumerate(rows, 1)
    ]


def _facts_about(scope: PackScope, row: Position, move: Any) -> list[list[str]]:
    risk = row.risk
    facts = [
        [_("Cause"), risk.localized("cause")],
        [_("Event"), risk.localized("event")],
        [_("Consequence"), risk.localized("consequence")],
        [_("Owner"), person_text(row.owner)],
    ]
    facts += [[stage_text(stage), rating_text(scope.matrix, row.cell(stage))] for stage in STAGES]
    if move is not None:
        before = rating_text(scope.matrix, move.before)
        facts.append([_("On %(day)s") % {"day": day_text(scope.since)}, before])
    works = mitigations_for(scope.viewer).filter(risks=risk)
    texts = [
        _("%(title)s: %(status)s, due %(day)s")
        % {
            "title": work.localized("title"),
            "status": work.get_status_display(),
            "day": day_text(work.due_on),
        }
        for work in works.exclude(status="cancelled")[:LISTED]
    ]
    facts.append([_("Mitigations"), "\n".join(texts) or _("none")])
    if row.visibility == "party":
        facts.append([_("Who sees it"), _("%(party)s alone") % {"party": row.party}])
    return [[label, text] for label, text in facts if text]

"""The last sections of a pack: how reviews were kept, and what the pack stands on."""

from typing import Any

from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.exchange.queries.packs.positions import TOP
from riskreg.exchange.queries.packs.scope import (
    PackScope,
    day_text,
    level_name,
    note_where_cut,
    person_text,
)
from riskreg.kernel.localised import number, percent_text, text_of
from riskreg.register.appetite_words import appetites_of_terms
from riskreg.register.labels import Label
from riskreg.reviews.policy.coverage import CoverageCounts
from riskreg.reviews.queries.coverage import coverage, default_first_day
from riskreg.risks.queries import heatmap_lists

# So many sources of each of the worst risks.
OF_EACH = 3
Section = dict[str, Any]


def review_coverage(scope: PackScope) -> list[Section]:
    """What fell due in the year until the day, and what became of it, by party."""
    first = default_first_day(scope.as_of)
    report = coverage(scope.viewer, by="party", first=first, as_of=scope.as_of, at=scope.at)
    rows = [_coverage_row(row.name, row.tally) for row in report.rows]
    rows.append(_coverage_row(_("All"), report.total))
    caption = _("Reviews that fell due from %(first)s to %(last)s")
    return [
        {
            "key": "coverage",
            "title": _("Review coverage"),
            "blocks": [
                {
                    "kind": "table",
                    "caption": caption
                    % {"first": day_text(first), "last": day_text(scope.as_of)},
                    "head": [_("Party"), _("Due"), _("Held on time"), _("Late"),
                             _("Open and overdue"), _("Share on time")],
                    "widths": [4, 2, 2, 2, 2, 2],
                    "numbers": [1, 2, 3, 4, 5],
                    "rows": rows,
                }
            ],
        }
    ]  # fmt: skip


def _coverage_row(name: Any, counted: CoverageCounts) -> list[str]:
    share = counted.share_on_time
    return [
        person_text(name) if isinstance(name, User) else str(name),
        *(str(getattr(counted, what)) for what in ("due", "on_time", "late", "open")),
        "" if share is None else percent_text(round(100 * share)),
    ]


def appendix(scope: PackScope) -> list[Section]:
    """The scale, and where what is told of the worst risks comes from."""
    criteria, matrix = scope.heatmap_on_as_of.criteria, scope.matrix
    levels = max(len(criteria.likelihood), len(criteria.impact))
    scale = [
        [
            str(n),
            level_name(criteria, "likelihood", n) if n <= len(criteria.likelihood) else "",
            level_name(criteria, "impact", n) if n <= len(criteria.impact) else "",
        ]
        for n in range(levels, 0, -1)
    ]
    ratings = [
        [
            matrix.rating_name(key),
            number(matrix.cadence_days(key)),
            _("yes") if matrix.above_appetite(key) else _("no"),
        ]
        for key in reversed(matrix.rating_keys)
    ]
    text = _("%(term)s: a risk up to %(rating)s needs no acceptance.")
    own = [
        text % {"term": term, "rating": rating}
        for term, rating in appetites_of_terms(scope.viewer, criteria)
    ]
    sources = _sources_of_highest(scope)
    listed = [row for rows in sources for row in rows[:OF_EACH]]
    return [
        {
            "key": "scale",
            "title": _("Appendix: the scale"),
            "blocks": [
                {
                    "kind": "table", "caption": _("Levels"),
                    "head": [_("Level"), _("Likelihood"), _("Impact")],
                    "widths": [1, 4, 4], "rows": scale,
                },
                {
                    "kind": "table", "caption": _("Ratings"),
                    "head": [_("Rating"), _("Days to the next review"), _("Above appetite")],
                    "widths": [4, 3, 2], "rows": ratings,
                },
                *({"kind": "note", "text": note} for note in own),
            ],
        },
        {
            "key": "sources",
            "title": _("Appendix: sources and labels"),
            "blocks": [
                {
                    "kind": "table", "caption": _("Sources of the risks that have a page here"),
                    "head": [_("Risk"), _("Source"), _("Label"), _("Dated")],
                    "widths": [1.3, 7, 2, 2], "rows": listed,
                },
                *note_where_cut(len(listed), sum(map(len, sources))),
                {"kind": "note", "text": _(
                    "Scores are judgements of members. Texts, owners and the state of work are as "
                    "recorded when the pack is made; places on the map, moves, reviews, decisions "
                    "and acceptances are those of the day."
                )},
            ],
        },
    ]  # fmt: skip


def _sources_of_highest(scope: PackScope) -> list[list[list[str]]]:
    """Those of each of the worst risks."""
    found = heatmap_lists.risks_in_cell(
        scope.viewer, None, stage="residual", at=scope.at, as_of=scope.as_of
    )
    labels = dict(Label.choices)
    return [[
        [
            row.ref,
            ", ".join(
                text for text in (text_of(one.get("title")), text_of(one.get("url"))) if text
            ),
            str(labels.get(one.get("label"), "")),
            str(one.get("date") or ""),
        ]
        for one in row.risk.sources or ()
    ] for row in found[:TOP]]  # fmt: skip


__all__ = ["appendix", "review_coverage"]

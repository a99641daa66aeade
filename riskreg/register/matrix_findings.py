"""What a risk matrix gets wrong, in sentences for whoever makes one (``matrix_audit``)."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from riskreg.kernel.localised import localised, number
from riskreg.register.matrix_audit import Cell, audit_matrix


@dataclass(frozen=True)
class Findings:
    """``sentences``: what is wrong, worst first, and last how far equal ratings reach;
    ``sound``: nothing is wrong; ``assumed``: the levels name no ranges, so equal steps are taken.
    """

    sentences: list[str]
    sound: bool
    assumed: bool


def matrix_findings(criteria: Any) -> Findings:
    """Examine the matrix of ``criteria`` (a row, saved or not) against chance × impact."""
    likelihood, own = _ranges_and_whether_all_given(criteria.likelihood)
    impact, own_impact = _ranges_and_whether_all_given(criteria.impact)
    keys = [rating["key"] for rating in criteria.ratings]
    rated = [[keys.index(cell["rating"]) for cell in row] for row in criteria.cells]
    assumed = not (own and own_impact)
    if assumed:
        likelihood, impact = (
            _even_intervals_up_to(len(likelihood), 1),
            _even_intervals_up_to(len(impact), len(impact)),
        )
    audit = audit_matrix(likelihood, impact, rated)
    sentences = []
    if audit.pairs:
        upper, lower = audit.pairs[0]
        sentences.append(
            ngettext(
                "%(n)d pair of cells is the wrong way round, such as %(a)s (%(a_rating)s) and "
                "%(b)s (%(b_rating)s): every risk in the first is smaller.",
                "%(n)d pairs of cells are the wrong way round, such as %(a)s (%(a_rating)s) and "
                "%(b)s (%(b_rating)s): every risk in the first is smaller.",
                len(audit.pairs),
            )
            % {
                "n": len(audit.pairs),
                "a": _cell_text(criteria, upper),
                "a_rating": _rating_text(criteria, upper),
                "b": _cell_text(criteria, lower),
                "b_rating": _rating_text(criteria, lower),
            }
        )
    if audit.top_below_lowest is not None:
        sentences.append(
            _(
                "The colours can mislead: the least that fits %(a)s gets the top rating, and the "
                "most that fits %(b)s the lowest, although it is the larger risk."
            )
            % {
                "a": _cell_text(criteria, audit.top_below_lowest.top),
                "b": _cell_text(criteria, audit.top_below_lowest.lowest),
            }
        )
    if audit.jumps:
        low, high = audit.jumps[0]
        sentences.append(
            _("A small change of opinion turns the lowest rating into the top one: %(a)s and %(b)s "
              "touch.")
            % {"a": _cell_text(criteria, low), "b": _cell_text(criteria, high)}
        )  # fmt: skip
    if audit.uneven:
        sentences.append(
            ngettext(
                "%(n)d cell has a middle rating without reason, such as %(a)s: its risks are not "
                "between those with the lowest and those with the top rating.",
                "%(n)d cells have a middle rating without reason, such as %(a)s: their risks are "
                "not between those with the lowest and those with the top rating.",
                len(audit.uneven),
            )
            % {"n": len(audit.uneven), "a": _cell_text(criteria, audit.uneven[0])}
        )
    if not sentences:
        sentences.append(_("No cell is rated above another that can only hold larger risks."))
    factor = audit.same_rating_factor
    sentences.append(
        _("Two risks with the same rating can differ without limit: the matrix sorts, it does not "
          "measure.")
        if factor == float("inf")
        else _("Two risks with the same rating can differ %(n)s times: the matrix sorts, it does "
               "not measure.") % {"n": number(round(factor))}
    )  # fmt: skip
    return Findings(sentences, audit.sound, assumed)


def _ranges_and_whether_all_given(levels: list[dict[str, Any]]) -> tuple[list[Any], bool]:
    ranges = [level.get("range") for level in levels]
    return ranges, all(ranges)


def _even_intervals_up_to(levels: int, top: int) -> list[list[float]]:
    return [[top * n / levels, top * (n + 1) / levels] for n in range(levels)]


def _cell_text(criteria: Any, cell: Cell) -> str:
    likelihood = criteria.likelihood[cell.likelihood]
    impact = criteria.impact[cell.impact]
    first = localised(likelihood["names"], str(likelihood["value"]))
    return f"{first} × {localised(impact['names'], str(impact['value']))}"


def _rating_text(criteria: Any, cell: Cell) -> str:
    key = criteria.cells[cell.likelihood][cell.impact]["rating"]
    names = next(rating["names"] for rating in criteria.ratings if rating["key"] == key)
    return localised(names, key)

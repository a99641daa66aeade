"""What a picture of the heatmap says: the map as a page shows it, and of what and by whom it is."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from riskreg.exchange.writing.heatmap_svg import DRAWN, Arrow, CellPicture, HeatmapPicture
from riskreg.kernel.errors import Errors
from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.appetite_words import matrix_note
from riskreg.register.axes import axes_of
from riskreg.register.policy import Matrix
from riskreg.risks.models import Kind
from riskreg.risks.queries.heatmap import HeatCell, Heatmap
from riskreg.risks.queries.heatmap_flows import LEGS, Flows, titles_by_ref

COUNTS, REFS, TITLES = CELLS = ("counts", "refs", "titles")
"""What a cell says of the risks in it."""
# So many are named in a cell; the rest is counted.
NAMED = {COUNTS: 0, REFS: 6, TITLES: 2}
_IN_A_LINE = 3


def clean_cell_content(errors: Errors, values: Sequence[str]) -> str:
    """What cells are to say; counts unless asked. Notes what there is not."""
    asked = values[-1] if values else COUNTS
    if asked not in CELLS:
        text = _("This must be one of: %(all)s.") % {"all": ", ".join(CELLS)}
        errors.add("cells", "unknown", text)
        return COUNTS
    return asked


def title_or_empty_by_ref_in_cells(
    viewer: Viewer, shown: Heatmap, cell_content: str
) -> dict[str, str]:
    """By ref the risks that cells name where they say ``cell_content``: with their titles where it
    is these, else without."""
    most = NAMED[cell_content]
    refs = [ref for cell in shown.cells for ref in cell.refs[:most]]
    return titles_by_ref(viewer, refs) if cell_content == TITLES else dict.fromkeys(refs, "")


def leg_name(leg: str) -> str:
    """A leg in words."""
    return {
        "controls": _("by controls: inherent → residual"),
        "planned": _("by planned mitigations: residual → target"),
    }[leg]


def stage_words(stage: str) -> str:
    """A stage as the heading of a picture says it."""
    return {
        "inherent": _("Inherent (without any controls)"),
        "residual": _("Residual (as it stands)"),
        "target": _("Target (after planned work)"),
    }[stage]


def heatmap_picture(
    viewer: Viewer,
    shown: Heatmap,
    at: dt.datetime,
    *,
    cell_content: str = COUNTS,
    flows: Flows | None = None,
    filters: Sequence[str] = (),
) -> HeatmapPicture:
    """The picture of ``shown``; with ``flows`` of how risks go from stage to stage. ``filters``:
    those in force, in words."""
    axes, matrix = axes_of(viewer.register), Matrix(shown.criteria)
    turned = axes.across == "likelihood"
    downs = range(len(getattr(shown.criteria, axes.down)), 0, -1)
    acrosses = range(1, len(getattr(shown.criteria, axes.across)) + 1)
    by_place = {(c.likelihood, c.impact): c for c in shown.cells}
    titles = title_or_empty_by_ref_in_cells(viewer, shown, cell_content)

    def place(down: int, across: int) -> tuple[int, int]:
        return (across, down) if turned else (down, across)

    def cell(down: int, across: int) -> CellPicture:
        return _cell(matrix, shown, by_place[place(down, across)], cell_content, titles)

    return HeatmapPicture(
        title=_title(shown, flows),
        language=get_language() or "en",
        head=_head_lines(viewer, shown, flows, filters),
        foot=_foot_lines(viewer, shown, at, flows),
        down=axes.name(axes.down),
        across=axes.name(axes.across),
        columns=[_level_name(shown, axes.across, n) for n in acrosses],
        rows=[(_level_name(shown, axes.down, n), [cell(n, m) for m in acrosses]) for n in downs],
        appetite=_("Appetite: what is beyond the line needs an acceptance")
        if shown.kind == Kind.THREAT
        else "",
        cells=cell_content,
        gain=shown.kind == Kind.OPPORTUNITY,
        arrows=[] if flows is None else _arrows(flows, turned, len(downs)),
        legs={} if flows is None else {leg: leg_name(leg) for leg in LEGS},
    )


def _level_name(shown: Heatmap, axis: str, value: int) -> str:
    return localised(getattr(shown.criteria, axis)[value - 1]["names"], str(value))


def _cell(
    matrix: Matrix, shown: Heatmap, cell: HeatCell, content: str, titles: dict[str, str]
) -> CellPicture:
    compared, place = shown.comparison, (cell.likelihood, cell.impact)
    signs = (("+", compared.came[place]), ("−", compared.left[place])) if compared else ()
    refs = cell.refs[: NAMED[content]]
    if content == TITLES:
        lines = [f"{ref} {titles.get(ref, '')}".strip() for ref in refs]
    else:
        lines = [" ".join(refs[n : n + _IN_A_LINE]) for n in range(0, len(refs), _IN_A_LINE)]
    more = cell.count - len(refs) if content != COUNTS else 0
    return CellPicture(
        rating=matrix.rating_name(cell.rating),
        step=matrix.tone(cell.rating) - 1,
        above=matrix.above_appetite(cell.rating, shown.kind),
        count=cell.count,
        lines=lines,
        more=ngettext("and %(n)s more", "and %(n)s more", more) % {"n": more} if more > 0 else "",
        moved=" ".join(f"{sign}{n}" for sign, n in signs if n),
    )


def _arrows(flows: Flows, turned: bool, height: int) -> list[Arrow]:
    def spot(cell: tuple[int, int]) -> tuple[int, int]:
        down, across = cell[::-1] if turned else cell
        return height - down, across - 1

    return [
        Arrow(flow.leg, spot(flow.start), spot(flow.end), flow.count)
        for leg in LEGS
        for flow in flows.of_leg(leg)[:DRAWN]
    ]


def _title(shown: Heatmap, flows: Flows | None) -> str:
    kind = _("Threats") if shown.kind == Kind.THREAT else _("Opportunities")
    stage = _("Movement: inherent → residual → target") if flows else stage_words(shown.stage)
    return f"{kind} · {stage}"


def _day_text(day: dt.date) -> str:
    return date_format(day, "DATE_FORMAT")


def _head_lines(
    viewer: Viewer, shown: Heatmap, flows: Flows | None, filters: Sequence[str]
) -> list[str]:
    as_of = _("As of %(day)s") % {"day": _day_text(shown.as_of)}
    if shown.comparison is not None and flows is None:
        since = {"day": _day_text(shown.comparison.compared_to)}
        as_of += " · " + _("compared with %(day)s: + moved in, − moved out") % since
    counted: dict[str, Any] = {
        "total": shown.total, "above": shown.above_count, "unrated": shown.unrated_count,
    }  # fmt: skip
    text = (
        _("Open: %(total)d · above appetite: %(above)d · unrated: %(unrated)d")
        if shown.kind == Kind.THREAT
        else _("Open: %(total)d · unrated: %(unrated)d")
    )
    lines = [f"{viewer.register.name} · {as_of}", text % counted]
    if filters:
        lines.append(_("Filters: %(all)s") % {"all": " · ".join(filters)})
    return lines


def _foot_lines(viewer: Viewer, shown: Heatmap, at: dt.datetime, flows: Flows | None) -> list[str]:
    lines = [] if flows is None else leg_lines(flows)
    if shown.kind == Kind.THREAT and (note := matrix_note(viewer, shown.criteria)):
        lines.append(note)
    if shown.left_out_count:
        lines.append(
            _("Behind what is counted here stand %(n)d more.") % {"n": shown.left_out_count}
        )
    seen_by = viewer.party.name if viewer.party else _("the programme")
    lines.append(
        _("Scores are judgements of members. Made on %(day)s by %(name)s, for %(party)s.")
        % {"day": _day_text(viewer.today(at)), "name": _person_name(viewer.user), "party": seen_by}
    )
    if viewer.register.notice:
        lines.append(str(viewer.register.notice))
    return lines


def leg_lines(flows: Flows) -> list[str]:
    """What the arrows of each leg leave out, in words."""
    lines = []
    for leg in LEGS:
        sentence = _(
            "%(leg)s. Stay where they are: %(stay)d; unrated at one of the two: %(unrated)d."
        )
        stay, unrated = flows.stayed[leg], flows.unrated[leg]
        text = sentence % {"leg": leg_name(leg), "stay": stay, "unrated": unrated}
        if (left := len(flows.of_leg(leg)) - DRAWN) > 0:
            more = _("The %(n)d largest ways are drawn, %(left)d are not.")
            text += " " + more % {"n": DRAWN, "left": left}
        lines.append(text)
    return lines


def _person_name(user: Any) -> str:
    return localised(user.names, str(user))

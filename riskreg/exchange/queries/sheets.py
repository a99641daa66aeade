"""Lists, heatmaps, coverage and histories as sheets of a file: exactly the rows that they show."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.events.models import Event
from riskreg.exchange.cells import table_cells, table_columns
from riskreg.exchange.columns import Column, export_columns_for
from riskreg.exchange.fields import COVERAGE, EVENT, FLOWS, HEATMAP, MOVES
from riskreg.exchange.queries.events import events_json
from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.queries.nouns import NOUNS, PIECE, bodies_in_pieces, narrow_to_risk
from riskreg.exchange.writing.files import About, AboutLine, LazySheet, template_pieces
from riskreg.exchange.writing.jsons import make_json_in_place
from riskreg.kernel.errors import Invalid
from riskreg.kernel.fields import Table
from riskreg.kernel.localised import localised
from riskreg.kernel.punctuation import colon, join_sentences
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import parties_for
from riskreg.register.row_json import person
from riskreg.reviews.policy.coverage import WHAT, CoverageCounts
from riskreg.reviews.queries.coverage import Report
from riskreg.risks.models import Position, Risk
from riskreg.risks.queries.heatmap import Heatmap
from riskreg.risks.queries.heatmap_flows import Flows

TEMPLATE_ROWS = 500


def risks_sheet(viewer: Viewer, positions: QuerySet[Position], language: str) -> LazySheet:
    """Risks with a row for each measure, by the columns that an import knows again."""
    columns = export_columns_for(viewer)
    names = [column.name for column in columns]
    written = [c.name for c in columns if c.kind == "day" or c.name.endswith("cost")]

    def rows() -> Iterator[dict[str, Any]]:
        return export_rows(viewer, positions, language, names)

    return LazySheet(
        "risks",
        _("Register"),
        columns,
        rows,
        lambda: (make_json_in_place(row, names, written) for row in rows()),
    )


def lazy_sheet_of_noun(
    noun_name: str, viewer: Viewer, rows: QuerySet[Any], at: dt.datetime
) -> LazySheet:
    """The rows of a noun (``NOUNS``), in their order."""
    noun = NOUNS[noun_name]
    further = []
    if noun_name == "decisions":
        further = [Column("options", _("Options"), width=48)]
    if noun_name in ("acceptances", "decisions"):
        further.append(Column("conditions", _("Conditions"), width=36))
    if noun_name in ("beliefs", "links"):
        further = [Column("driver", _("Driver"), width=12)]
    parties = {party.key: party.name for party in parties_for(viewer)}
    zone = viewer.register.time_zone

    def cells() -> Iterator[dict[str, Any]]:
        for body in bodies_in_pieces(noun, viewer, rows, at):
            row = table_cells(noun.table, body, zone, parties)
            yield row | {column.name: _further_cell(column.name, body) for column in further}

    columns = table_columns(noun.table, further)
    return LazySheet(
        noun_name, str(noun.title), columns, cells, lambda: bodies_in_pieces(noun, viewer, rows, at)
    )


def _further_cell(name: str, body: Mapping[str, Any]) -> Any:
    if name == "options":
        return "\n".join(_option_text(each) for each in body["options"])
    if name != "conditions":
        return body[name]
    return "; ".join(f"{each['due_on']}: {each['text']}" for each in body["conditions"])


def _option_text(option: Mapping[str, Any]) -> str:
    """An option in a cell: its letter and title, and what it does."""
    title = f"{option['key']}{colon()}{option['title']}"
    return join_sentences([title, option["effects"]]) if option["effects"] else title


def sheets_of_rows_linked_to_risk(viewer: Viewer, risk: Risk, at: dt.datetime) -> list[LazySheet]:
    """A sheet for each of what hangs on ``risk``."""
    names = ("mitigations", "controls", "indicators", "acceptances", "estimates")
    rows = {name: narrow_to_risk(name, NOUNS[name].rows(viewer, at), risk) for name in names}
    return [lazy_sheet_of_noun(name, viewer, rows[name], at) for name in names]


def empty_workbook(viewer: Viewer) -> Iterator[bytes]:
    """A workbook to fill in, which the import knows column by column, in the language of now.
    Raises ``Forbidden`` for who may bring nothing in."""
    require(viewer, "import.make")
    columns = [column for column in export_columns_for(viewer) if column.fill]
    lines = [
        AboutLine(column.label, " ".join(filter(None, (str(column.help), _choices_text(column)))))
        for column in columns
    ]
    return template_pieces(_("Register"), columns, About(_("Help"), lines), TEMPLATE_ROWS)


def empty_workbook_name(viewer: Viewer) -> str:
    """What the file of it is called."""
    return f"{viewer.register.slug}-template-{get_language()}.xlsx"


def _choices_text(column: Column) -> str:
    return _("One of: %s.") % ", ".join(column.choices) if column.kind == "choice" else ""


def with_only_columns(sheet: LazySheet, names: Sequence[str]) -> LazySheet:
    """``sheet`` with the columns called ``names``, in that order; with all if none is named.

    Raises ``Invalid`` for one that it does not have.
    """
    if not names:
        return sheet
    known = {column.name: column for column in sheet.columns}
    if wrong := next((name for name in names if name not in known), None):
        text = _("There is no column “%(name)s”. Columns: %(all)s.")
        values = {"name": wrong[:60], "all": ", ".join(known)}
        raise Invalid.one("columns", "unknown", text % values)
    chosen = list(dict.fromkeys(names))
    return replace(
        sheet,
        columns=[known[name] for name in chosen],
        bodies=lambda: ({name: body.get(name) for name in chosen} for body in sheet.bodies()),
    )


# Reports -----------------------------------------------------------------------------------------
def _report_sheet(
    name: str, title: str, table: Table, rows: Iterable[Mapping[str, Any]], zone: str
) -> LazySheet:
    kept = list(rows)
    return LazySheet(
        name, title, table_columns(table),
        lambda: (table_cells(table, row, zone, {}) for row in kept), lambda: kept,
    )  # fmt: skip


def heatmap_sheets(viewer: Viewer, shown: Heatmap) -> list[LazySheet]:
    """The cells with how many stand in each and which (the unrated in a row of their own), and what
    moved, if two days were compared."""
    zone = viewer.register.time_zone
    rows = [
        {
            "stage": shown.stage,
            "likelihood": cell.likelihood,
            "likelihood_name": _level_name(shown.criteria.likelihood, cell.likelihood),
            "impact": cell.impact,
            "impact_name": _level_name(shown.criteria.impact, cell.impact),
            "score": cell.score,
            "rating": cell.rating,
            "count": cell.count,
            "refs": cell.refs,
        }
        for cell in shown.cells
    ]
    unrated: dict[str, Any] = dict.fromkeys(HEATMAP.names)
    counted = {"count": shown.unrated_count, "refs": shown.unrated_refs, "stage": shown.stage}
    rows.append({**unrated, **counted, "rating": "unrated"})
    sheets = [_report_sheet("cells", _("Heatmap"), HEATMAP, rows, zone)]
    if shown.comparison is not None:
        sheets.append(_report_sheet("moves", _("Movement"), MOVES, _moves(shown), zone))
    return sheets


def flows_sheet(viewer: Viewer, flows: Flows) -> LazySheet:
    """The ways of risks from inherent over residual to target, the most risks first."""
    rows = [
        {
            "leg": flow.leg,
            "from_likelihood": flow.start[0],
            "from_impact": flow.start[1],
            "to_likelihood": flow.end[0],
            "to_impact": flow.end[1],
            "count": flow.count,
            "refs": flow.refs,
        }
        for flow in flows.flows
    ]
    return _report_sheet("flows", _("Movement"), FLOWS, rows, viewer.register.time_zone)


def _level_name(levels: Sequence[Mapping[str, Any]], value: int) -> str:
    return localised(levels[value - 1]["names"], str(value))


def _moves(shown: Heatmap) -> Iterator[dict[str, Any]]:
    compared = shown.comparison
    assert compared is not None  # noqa: S101 - its caller has looked
    none: dict[str, Any] = dict.fromkeys(MOVES.names)
    for move in compared.moves:
        yield {
            **none,
            "ref": move.ref,
            "what": "moved",
            **{
                f"{side}_{axis}": (cell or {}).get(axis)
                for side, cell in (("from", move.before), ("to", move.after))
                for axis in ("likelihood", "impact")
            },
        }
    for what in ("opened", "closed"):
        yield from ({**none, "ref": ref, "what": what} for ref in getattr(compared, what))


def coverage_sheet(viewer: Viewer, report: Report) -> LazySheet:
    """A row for each group, and one for all, whose key is ``all``."""
    rows = [
        _cells_of_counts(report, row.key, _group_name(row.name), row.tally) for row in report.rows
    ]
    rows.append(_cells_of_counts(report, "all", _("All"), report.total))
    title = _("Review coverage")
    return _report_sheet("coverage", title, COVERAGE, rows, viewer.register.time_zone)


def _group_name(name: Any) -> str:
    if isinstance(name, User):
        return (person(name) or {"name": ""})["name"]
    return str(name)


def _cells_of_counts(
    report: Report, key: str, name: str, counted: CoverageCounts
) -> dict[str, Any]:
    share = counted.share_on_time
    return {
        "from": report.first.isoformat(),
        "as_of": report.as_of.isoformat(),
        "key": key,
        "name": name,
        **{what: getattr(counted, what) for what in WHAT},
        "share_on_time": None if share is None else round(share, 4),
        "median_days_late": counted.median_late,
    }


def events_sheet(viewer: Viewer, events: QuerySet[Event]) -> LazySheet:
    """Events as the changes feed tells them, in their order, read in pieces."""
    zone = viewer.register.time_zone

    def found() -> Iterator[dict[str, Any]]:
        rows = events.iterator(chunk_size=PIECE)
        while piece := list(islice(rows, PIECE)):
            yield from events_json(viewer, piece)

    def cells() -> Iterator[dict[str, Any]]:
        for body in found():
            flat = {**body, "type": body["object"]["type"], "ref": body["object"]["ref"]}
            yield table_cells(EVENT, flat, zone, {})

    return LazySheet("events", _("History"), table_columns(EVENT), cells, found)

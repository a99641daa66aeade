"""What goes out comes in again as it was; what a list shows is what its file holds."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from riskreg.exchange.columns import Column
from riskreg.exchange.mapping import Answers, Existing, plan_import
from riskreg.exchange.queries.exports import export_rows
from riskreg.exchange.reading import read_file
from riskreg.exchange.services import Brought, import_file_unless_answers_needed, preview_import
from riskreg.exchange.writing.csvs import csv_pieces
from riskreg.exchange.writing.files import About, AboutLine
from riskreg.exchange.writing.jsons import ir8286_rows, json_pieces, ndjson_of, row_to_json
from riskreg.exchange.writing.workbooks import write_workbook
from riskreg.risks.models import Risk
from riskreg.risks.queries.access import current_positions
from riskreg.risks.services import close_risk
from tests import builders
from tests.builders import World
from tests.exchange.test_mapping import context

COLUMNS = [
    Column("external_id", "External id"), Column("title", "Title"), Column("event", "Event"),
    Column("cause", "Cause"), Column("kind", "Kind"), Column("state", "State"),
    Column("response", "Response"), Column("owner", "Owner"),
    Column("inherent.likelihood", "Inherent likelihood", kind="number"),
    Column("inherent.impact", "Inherent impact", kind="number"),
    Column("residual.likelihood", "Residual likelihood", kind="number"),
    Column("residual.impact", "Residual impact", kind="number"),
    Column("mitigation.title", "Measure"), Column("mitigation.due_on", "Measure due on"),
]  # fmt: skip
NAMES = [column.name for column in COLUMNS]
WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="\u00a0<>&="),
    min_size=12, max_size=60,
).map(lambda text: " ".join(text.split())).filter(
    lambda text: len(text) > 10 and text[0].isalpha() and sum(c.isalpha() for c in text) > 6
)  # fmt: skip
LEVEL = st.integers(1, 5)


@st.composite
def registers(draw: Any) -> list[dict[str, Any]]:
    """Rows as an export has them."""
    rows = []
    for n in range(draw(st.integers(1, 6))):
        row: dict[str, Any] = {
            "external_id": f"X-{n + 1}",
            "title": draw(WORDS),
            "event": draw(WORDS),
            "cause": draw(st.one_of(st.none(), WORDS)),
            "kind": "threat",
            "state": draw(st.sampled_from(["open", "draft", "closed"])),
            "response": draw(st.sampled_from(["avoid", "mitigate", "transfer", "accept", None])),
            "owner": "Ann Example",
            "inherent.likelihood": draw(LEVEL) if n else 5,
            "inherent.impact": draw(LEVEL),
            "residual.likelihood": draw(LEVEL),
            "residual.impact": draw(LEVEL),
        }
        if row["state"] != "closed" and draw(st.booleans()):
            row["mitigation.title"] = draw(WORDS)
            row["mitigation.due_on"] = draw(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)))
        rows.append(row)
    return rows


def as_xlsx(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(
        write_workbook("Register", COLUMNS, rows, About("About", [AboutLine("Made", "today")]))
    )


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    table = ([row.get(name) for name in NAMES] for row in rows)
    return "".join(csv_pieces([column.label for column in COLUMNS], table)).encode()


def as_json(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(ndjson_of(row_to_json(row, NAMES) for row in rows))


@pytest.mark.parametrize("write", [as_xlsx, as_csv, as_json])
@given(rows=registers())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_written_is_read_as_it_was(write: Any, rows: list[dict[str, Any]]) -> None:
    table = read_file(write(rows))
    plan = plan_import(table, Answers(visibility="shared"), context())
    assert (plan.asked, plan.refused) == ([], [])
    assert len(plan.rows) == len(rows)
    for row, found in zip(rows, plan.rows, strict=True):
        for name in ("external_id", "title", "event", "cause", "response"):
            assert found.fields.get(name) == row.get(name), name
        assert found.state == row["state"]
        assert found.fields["owner"] == "u-ann"
        for stage in ("inherent", "residual"):
            assert found.levels[stage] == (row[f"{stage}.likelihood"], row[f"{stage}.impact"])
        work = found.mitigation or {}
        assert work.get("title") == row.get("mitigation.title")
        if work:
            assert work["due_on"] == row["mitigation.due_on"].isoformat()


@given(rows=registers())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_columns_of_nist_hold_is_read_as_it_was(rows: list[dict[str, Any]]) -> None:
    given_rows = [{**row, "ref": f"R-{n:03}"} for n, row in enumerate(rows, 1)]
    register = list(ir8286_rows(given_rows))
    data = "".join(json_pieces(register, list(register[0]), {})).encode()
    there = [
        Existing(row["ref"], 1, True, {"title": row["title"], "event": row["event"],
                 "state": row["state"], "response": row["response"], "owner": "u-ann"},
                 {"residual": (row["residual.likelihood"], row["residual.impact"])})
        for row in given_rows
    ]  # fmt: skip
    answers = Answers(visibility="shared", scales={
        name: {str(n): n for n in range(1, 6)} for name in register[0] if "Assessment" in name
    })  # fmt: skip
    plan = plan_import(read_file(data), answers, context(existing=there))
    assert (plan.table.format, plan.asked, plan.refused) == ("json-ir8286", [], [])
    for row, found in zip(given_rows, plan.rows, strict=True):
        # It is the risk that it came from; of what NIST names, nothing has changed.
        assert (found.ref, found.outcome) == (row["ref"], "skipped"), found.changes


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_column_that_goes_out_is_known_when_it_comes_in(world: World, language: str) -> None:
    builders.taxonomy(world)
    from riskreg.exchange.columns import export_columns_for

    with translation.override(language):
        columns = export_columns_for(world.viewer(world.manager))
        rows: list[dict[str, Any]] = [
            {"title": "Ice on the ramp", "event": "Trucks slide", "inherent.likelihood": 5,
             "inherent.impact": 5, "residual.likelihood": 2, "residual.impact": 3}
        ]  # fmt: skip
        data = b"".join(write_workbook("R", columns, rows, About("A", [])))
        plan, _answers = preview_import(
            actor=world.viewer(world.manager), brought=Brought("r.xlsx", data), at=world.at
        )
    expected = {c.label: c.name for c in columns if c.name not in ("next_review_on",
                                                                   "last_reviewed_on")}  # fmt: skip
    assert {k: v for k, v in plan.columns.items() if k in expected} == expected
    assert plan.asked == []


def register_of(world: World, language: str = "en") -> list[dict[str, Any]]:
    viewer = world.viewer(world.manager)
    positions = current_positions(viewer).filter(party=world.foton).order_by("risk__title")
    return [
        {k: v for k, v in row.items() if k not in ("ref", "next_review_on", "last_reviewed_on")}
        for row in export_rows(viewer, positions, language)
    ]


def test_a_full_export_comes_in_again_as_the_same_register(world: World, at: dt.datetime) -> None:
    builders.taxonomy(world)
    first = builders.risk(world, title="Ice on the ramp", inherent=(5, 5), rated=(3, 4),
                          terms=["market:eu"], external_id="A-1")  # fmt: skip
    builders.mitigation(world, first, title="Grit it")
    builders.mitigation(world, first, title="Heat it")
    builders.risk(world, title="Late castings", visibility="party", rated=(5, 5), opened=False)
    ended = builders.risk(world, title="Old bridge closes", rated=(4, 4), external_id="A-2")
    cost = {"happened_cost": "1250000", "happened_cost_label": "derived"}
    close_risk(
        actor=world.viewer("owner"), ref=ended.ref, version=None, at=world.at,
        reason="It was shut for trucks.",
        ending={"closed_as": "happened", "happened_on": "2026-02-28", **cost},
    )  # fmt: skip
    client = builders.web(world.manager)
    before = register_of(world)
    told = next(row for row in before if row["title"] == "Old bridge closes")
    assert told["happened_on"] == dt.date(2026, 2, 28)
    assert (told["happened_cost"], told["happened_cost_label"]) == (Decimal(1250000), "derived")
    assert told["closing_reason"] == "It was shut for trucks."
    address = f"/r/{world.register.slug}/risks/export/?format=xlsx&state=all"
    data = b"".join(client.get(address).streaming_content)  # type: ignore[attr-defined]
    other = builders.build_world(at, slug="second-home")
    builders.taxonomy(other)
    for name in ("owner", "manager"):
        other.members[name].name = world.members[name].name
        other.members[name].save()
    made, plan = import_file_unless_answers_needed(
        actor=other.viewer(other.manager), brought=Brought("r.xlsx", data), at=other.at
    )
    assert made is not None, plan.asked
    assert not plan.refused
    assert register_of(other) == before
    _again, plan = import_file_unless_answers_needed(
        actor=other.viewer(other.manager), brought=Brought("r.xlsx", data), at=other.at
    )
    assert (plan.count("new"), plan.count("updated")) == (0, 0)


def exported(client: Any, world: World, query: str) -> bytes:
    response = client.get(f"/r/{world.register.slug}/risks/export/{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content)


def test_a_file_holds_what_the_list_shows(world: World) -> None:
    builders.risk(world, title="=Ice", rated=(5, 5))
    builders.risk(world, title="Rain", rated=(1, 1))
    hidden = builders.risk(world, title="Of catl", visibility="party", by=world.partner_owner)
    client = builders.web(world.owner)
    rows = list(csv.reader(io.StringIO(exported(client, world, "?format=csv").decode("utf-8-sig"))))
    assert [row[2] for row in rows] == ["Title", "'=Ice", "Rain"]
    narrowed = exported(client, world, "?format=ndjson&rating=critical").decode().splitlines()
    assert [json.loads(line)["title"] for line in narrowed] == ["=Ice"]
    whole = json.loads(exported(client, world, "?format=json&ordering=score"))
    assert [risk["title"] for risk in whole["risks"]] == ["Rain", "=Ice"]
    assert hidden.title not in json.dumps(whole)
    assert "Filters" in whole["about"]
    nist = json.loads(exported(client, world, "?format=ir8286"))["risks"]
    assert nist[0]["Risk Description"] == "Vehicles become dearer there"
    assert [row["Priority"] for row in nist] == [1, 2]
    book = load_workbook(io.BytesIO(exported(client, world, "?format=xlsx")))
    assert book.sheetnames == ["Register", "About"]
    sheet = book["Register"]
    assert (sheet.freeze_panes, sheet["C2"].value, sheet["C2"].data_type) == ("A2", "=Ice", "s")
    for wrong in ("?format=docx", "?format=csv&rating=none"):
        address = f"/r/{world.register.slug}/risks/export/{wrong}"
        assert client.get(address).status_code == 400


def test_what_one_party_calls_a_risk_is_not_in_the_file_of_another(world: World) -> None:
    builders.risk(world, title="Ice", external_id="foton-secret")
    theirs = exported(builders.web(world.partner_owner), world, "?format=json").decode()
    assert "Ice" in theirs
    assert "foton-secret" not in theirs


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_template_is_taken_as_it_was_filled_in(world: World, language: str) -> None:
    world.manager.language = language
    world.manager.save()
    client = builders.web(world.manager)
    response = client.get(f"/r/{world.register.slug}/imports/template.xlsx",
                          headers={"accept-language": language})  # fmt: skip
    data = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    book = load_workbook(io.BytesIO(data))
    # Programs have the same one.
    address = f"/api/v1/registers/{world.register.slug}/imports/template/"
    answer = builders.api(world.manager).get(address, headers={"accept-language": language})
    theirs = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    assert [list(each.values) for each in theirs] == [list(each.values) for each in book]
    sheet = book.worksheets[0]
    titles = [cell.value for cell in sheet[1]]
    assert len(sheet.data_validations.dataValidation) >= 8
    names = {"en": "Title", "zh-hans": "标题"}
    sheet.cell(2, titles.index(names[language]) + 1, "Ice on the ramp")
    out = io.BytesIO()
    book.save(out)
    brought = Brought("t.xlsx", out.getvalue())
    report = import_file_unless_answers_needed(
        actor=world.viewer(world.manager), brought=brought, at=world.at
    )[1].to_json()
    assert (report["new"], report["asked"]) == (1, [])
    assert Risk.objects.get().title == "Ice on the ramp"

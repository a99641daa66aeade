"""Every list and report as a file: what the page shows, in each format, and nothing else."""

import csv
import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

import riskreg.exchange
from riskreg.exchange.queries.nouns import NOUNS
from riskreg.exchange.reading import read_file
from tests import builders
from tests.access import canaries
from tests.access.canaries import CANARY, CanaryWorld
from tests.builders import World

DATA = Path(riskreg.exchange.__file__).parent / "data"
LISTS = (
    "risks", "mitigations", "controls", "indicators", "readings", "objectives", "meetings",
    "acceptances", "decisions", "drivers", "heatmap", "coverage",
)  # fmt: skip


@pytest.fixture
def canary_world(db: None, at: dt.datetime) -> CanaryWorld:
    return canaries.build(at)


def content(response: Any) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)


def page(world: World, who: str, path: str, language: str = "en") -> bytes:
    person = getattr(world, who)
    person.language = language
    person.save()
    return content(builders.web(person).get(f"/r/{world.register.slug}/{path}"))


def rest(world: World, who: str, path: str) -> bytes:
    client = builders.api(getattr(world, who))
    return content(client.get(f"/api/v1/registers/{world.register.slug}/{path}"))


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().splitlines()]


@pytest.mark.parametrize("noun", LISTS)
def test_every_list_is_had_in_every_format_by_page_and_api(
    canary_world: CanaryWorld, noun: str
) -> None:
    world = canary_world
    # What the page leaves out unless it is asked for, the API is asked to leave out.
    asked = {
        page: {"acceptances": "show=granted&", "decisions": "show=standing&"},
        rest: {
            "acceptances": "state=granted&",
            "decisions": "state=decided&state=in_force&state=revisited&",
            "risks": "state=open&state=draft&",
            "mitigations": "status=planned&status=in_progress&",
            **dict.fromkeys(("controls", "indicators", "readings"), "active=true&"),
        },
    }
    counts = set()
    for read, path in ((page, f"{noun}/export/"), (rest, f"exports/{noun}/")):
        more = asked[read].get(noun, "")
        rows = rows_of(read(world, "manager", f"{path}?{more}format=csv"))
        lines = lines_of(read(world, "manager", f"{path}?{more}format=ndjson"))
        whole = json.loads(read(world, "manager", f"{path}?{more}format=json"))
        name = {"heatmap": "cells"}.get(noun, noun)
        assert whole[name] == lines
        assert len(rows) == len(lines) > 0, noun
        book = load_workbook(io.BytesIO(read(world, "manager", f"{path}?{more}format=xlsx")))
        sheet = book.worksheets[0]
        assert sheet.freeze_panes == "A2"
        assert sheet.max_row == len(rows) + 1
        assert [cell.value for cell in sheet[1]] == list(rows[0])
        about = {row[0].value: row[1].value for row in book["About"].rows}
        assert about["Register"] == world.register.name
        assert world.manager.name in about["For"]
        counts.add(len(rows))
    assert len(counts) == 1, "page and API count otherwise"


@pytest.mark.parametrize("noun", LISTS)
def test_nothing_of_another_party_is_in_any_file(canary_world: CanaryWorld, noun: str) -> None:
    world = canary_world
    own = page(world, "manager", f"{noun}/export/?format=json").decode()
    heard = any(secret in own for secret in (CANARY, *world.secrets))
    for who in ("partner_manager", "auditor"):
        for read, path in ((page, f"{noun}/export/"), (rest, f"exports/{noun}/")):
            text = read(world, who, f"{path}?format=json").decode()
            assert CANARY.casefold() not in text.casefold(), (who, path)
            assert not [secret for secret in world.secrets if secret in text], (who, path)
    # What its own party hears shows that there was something to be kept back.
    assert heard or noun in ("coverage", "heatmap", "meetings", "acceptances", "drivers")


def test_a_file_has_the_filters_order_and_columns_of_its_list(world: World) -> None:
    risk = builders.risk(world)
    builders.mitigation(world, risk, title="=Grit it", cost="1200.50")
    builders.mitigation(world, risk, title="Warm it", cost=None)
    path = "mitigations/export/?format=csv&ordering=-title&columns=title,cost"
    rows = list(csv.reader(io.StringIO(page(world, "owner", path).decode("utf-8-sig"))))
    assert rows == [["Title", "Cost"], ["Warm it", ""], ["'=Grit it", "1200.50"]]
    only = lines_of(rest(world, "owner", "exports/mitigations/?q=Warm&columns=title"))
    assert only == [{"title": "Warm it"}]
    book = load_workbook(io.BytesIO(page(world, "owner", "mitigations/export/?q=grit")))
    sheet = book.worksheets[0]
    row = dict(zip([c.value for c in sheet[1]], sheet[2], strict=True))
    assert (row["Title"].value, row["Title"].data_type) == ("=Grit it", "s")
    assert (row["Cost"].value, row["Cost"].data_type) == (1200.5, "n")
    assert row["Due date"].is_date
    assert row["Status"].value == "Planned"
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert any("Planned" in text for text in lists)
    about = {row[0].value: row[1].value for row in book["About"].rows}
    assert about["Filters"] == "q = grit"


def test_a_file_speaks_the_language_of_its_reader(world: World) -> None:
    risk = builders.risk(world)
    builders.mitigation(world, risk, title="Grit it", translations={"zh-hans": {"title": "撒砂"}})
    row = rows_of(page(world, "owner", "mitigations/export/?format=csv", "zh-hans"))[0]
    assert row["标题"] == "撒砂"
    assert row["状态"] not in ("planned", "Planned")


def test_what_is_asked_wrongly_is_refused_in_words(world: World) -> None:
    builders.risk(world)
    web, api = builders.web(world.owner), builders.api(world.owner)
    slug = world.register.slug
    for query in ("format=docx", "columns=nothing", "rating=none", "stage=x"):
        assert web.get(f"/r/{slug}/risks/export/?{query}").status_code == 400, query
        answer = api.get(f"/api/v1/registers/{slug}/exports/risks/?{query}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"], query
    assert web.get(f"/r/{slug}/risks/R-999/export/").status_code == 404
    assert api.get(f"/api/v1/registers/{slug}/risks/R-999/export/").status_code == 404
    for noun in ("acceptances", "decisions"):
        assert web.get(f"/r/{slug}/{noun}/export/?show=none").status_code == 400
    empty = "risks/export/?format=oscal&q=nothing+of+that"
    assert "at least one" in web.get(f"/r/{slug}/{empty}").content.decode()


def test_what_is_accepted_may_be_the_file_alone(world: World) -> None:
    builders.risk(world)
    address = f"/api/v1/registers/{world.register.slug}/exports/risks/?format=csv"
    answer = builders.api(world.owner).get(address, headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]


def test_one_risk_goes_out_with_what_hangs_on_it(canary_world: CanaryWorld) -> None:
    world = canary_world
    ref = world.shared_risks[0]
    for read in (page, rest):
        whole = json.loads(read(world, "manager", f"risks/{ref}/export/?format=json"))
        assert {risk["ref"] for risk in whole["risks"]} == {ref}
        assert whole["mitigations"]
        assert whole["controls"]
        assert all(ref in one["risks"] for one in whole["mitigations"])
        assert whole["history" if read is page else "events"]
        theirs = read(world, "partner_manager", f"risks/{ref}/export/?format=json").decode()
        assert CANARY not in theirs


def test_a_history_goes_out_in_the_words_of_its_page(world: World) -> None:
    risk = builders.risk(world, title="Ice", inherent=(5, 5))
    rows = rows_of(page(world, "owner", f"risks/{risk.ref}/history/export/?format=csv"))
    assert {"made a draft", "opened"} <= {row["What was done"] for row in rows}
    assert ("title", "Ice") in {(row["Field"], row["After"]) for row in rows}
    events = lines_of(rest(world, "owner", f"risks/{risk.ref}/history/export/"))
    assert events[-1]["verb"] == "risk.created"


def test_a_heatmap_goes_out_with_all_it_counts(canary_world: CanaryWorld) -> None:
    world = canary_world
    slug = world.register.slug
    shown = builders.api(world.auditor).get(f"/api/v1/registers/{slug}/heatmap/").json()
    cells = lines_of(rest(world, "auditor", "exports/heatmap/"))
    assert sum(cell["count"] for cell in cells) == shown["total"]
    assert all(len(cell["refs"]) == cell["count"] for cell in cells)
    compared = json.loads(page(world, "auditor", "heatmap/export/?format=json&compare=2026-07-20"))
    assert compared["moves"]


# What others have laid down ----------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "schema"), [("ir8286", "ir8286"), ("oscal", "oscal-poam")])
def test_files_for_others_are_valid_against_their_schema(
    canary_world: CanaryWorld, kind: str, schema: str
) -> None:
    world = canary_world
    rules = json.loads((DATA / f"{schema}.schema.json").read_text())
    checker = jsonschema.Draft202012Validator(
        rules, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for read, path in ((page, "risks/export/"), (rest, "exports/risks/")):
        data = read(world, "manager", f"{path}?format={kind}")
        checker.validate(json.loads(data))
        assert len(read_file(data).rows) > 1
    wrong = json.loads(data)
    (wrong.get("risks") or wrong["plan-of-action-and-milestones"]["risks"])[0].pop(
        "Status" if kind == "ir8286" else "statement"
    )
    with pytest.raises(jsonschema.ValidationError):
        checker.validate(wrong)


# Everything at once ------------------------------------------------------------------------------
def unpacked(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_party_takes_everything_along_and_nothing_of_another(
    canary_world: CanaryWorld, tmp_path: Path
) -> None:
    world = canary_world
    own = unpacked(page(world, "manager", "exports/party.zip"))
    assert set(own) == {
        "README.txt", "register.json", "members.ndjson", "events.ndjson",
        *(f"{noun}.ndjson" for noun in NOUNS),
    }  # fmt: skip
    for name in NOUNS:
        assert own[f"{name}.ndjson"].strip(), name
    assert CANARY in own["risks.ndjson"]
    assert CANARY in own["register.json"]  # why it is content up to a rating
    assert CANARY in own["events.ndjson"]
    chains = {event["chain"] for event in lines_of(own["events.ndjson"].encode())}
    assert chains == {"shared", "own"}
    assert unpacked(rest(world, "manager", "exports/party/"))["risks.ndjson"] == own["risks.ndjson"]
    for read, path in ((page, "exports/party.zip"), (rest, "exports/party/")):
        theirs = unpacked(read(world, "partner_manager", path))
        for name, text in theirs.items():
            assert CANARY.casefold() not in text.casefold(), name
            assert not [secret for secret in world.secrets if secret in text], name
    file = tmp_path / "all.zip"
    slug = world.register.slug
    call_command("export_party", str(file), register=slug, email=world.manager.email)
    assert set(unpacked(file.read_bytes())) == set(own)
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError):
        call_command("export_party", str(file), register=slug, email=world.owner.email)
    # Nor is there anything to take away where nothing can be written.
    with pytest.raises(CommandError, match="Not a directory"):
        call_command("export_party", str(file / "x"), register=slug, email=world.manager.email)


@pytest.mark.parametrize("who", ["owner", "leader", "auditor", "onlooker"])
def test_everything_is_for_managers(canary_world: CanaryWorld, who: str) -> None:
    world = canary_world
    client, slug = builders.web(getattr(world, who)), world.register.slug
    assert client.get(f"/r/{slug}/exports/").status_code == 403
    assert client.get(f"/r/{slug}/exports/party.zip").status_code == 403
    api = builders.api(getattr(world, who))
    assert api.get(f"/api/v1/registers/{slug}/exports/party/").status_code == 403


def test_a_list_is_read_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read as they are sent: nothing waits for the last of them."""
    from riskreg.exchange.queries import nouns

    monkeypatch.setattr(nouns, "PIECE", 2)
    risk = builders.risk(world)
    for n in range(5):
        builders.mitigation(world, risk, title=f"Work {n}")
    viewer = world.viewer(world.owner)
    read: list[int] = []
    noun = nouns.NOUNS["mitigations"]

    def counted(*given: Any) -> Iterator[dict[str, Any]]:
        read.append(len(given[1]))
        yield from noun.to_json(*given)

    watched = nouns.Noun(noun.name, noun.title, noun.table, noun.rows, counted)
    found = nouns.bodies_in_pieces(watched, viewer, noun.rows(viewer, world.at), world.at)
    next(found)
    assert read == [2]
    assert len(list(found)) == 4
    assert read == [2, 2, 1]

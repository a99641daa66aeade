"""The demo's files, before anything is loaded: labelled, bilingual, in order, nobody's data."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from riskreg.demo import content as files
from riskreg.register.policy import LABELS, clean_criteria

CONTENT = files.read_content()
EVERYTHING = {path.stem: json.loads(path.read_text()) for path in files.DATA.glob("*.json")}
# What people read; everything else is a key, a day, an amount or the name of a publication.
SAID = {
    "name", "description", "notice", "title", "cause", "event", "consequence", "origin", "note",
    "comment", "rationale", "reasons", "expected_effect", "date_note", "threshold_note",
}  # fmt: skip


def records(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object in the files, with the place where it stands."""
    if isinstance(value, Mapping):
        yield path, dict(value)
        for key, item in value.items():
            yield from records(item, f"{path}.{key}")
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from records(item, f"{path}.{n}")


RECORDS = list(records(EVERYTHING))


def is_source(record: Mapping[str, Any]) -> bool:
    return "url" in record and "title" in record


def test_every_text_for_people_is_in_both_languages() -> None:
    bilingual = 0
    for path, record in RECORDS:
        for name, value in record.items():
            # The title of a source names a publication, and is the same in both languages.
            if name not in SAID or value is None or (name == "title" and is_source(record)):
                continue
            assert isinstance(value, Mapping), (path, name)
            assert set(value) == {"en", "zh-hans"}, (path, name)
            assert value["en"].strip(), (path, name)
            assert re.search(r"[\u4e00-\u9fff]", value["zh-hans"]), (path, name)
            bilingual += 1
    assert bilingual > 500


def test_every_label_is_known_and_every_source_of_the_register_has_one() -> None:
    labels = [
        (path, name, value)
        for path, record in RECORDS
        for name, value in record.items()
        if name == "label" or name.endswith("_label")
    ]
    assert len(labels) > 200
    for path, name, value in labels:
        assert value in LABELS, (path, name)
    sources = [s for risk in CONTENT.risks for s in risk["sources"]]
    sources += [c["source"] for risk in CONTENT.risks for c in risk["controls"] if c["source"]]
    sources += [s for work in CONTENT.mitigations for s in work["sources"]]
    sources += [objective["source"] for objective in CONTENT.objectives]
    sources += [term["source"] for taxonomy in CONTENT.taxonomies for term in taxonomy["terms"]]
    for source in sources:
        assert source["label"] in LABELS, source
        assert source["title"], source
        assert source["label"] not in ("sourced", "derived") or source["url"], source


def test_every_risk_names_a_source_and_sentences_are_not_carried_over() -> None:
    for risk in CONTENT.risks:
        assert risk["sources"], risk["key"]
    quotes = [record["quote"] for _path, record in RECORDS if "quote" in record]
    assert quotes
    assert set(quotes) == {None}


def test_what_nobody_published_is_marked_illustrative() -> None:
    assert CONTENT.criteria["label"] == "illustrative"
    for risk in CONTENT.risks:
        assert risk["owner_label"] == "illustrative", risk["key"]
        assert {step["label"] for step in risk["timeline"]} == {"illustrative"}, risk["key"]
    for work in CONTENT.mitigations:
        assert work["label"] == work["cost"]["label"] == "illustrative", work["key"]
        assert work["cost"]["currency"] == CONTENT.register["currency"], work["key"]


def test_there_is_no_telephone_number_and_no_address_of_a_person() -> None:
    for path, record in RECORDS:
        for name, value in record.items():
            if name == "url" or not isinstance(value, str):
                continue
            place = (path, name, value)
            assert not re.search(r"\+\d{6,}|(?<!\d)1[3-9]\d{9}(?!\d)", value), place
            assert not re.search(r"(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)|\(\d{2,4}\) ?\d{5,}", value), (
                place
            )
            if "@" in value:
                assert value.endswith(".example"), place


def test_the_objective_that_follows_is_derived_and_shows_how() -> None:
    targets = {objective["key"]: objective for objective in CONTENT.objectives}
    product = targets["nev-units-2030"]
    assert product["label"] == "derived"
    assert product["value"] == 90_000
    assert product["value"] == (
        targets["overseas-units-2030"]["value"] * targets["nev-share-2030"]["value"] / 100
    )
    assert targets["overseas-units-2030"]["label"] == "sourced"
    assert product["formula"]


def test_the_criteria_are_what_the_register_takes() -> None:
    criteria = clean_criteria(files.criteria_fields(CONTENT.criteria))
    for row in CONTENT.criteria["cells"]:
        made = criteria["cells"][row["likelihood"] - 1][row["impact"] - 1]
        assert made == {"score": row["score"], "rating": row["rating"]}
        assert row["score"] == row["likelihood"] * row["impact"]
    assert [r["cadence_days"] for r in criteria["ratings"]] == [180, 90, 60, 30]
    assert {len(d["descriptions"]) for d in criteria["dimensions"]} == {5}


def test_files_are_in_the_order_of_their_creation() -> None:
    calendar = files.calendar_shifted_to_fit(CONTENT, dt.date(2026, 11, 28))
    created = [calendar.as_day(risk["timeline"][0]["at"]) for risk in CONTENT.risks]
    assert created == sorted(created)
    planned = [calendar.as_day(work["created_on"]) for work in CONTENT.mitigations]
    assert planned == sorted(planned)


def test_progress_is_what_the_last_report_said() -> None:
    for work in CONTENT.mitigations:
        reported = [step["progress"] for step in work["steps"]]
        assert reported == sorted(reported), work["key"]
        assert (reported[-1] if reported else 0) == work["progress"], work["key"]
        assert (work["progress"] == 100) == (work["status"] == "done"), work["key"]
        assert (work["progress"] == 0) == (work["status"] == "planned"), work["key"]
        if work["done_on"]:
            assert work["steps"][-1]["at"] == work["done_on"], work["key"]


def test_controls_have_an_owner_and_a_test_but_where_that_was_published_by_nobody() -> None:
    kept = tested = 0
    for risk in CONTENT.risks:
        closed = risk["timeline"][-1]["do"] == "close"
        for control in risk["controls"]:
            answers = (control["owner"], control["test_every_days"])
            assert all(answers) is (control["label"] == "illustrative" and not closed), control
            assert not control["test"] or all(answers)
            kept += all(answers)
            tested += control["test"] is not None
    assert (kept, tested) >= (25, 15)


def test_sources_of_a_mitigation_are_found_on_a_risk_that_it_serves() -> None:
    by_key = {risk["key"]: risk for risk in CONTENT.risks}
    for work in CONTENT.mitigations:
        known = {source["url"] for key in work["risks"] for source in by_key[key]["sources"]}
        assert {source["url"] for source in work["sources"]} <= known, work["key"]


@pytest.mark.parametrize("load_day", ["2025-01-01", "2026-06-30", "2026-11-24", "2031-05-05"])
def test_on_any_day_of_loading_every_story_is_in_order_and_past(load_day: str) -> None:
    day = dt.date.fromisoformat(load_day)
    calendar = files.calendar_shifted_to_fit(CONTENT, day)
    assert calendar.moved_back % 7 == 0
    assert (calendar.moved_back > 0) == (day < CONTENT.earliest_load_day)
    for risk in CONTENT.risks:
        days = [calendar.as_day(step["at"]) for step in risk["timeline"]]
        assert days == sorted(days), risk["key"]
        assert days[-1] < day, risk["key"]
    for work in CONTENT.mitigations:
        days = [
            calendar.as_day(at) for at in (work["created_on"], *(s["at"] for s in work["steps"]))
        ]
        assert days == sorted(days), work["key"]
        assert days[-1] < day, work["key"]
        assert calendar.day_after_loading(work["due"]) >= days[0], work["key"]

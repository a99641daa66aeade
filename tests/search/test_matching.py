"""Text is found and sorted as people do it, not by bytes."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.search import contains_every_word, fold_text, ref_typed, search_text, words_of
from riskreg.kernel.sorting import sort_key
from riskreg.risks.models import Risk
from tests import builders

TITLES = {
    "cap": "Überkapazität in Europe",
    "study": "ÉTUDE of the Market",
    "wide": "ＡＢＣ线路",
    "stroke": "Møller contract",
    "lease": "Lease packs",
}


@pytest.fixture
def titled(world):
    rows = {key: builders.risk(world, title=title, rated=None, opened=False)
            for key, title in TITLES.items() if key != "lease"}  # fmt: skip
    rows["lease"] = builders.risk(
        world,
        title=TITLES["lease"],
        rated=None,
        opened=False,
        translations={"zh-hans": {"title": "默认采用电池租赁"}},
        sources=[{"title": "Notice 61 of 2026", "url": "", "label": "sourced"}],
    )
    return rows


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("überkapazität", {"cap"}),
        ("uberkapazitat", {"cap"}),
        ("KAPAZ", {"cap"}),
        ("étude", {"study"}),
        ("etude market", {"study"}),
        ("abc", {"wide"}),
        ("线路", {"wide"}),
        ("路", {"wide"}),
        ("ABC线路", {"wide"}),
        ("moller", {"stroke"}),
        ("电池", {"lease"}),
        ("租", {"lease"}),
        ("notice 61", {"lease"}),
        ("lease 电池", {"lease"}),
        ("eu", {"cap"}),
        ("le", {"lease"}),
        ("ease", {"lease"}),
        ("title", set()),
        ("zh-hans", set()),
        ("sourced", set()),
        ("_", set()),
        ("%", set()),
        ("", set()),
        ("lease étude", set()),
    ],
)
def test_words_are_found_in_either_language_whatever_their_case_accents_and_width(
    titled, query, wanted
):
    causes = {"cause": "", "event": "", "consequence": ""}
    for row in titled.values():
        for name, value in causes.items():
            setattr(row, name, value)
        row.save(update_fields=[*causes])
    found = set(
        Risk.objects.filter(contains_every_word(query, ref="ref")).values_list("ref", flat=True)
    )
    assert found == {titled[key].ref for key in wanted}


@pytest.mark.parametrize("typed", ["r1", "R001", "R-1", "r-001", " R 1 ", "Ｒ１", "R-001", "r0001",
                                   "R\u2011001", "R\u2013001", "R\u22121"])  # fmt: skip
def test_a_ref_is_found_however_it_is_typed(titled, typed):
    assert Risk.objects.filter(contains_every_word(typed, ref="ref")).get().ref == "R-001"


@pytest.mark.parametrize("text", ["", "R", "1", "R-", "r-1x", "abcde-1", "R-1-2", "电池1"])
def test_what_is_no_ref_is_none(text):
    assert ref_typed(text) is None


def test_a_changed_text_is_found_by_its_new_words_alone(world):
    row = builders.risk(world, title="Ferry late")
    row.title = "Bridge closed"
    row.save(update_fields=["title"])
    assert Risk.objects.filter(contains_every_word("bridge")).get() == row
    assert not Risk.objects.filter(contains_every_word("ferry")).exists()


@pytest.mark.parametrize("table", [
    "accounts_user", "register_objective", "indicators_indicator", "reviews_review",
    "reviews_meeting", "risks_risk", "risks_mitigation", "risks_control", "risks_assessment",
])  # fmt: skip
def test_every_noun_that_can_be_found_has_its_index(db, table):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            names = "SELECT name FROM sqlite_master WHERE name LIKE %s"
            cursor.execute(names, [f"{table}_search%"])
            found = {name for (name,) in cursor.fetchall()}
            assert {f"{table}_search_{what}" for what in ("added", "changed", "gone")} <= found
        else:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s",
                           [f"{table}_search"])  # fmt: skip
            assert "gin_trgm_ops" in cursor.fetchone()[0]


def test_the_index_answers_and_no_row_is_scanned(titled):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A handful of rows would be scanned for good reason; the question is whether it may.
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Risk.objects.filter(contains_every_word("电池")).explain()
    if connection.vendor == "sqlite":
        assert "SCAN risks_risk_search VIRTUAL TABLE INDEX 0:L0" in plan
        assert "SEARCH risks_risk USING INTEGER PRIMARY KEY" in plan
    else:
        assert "risks_risk_search" in plan


@given(st.text(max_size=60))
def test_any_text_is_found_by_each_of_its_words(text):
    stored = search_text(text)
    assert stored.isascii()
    for word in words_of(text):
        assert (f"  {word}" if len(word) < 3 else word) in stored
    assert fold_text(fold_text(text)) == fold_text(text) or not text.isascii()


@pytest.mark.parametrize(
    "titles",
    [
        ["Apple", "étude", "Phase 2", "phase 12", "Zebra", "安全", "北京", "重庆"],
        ["1号线", "ABC", "安全", "北京", "重庆", "中国"],
    ],
)
def test_titles_sort_as_people_sort_them(titles):
    backwards = titles[::-1]
    assert sorted(backwards, key=sort_key) == titles


def test_the_risk_list_sorts_by_the_titles_that_its_reader_sees(world, web, api):
    for title, chinese in (("Phase 12", "安全"), ("Phase 2", "重庆"), ("apple", "北京")):
        builders.risk(world, title=title, translations={"zh-hans": {"title": chinese}})
    world.owner.language = "zh-hans"
    world.owner.save(update_fields=["language"])
    html = web(world.owner).get(f"/r/{world.register.slug}/risks/?ordering=title").content.decode()
    assert html.index("安全") < html.index("北京") < html.index("重庆")
    program = api(world.manager)
    url = f"/api/v1/registers/{world.register.slug}/risks/?ordering=title&limit=1"
    titles = []
    while url:
        answer = program.get(url).json()
        titles += [row["title"] for row in answer["results"]]
        url = answer["next"]
    assert titles == ["apple", "Phase 2", "Phase 12"]

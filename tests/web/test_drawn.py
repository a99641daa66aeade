"""Components that are drawn once: the same values, language and zone, and nothing else."""

import copy
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override

from riskreg.register.models import Criteria, Party
from riskreg.register.policy import clean_criteria, default_criteria
from riskreg.web.presenters import Scale
from riskreg.web.risks.rows import RiskRow
from riskreg.web.templatetags import rows, ui
from riskreg.web.ui import drawn

DAY = dt.date(2026, 11, 3)
ALIKE: list[list[tuple[Any, ...]]] = [
    [(value, value) for value in (1, 1.0, Decimal("1.0"), True, "1")],
    [("a", "b"), ("b", "a"), ("a", ""), ("a",)],
]


@pytest.mark.parametrize("values", ALIKE)
def test_what_is_equal_but_not_the_same_is_drawn_by_itself(values: list[tuple[Any, ...]]) -> None:
    def anew(*given: Any) -> str:
        return str(drawn._draw("components/badge.html", plain(*given)))

    def plain(text: Any, title: Any = "none") -> dict[str, Any]:
        return {"text": text, "title": title, "tone": "", "icon": ""}

    once = drawn.drawn_by_template("components/badge.html")(plain)
    for _again in range(2):
        assert [once(*given) for given in values] == [anew(*given) for given in values]
    # By name and by place are two ways to say the same.
    assert once("a", title="b") == once("a", "b")


def test_languages_and_zones_have_drawings_of_their_own() -> None:
    at = dt.datetime(2026, 11, 3, 22, 30, tzinfo=dt.UTC)
    found = set()
    for language in ("en", "zh-hans"):
        for zone in ("UTC", "Asia/Shanghai"):
            with override(language), timezone.override(zone):
                found.add(str(ui.draw_date(at, DAY)))
                assert ui.draw_date(at, DAY) == ui.draw_date(at, DAY)
    assert len(found) == 4
    with override("en"):
        assert "today" in ui.draw_date(DAY, DAY)
        assert "tomorrow" in ui.draw_date(DAY + dt.timedelta(days=1), DAY)


def test_what_nothing_can_be_kept_by_is_drawn_anew() -> None:
    listed = drawn.drawn_by_template("components/badge.html")(
        lambda texts: {"text": ", ".join(sorted(texts)), "tone": "", "icon": "", "title": ""}
    )
    texts = {"a"}
    assert listed(texts).split()[-2] == "a"
    texts.add("b")
    assert listed(texts).split()[-3:-1] == ["a,", "b"]


def test_a_row_that_changed_is_drawn_as_it_is() -> None:
    """Rows are equal by their key: what was drawn of one must not be shown of it later."""
    party = Party(pk=1, key="a", names={"en": "Before"})
    shown = drawn.drawn_by_template("components/badge.html")(
        lambda of: {"text": of.name, "tone": "", "icon": "", "title": ""}
    )
    with override("en"):
        assert "Before" in shown(party)
        assert "Before" in ui.private_mark(party)
        party.names = {"en": "After"}
        assert "After" in shown(party)
        assert "After" in ui.private_mark(party)


def test_lists_and_mappings_are_told_apart_by_what_is_in_them() -> None:
    shown = drawn.drawn_by_template("components/badge.html")(
        lambda of: {"text": repr(of), "tone": "", "icon": "", "title": ""}
    )
    given = [[1], [True], [1, [2]], [1, 2], {"a": 1}, {"a": [1]}, {"a": {"b": 1}}, [], {}]
    for _again in range(2):
        drawings = [str(shown(each)) for each in given]
        assert len(set(drawings)) == len(given)


def test_an_error_of_a_component_is_not_hidden() -> None:
    def wrong(_text: str) -> dict[str, Any]:
        raise TypeError("of the component")

    with pytest.raises(TypeError, match="of the component"):
        drawn.drawn_by_template("components/badge.html")(wrong)("a")


def test_what_has_a_key_of_its_own_is_told_apart_by_it() -> None:
    class Scale:
        def __init__(self, key: str, word: str) -> None:
            self.drawing_cache_key, self.word = key, word

    shown = drawn.drawn_by_template("components/badge.html")(
        lambda of: {"text": of.word, "tone": "", "icon": "", "title": ""}
    )
    assert "high" in shown(Scale("1", "high"))
    assert "high" in shown(Scale("1", "drawn before"))
    assert "severe" in shown(Scale("2", "severe"))


def test_no_more_drawings_are_kept_than_were_said() -> None:
    drawn_anew: list[int] = []

    def of(number: int) -> dict[str, Any]:
        drawn_anew.append(number)
        return {"text": str(number), "tone": "", "icon": "", "title": ""}

    shown = drawn.drawn_by_template("components/badge.html", kept=3)(of)
    for number in (1, 2, 3, 1, 2, 3, 4, 4, 2, 3, 1, 1):
        assert str(number) in shown(number)
    # The fourth one took the place of the oldest, which took that of the next oldest.
    assert drawn_anew == [1, 2, 3, 4, 1]


def test_a_row_of_the_list_is_drawn_anew_where_a_rating_has_another_name() -> None:
    given = copy.deepcopy(default_criteria())
    scale = Scale(Criteria(pk=1, **clean_criteria(given)))
    rating = given["ratings"][-1]
    worst, unrated = (rating["key"], 25), (None, None)
    row = RiskRow(
        "R-001", "/r/x/risks/R-001/", "Tariffs", "threat", "shared", "open", "Somebody", "North",
        *worst, *worst, *unrated, DAY, None,
    )  # fmt: skip
    with override("en"):
        assert rating["names"]["en"] in rows.risk_rows([row], scale, DAY)
        rating["names"]["en"] = "Beyond bearing"
        renamed = Scale(Criteria(pk=1, **clean_criteria(given)))
        assert "Beyond bearing" in rows.risk_rows([row], renamed, DAY)
        assert "Beyond bearing" not in rows.risk_rows([row], scale, DAY)

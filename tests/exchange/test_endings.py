"""How a risk of a row ended: what is certain is taken, all else is kept as it was said."""

from typing import Any

import pytest

from riskreg.exchange.mapping.endings import REASON_MAX
from tests.exchange.test_mapping import plan

HEAD = ["Risk", "Status", "Closed on", "Closed because", "Happened on", "What it cost"]
COST = "Where the cost is known from"


def row(*cells: Any, head: list[str] | None = None) -> Any:
    found = plan([head or HEAD, ["Ice", *cells], ["Rain", "Open", "", "", "", ""]])
    return found.rows[0]


def test_a_closed_risk_that_happened_says_why_when_and_at_which_cost() -> None:
    ended = row("Closed", "2026-03-01", "The ramp froze", "2026-02-28", "1.200,50", "derived",
                head=[*HEAD, COST])  # fmt: skip
    assert (ended.state, ended.closing_reason) == ("closed", "The ramp froze")
    assert ended.ending == {
        "closed_as": "happened",
        "happened_on": "2026-02-28",
        "happened_cost": "1200.50",
        "happened_cost_label": "derived",
    }


def test_a_cost_without_a_word_about_it_is_a_judgement() -> None:
    assert row("Closed", "2026-03-01", "", "2026-02-28", "1200").ending["happened_cost_label"] == (
        "judgement"
    )


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (("Open", "", "", "2026-02-28", ""), ("Happened on", "2026-02-28")),
        (("Closed", "2026-03-01", "", "2026-12-28", ""), ("Happened on", "2026-12-28")),
        (("Closed", "2026-03-01", "", "2026-02-28", "300 USD"), ("What it cost", "300 USD")),
        (("Closed", "2026-03-01", "", "", "300"), ("What it cost", "300")),
    ],
)
def test_what_cannot_be_meant_so_is_kept_as_it_was_said(
    cells: tuple[str, ...], kept: tuple[str, str]
) -> None:
    ended = row(*cells)
    assert kept in ended.kept
    assert "happened_cost" not in ended.ending


def test_of_a_reason_too_long_to_be_one_nothing_is_lost() -> None:
    long = "It froze. " * (REASON_MAX // 10) + "And thawed."
    ended = row("Closed", "2026-03-01", long, "", "")
    assert len(ended.closing_reason) == REASON_MAX
    assert ("Closed because", long) in ended.kept

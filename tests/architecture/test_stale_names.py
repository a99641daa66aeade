"""What is renamed is found where it stands as text, and not by the one run of all tests."""

import pytest

from tools import stale_names

pytestmark = pytest.mark.once


def test_no_text_names_what_there_is_not() -> None:
    assert stale_names.stale_names() == []


def found(text: str) -> list[str]:
    return [name for _line, name in stale_names.stale_names_in(f"x = {text!r}\n")]


@pytest.mark.parametrize(
    "stale",
    [
        # Keys of probes and of filters that are a second line.
        "risks/filters.py:_gone",
        "risks/gone.py:parse",
        # What a test puts something else in the place of.
        "riskreg.web.duties.my_work.GONE",
        "riskreg.web.duties.gone.MOST_DUTIES",
        "riskreg.risks.services.lookups.Lookups.gone",
        "riskreg.gone",
    ],
)
def test_a_planted_name_is_caught(stale: str) -> None:
    assert found(stale) == [stale]


@pytest.mark.parametrize(
    "program",
    [
        "from riskreg.risks.models import {}, State\n",
        "import os\nfrom riskreg.kernel import {}\nos.abort()\n",
        "def run():\n    import riskreg.{}\n",
    ],
)
def test_a_program_that_is_written_as_text_is_read(program: str) -> None:
    [stale] = found(program.format("Gone"))
    assert stale.startswith("riskreg.")
    assert stale.endswith(".Gone")


def test_a_name_that_a_test_replaces_in_a_module_is_looked_up() -> None:
    replaces = (
        "from riskreg.web.duties import my_work as page\nmonkeypatch.setattr(page, {!r}, 1)\n"
    )
    assert list(stale_names.stale_names_in(replaces.format("MOST_DUTIES"))) == []
    [(line, stale)] = stale_names.stale_names_in(replaces.format("GONE"))
    assert (line, stale) == (2, "riskreg.web.duties.my_work.GONE")


@pytest.mark.parametrize(
    "text",
    [
        "risks/filters.py:_visible_positions",
        "risks/services/lookups.py:__init__",
        "riskreg.web.duties.my_work.MOST_DUTIES",
        "riskreg.web.duties.my_work.agenda",
        "riskreg.risks.models",
        "from riskreg.risks.models import Risk, State\nimport riskreg.kernel.clock\n",
        "riskreg.sqlite3",
        "from riskreg comes a sentence",
        "see risks/filters.py: it says so",
    ],
)
def test_what_is_there_and_what_is_no_name_is_left_alone(text: str) -> None:
    assert found(text) == []

"""The guards hold what they say: no fault in the tree, and a planted one of each kind is caught."""

import ast
import tomllib
from pathlib import Path

import pytest

from tools import guards

pytestmark = pytest.mark.once

PYPROJECT = Path(__file__).resolve().parent.parent.parent / "pyproject.toml"
LINTER = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]
# A room's floor inside: what is not named here may stand anywhere in its room.
INSIDE = {"tasks", "services", "queries", "filters", "policy", "fields", "models"}


@pytest.mark.parametrize("guard", guards.GUARDS, ids=lambda guard: guard.__name__)
def test_the_tree_has_no_fault(guard: guards.Guard) -> None:
    assert guards.faults(guard) == []


def test_the_whole_tree_is_looked_at() -> None:
    seen = {path.parts[0] for path, _tree in guards.modules()}
    assert {"web", "api", "risks", "kernel", "quant", "reminders"} <= seen


@pytest.mark.parametrize(
    ("guard", "path", "text"),
    [
        (guards.faces_build_no_query, "web/risks/detail.py", "Risk.objects.all()"),
        (guards.faces_build_no_query, "api/risks.py", "x = Risk._default_manager"),
        (guards.policies_are_pure, "reviews/policy/coverage.py", "from django.db import models"),
        (guards.policies_are_pure, "duties/policy/ladder.py", "from django import db"),
        (guards.policies_are_pure, "risks/policy.py", "import celery"),
        (guards.policies_are_pure, "risks/policy.py", "x = Risk.objects.count()"),
        (guards.only_services_write, "risks/queries/access.py", "Risk.objects.create(title='x')"),
        (guards.only_services_write, "notify/opened.py", "row.save(update_fields=['a'])"),
        (guards.only_services_write, "accounts/queries.py",
         "ApiToken.objects.filter(pk=1).update(last_used_on=None)"),
        (guards.only_services_write, "web/risks/detail.py", "risk.delete()"),
        (guards.words_are_plain, "web/heatmap/page.py", "def _told(rows): ..."),
        (guards.words_are_plain, "reminders/queries/plan.py", "class Scene: ..."),
        (guards.words_are_plain, "api/risks.py", "def list(said): ..."),
        (guards.words_are_plain, "risks/queries/beside.py", "x = 1"),
        (guards.words_are_plain, "notify/tasks.py", "from riskreg import x as renewal"),
        (guards.words_are_plain, "web/home.py", "told = [1]"),
        (guards.parsers_say_so, "risks/services.py", "def _day(errors: Errors) -> Day: ..."),
        (guards.words_are_plain, "kernel/clock.py", "def end_of_day(day): ..."),
        (guards.words_are_plain, "risks/queries/lists.py", "def controls_of(risk): ..."),
        (guards.methods_say_what, "web/search.py", "class Pages:\n    def of(self, name): ..."),
        (guards.writers_have_verbs, "notify/services/circuits.py",
         "def failed(destination):\n    row.save()"),
        (guards.writers_have_verbs, "exchange/services/sendings.py",
         "def _new(row):\n    return PackSending.objects.create(schedule=row)"),
        (guards.refusals_say_so, "risks/queries/access.py", "def check_version(row) -> None: ..."),
        (guards.refusals_say_so, "risks/services.py", "def _check(row) -> None: ..."),
        (guards.conditions_say_so, "risks/appetite.py", "def above(matrix) -> Q: ..."),
        (guards.single_rows_say_so, "analysis/queries/chances.py",
         "def _newest(viewer) -> QuerySet[Run]:\n    return runs(viewer)[:1]"),
        (guards.words_are_plain, "web/errors.py", "def error_page(request): ..."),
        (guards.entries_say_so, "risks/services.py", "def close(row) -> list[Entry]: ..."),
        (guards.entries_say_so, "risks/services.py",
         "def close_and_build_entry(row) -> Any:\n    return actor.entry('closed', row)"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_caught(guard: guards.Guard, path: str, text: str) -> None:
    assert list(guard(Path(path), ast.parse(text)))


def test_a_long_file_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "long.py").write_text("x = 1\n" * (guards.LONGEST + 1))
    monkeypatch.setattr(guards, "ROOT", tmp_path)
    assert guards.faults(guards.files_are_short) == ["room/long.py: 401 lines; split it by noun"]


def test_settings_and_tools_are_read_in_a_sitting(tmp_path: Path) -> None:
    assert guards.long_files(*guards.BESIDE_THE_ROOMS) == []
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.py").write_text("x = 1\n" * (guards.LONGEST + 1))
    found = guards.long_files(tmp_path / "config")
    assert found == ["config/settings.py: 401 lines; split it"]


def test_no_line_of_a_template_is_too_wide() -> None:
    assert guards.wide_lines() == []


def test_a_wide_line_of_a_template_is_caught(tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "wide.html").write_text(f"<p>\n{'x' * (guards.WIDEST + 1)}\n</p>\n")
    (tmp_path / "page" / "fits.html").write_text("x" * guards.WIDEST)
    assert guards.wide_lines(tmp_path) == ["page/wide.html, line 2: 161 characters; break it"]


def rooms() -> set[str]:
    """The packages of ``riskreg`` that have floors of their own inside."""
    found = set()
    for folder in guards.ROOT.iterdir():
        names = {path.stem for path in folder.iterdir()} if folder.is_dir() else set()
        if len(names & INSIDE) > 1 and folder.name not in {*guards.FACES, "kernel"}:
            found.add(f"riskreg.{folder.name}")
    return found


def contract(name: str) -> dict[str, list[str]]:
    return next(c for c in LINTER["contracts"] if c["id"] == name)


def test_every_room_is_in_the_contracts_that_are_about_rooms() -> None:
    assert set(contract("rooms")["containers"]) == rooms()
    below_faces = {
        f"riskreg.{folder.name}"
        for folder in guards.ROOT.iterdir()
        if (folder / "apps.py").exists() and folder.name not in {*guards.FACES, "kernel", "up"}
    }
    assert set(contract("http")["source_modules"]) == below_faces | {
        "riskreg.search",
        "riskreg.duties",
    }

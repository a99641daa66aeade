"""What is drawn for the trial “nobody has to ask”: as a reader meets it, the same for a seed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import signatures  # noqa: E402


def test_a_seed_always_draws_the_same_and_another_seed_something_else() -> None:
    found = signatures.signatures()
    drawn = signatures.draw(found, 1)
    assert len(set(drawn)) == 60
    assert drawn == signatures.draw(signatures.signatures(), 1)
    assert drawn != signatures.draw(found, 2)


def test_a_signature_has_its_class_and_types_and_neither_docstring_nor_body(
    tmp_path: Path,
) -> None:
    module = tmp_path / "riskreg" / "room" / "lists.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        'def _find(ref: str, *, at: int = 3) -> str | None:\n    """Tell all."""\n    return ref\n'
        'class Rows:\n    """Told."""\n    @property\n    def one(self) -> int:\n        return 1\n'
        "    def __str__(self) -> str:\n        return 'no'\n"
    )
    (module.parent / "migrations").mkdir()
    (module.parent / "migrations" / "0001_initial.py").write_text("def fill(): ...\n")
    texts = [one.text for one in signatures.signatures(tmp_path / "riskreg")]
    assert texts == [
        "room.lists\n    def _find(ref: str, *, at: int=3) -> str | None",
        "room.lists.Rows\n    @property\n    def one(self) -> int",
    ]


def test_a_signature_gives_what_a_caller_gets_through_its_decorators(tmp_path: Path) -> None:
    module = tmp_path / "riskreg" / "rows.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        "def rows_of(build: Callable[P, Rows[M, R]]) -> Callable[P, list[R]]: ...\n"
        "def drawn(name: str) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, str]]: ...\n"
        "@rows_of\ndef one() -> Rows[Risk]: ...\n"
        "@rows_of\ndef two() -> Rows[Risk, tuple[int, str]]: ...\n"
        "def sql_of(build: Callable[P, Rows[Any, Any]]) -> Callable[P, tuple[str, Any]]: ...\n"
        "@sql_of\ndef four() -> Rows[Risk, int]: ...\n"
        "@tag\n@drawn('a')\ndef three() -> dict[str, Any]: ...\n"
    )
    texts = [one.text for one in signatures.signatures(tmp_path / "riskreg") if "@" in one.text]
    assert texts == [
        "rows\n    @rows_of\n    def one() -> list[Risk]",
        "rows\n    @rows_of\n    def two() -> list[tuple[int, str]]",
        "rows\n    @sql_of\n    def four() -> tuple[str, Any]",
        "rows\n    @tag\n    @drawn('a')\n    def three() -> str",
    ]

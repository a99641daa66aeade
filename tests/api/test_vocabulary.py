"""Error codes and verbs of events that the sources hold are all enumerated in the schema."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from riskreg.api.core.vocabulary import CODES, VERBS

ROOT = Path(__file__).resolve().parents[2] / "riskreg"
CODE, VERB = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[a-z]+\.[a-z_]+")
# What notes an error: the place of the code among the arguments of each.
CODE_AT = {"add": 1, "one": 1, "FieldError": 0}
# What logs an event. Events of accounts stand in chains of their own; actions look like verbs.
LOGS = {"entry", "_entry", "Entry", "_log", "_keep", "append", "_saved", "note"}
NOT_IN_A_REGISTER = ("token.", "user.", "calendar.", "account.")
ACTIONS = {"risk.review"}


def calls() -> Iterator[ast.Call | ast.Dict]:
    """Every call and every dictionary in the sources of every room, without migrations."""
    for path in sorted(ROOT.rglob("*.py")):
        if "migrations" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call | ast.Dict):
                    yield node


def name_of(call: ast.Call) -> str:
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def texts(node: ast.AST, pattern: re.Pattern[str]) -> Iterator[str]:
    for each in ast.walk(node):
        if (
            isinstance(each, ast.Constant)
            and isinstance(each.value, str)
            and pattern.fullmatch(each.value)
        ):
            yield each.value


def test_every_error_code_is_enumerated() -> None:
    found: set[str] = set()
    for node in calls():
        if isinstance(node, ast.Dict):
            keys = [k.value if isinstance(k, ast.Constant) else None for k in node.keys]
            if {"pointer", "code"} <= set(keys):
                found |= set(texts(node.values[keys.index("code")], CODE))
        elif (at := CODE_AT.get(name_of(node))) is not None and len(node.args) > at:
            found |= set(texts(node.args[at], CODE))
    assert len(found) > 80
    assert found - set(CODES) == set(), "list these in riskreg/api/core/vocabulary.py"


def test_every_verb_is_enumerated() -> None:
    found: set[str] = set()
    for node in calls():
        if isinstance(node, ast.Call) and name_of(node) in LOGS:
            for each in (*node.args, *(k.value for k in node.keywords)):
                found |= set(texts(each, VERB))
    found = {verb for verb in found if not verb.startswith(NOT_IN_A_REGISTER)} - ACTIONS
    assert len(found) > 30
    assert found - set(VERBS) == set(), "list these in riskreg/api/core/vocabulary.py"

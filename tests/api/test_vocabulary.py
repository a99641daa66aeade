"""Error codes and verbs of events that the sources hold are all enumerated in the schema."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from riskreg.api.core.vocabulary import CODES, VERBS

ROOT = Path(__file__).resolve().parents[2] / "riskreg"
CODE, VERB = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[a-z_]+\.[a-z_]+")
# What notes an error: the place of the code among the arguments of each.
CODE_AT = {"add": 1, "one": 1, "FieldError": 0}
# Events of accounts stand in chains of their own.
NOT_IN_A_REGISTER = ("system.", "token.", "user.", "calendar.", "account.")


def nodes() -> Iterator[ast.AST]:
    """Every node of the sources of every room, without migrations."""
    for path in sorted(ROOT.rglob("*.py")):
        if "migrations" not in path.parts:
            yield from ast.walk(ast.parse(path.read_text()))


def calls() -> Iterator[ast.Call | ast.Dict]:
    """Every call and every dictionary."""
    return (node for node in nodes() if isinstance(node, ast.Call | ast.Dict))


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


def takes_verb(node: ast.AST) -> Iterator[tuple[str, int]]:
    """(name, place among the arguments) where a function or dataclass takes a ``verb``."""
    if isinstance(node, ast.FunctionDef):
        names = [each.arg for each in (*node.args.posonlyargs, *node.args.args)]
        names = names[1:] if names[:1] == ["self"] else names
    elif isinstance(node, ast.ClassDef):
        fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
        names = [each.id for each in fields if isinstance(each, ast.Name)]
    else:
        return
    if "verb" in names:
        yield node.name, names.index("verb")


def written_verbs(node: ast.AST, places: dict[str, set[int]]) -> Iterator[str]:
    """The texts that ``node`` gives for a verb: as an argument, as a variable, as a default."""
    given: list[ast.AST] = []
    if isinstance(node, ast.Call):
        given += [k.value for k in node.keywords if k.arg == "verb"]
        at = places.get(name_of(node), set())
        given += [each for n, each in enumerate(node.args) if n in at]
    elif isinstance(node, ast.Assign):
        if any(isinstance(each, ast.Name) and each.id == "verb" for each in node.targets):
            given.append(node.value)
    elif isinstance(node, ast.arguments):
        named = (*node.posonlyargs, *node.args)
        given += [
            value
            for arg, value in zip(reversed(named), reversed(node.defaults), strict=False)
            if arg.arg == "verb"
        ]
    for each in given:
        yield from texts(each, VERB)


def test_every_verb_is_enumerated() -> None:
    """A verb is what is given where a ``verb`` is taken; other texts with a point are not."""
    places: dict[str, set[int]] = {}
    for name, place in (pair for node in nodes() for pair in takes_verb(node)):
        places.setdefault(name, set()).add(place)
    found = {verb for node in nodes() for verb in written_verbs(node, places)}
    found = {verb for verb in found if not verb.startswith(NOT_IN_A_REGISTER)}
    assert len(found) > 80
    assert found - set(VERBS) == set(), "list these in riskreg/api/core/vocabulary.py"

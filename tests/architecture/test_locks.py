"""Each image installs what the tests run with, and of it just what it needs."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from locked import read_lock  # noqa: E402
from locks import PARTS, WHOLE, asked_for, part_of  # noqa: E402

pytestmark = pytest.mark.once
LOCK = """\
a==1 \\
    --hash=sha256:00
    # via riskreg (pyproject.toml)
b==1 ; python_full_version < '3.12' \\
    --hash=sha256:00
    # via
    #   a
    #   w
b==2 ; python_full_version >= '3.12' \\
    --hash=sha256:00
    # via
    #   a
    #   w
c==1 \\
    --hash=sha256:00
    # via
    #   b
    #   riskreg (pyproject.toml)
    #   v
v==1 \\
    --hash=sha256:00
    # via w
w==1 \\
    --hash=sha256:00
    # via riskreg (pyproject.toml)
x==1 \\
    --hash=sha256:00
    # via riskreg (pyproject.toml:dev)
"""


def test_what_workers_alone_ask_for_is_left_out_and_nothing_else() -> None:
    assert part_of(LOCK, ["a>=1"]) == LOCK.partition("v==1")[0].replace(
        "    # via\n    #   a\n    #   w\n", "    # via a\n"
    ).replace("    #   v\n", "")
    assert part_of(LOCK, ["a", "W[x]>=1"]) == LOCK[: LOCK.index("x==1")]
    assert part_of(LOCK, ["w"]) == LOCK[LOCK.index("b==1") : LOCK.index("x==1")].replace(
        "    # via\n    #   a\n    #   w\n", "    # via w\n"
    )


def test_nothing_is_shipped_that_is_not_tested() -> None:
    whole = {(pin.name, pin.version, *pin.hashes) for pin in read_lock(WHOLE)}
    runtime, web = (
        {(pin.name, pin.version, *pin.hashes) for pin in read_lock(file)} for file in PARTS
    )
    assert web < runtime < whole
    alone = {"lxml", "numpy", "python-pptx", "scipy", "xlsxwriter"}
    assert {pin[0] for pin in runtime - web} == alone
    for file, extras in PARTS.items():
        assert file.read_text() == part_of(WHOLE.read_text(), asked_for(*extras))

"""The web installs what everything runs with, except what is for workers alone."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from locked import read_lock  # noqa: E402
from web_lock import WEB, WHOLE, project_needs, web_lock  # noqa: E402

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
"""


def test_what_workers_alone_ask_for_is_left_out_and_nothing_else() -> None:
    assert web_lock(LOCK, {"a"}) == LOCK.partition("v==1")[0].replace(
        "    # via\n    #   a\n    #   w\n", "    # via a\n"
    ).replace("    #   v\n", "")
    assert web_lock(LOCK, {"a", "w"}) == LOCK
    assert web_lock(LOCK, {"w"}) == LOCK[LOCK.index("b==1") :].replace(
        "    # via\n    #   a\n    #   w\n", "    # via w\n"
    )


def test_the_lock_of_the_web_is_made_of_the_other() -> None:
    assert WEB.read_text() == web_lock(WHOLE.read_text(), project_needs())
    web = {(pin.name, pin.version, *pin.hashes) for pin in read_lock(WEB)}
    whole = {(pin.name, pin.version, *pin.hashes) for pin in read_lock(WHOLE)}
    assert web < whole
    alone = {"lxml", "numpy", "python-pptx", "scipy", "xlsxwriter"}
    assert {pin[0] for pin in whole - web} == alone

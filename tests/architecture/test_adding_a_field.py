"""The three steps of docs/adding.md, performed: a field ``velocity`` on Risk in a copy of the tree.

Five files are touched: the model, its migration (which makemigrations writes), the entry in the
table, a line in the form's template and the catalogue with its translations (the compiled one is
made of it). Nothing else of the product is changed; then the copy's own pages, API, schema,
history, filter, conflict page and events are asked about the field, in a process of its own.
"""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".git", ".venv", "var", "node_modules")
MODEL, TABLE = "riskreg/risks/models/risks.py", "riskreg/risks/fields/risks.py"
FORM = "templates/risks/form.html"
CATALOGUE = "riskreg/locale/zh_Hans/LC_MESSAGES/django.po"
CHOICES = '''class Velocity(models.TextChoices):
    """How soon it would be felt."""

    DAYS = "days", _("within days")
    MONTHS = "months", _("within months")


class Risk('''
COLUMN = """    velocity = models.CharField(
        max_length=6, choices=Velocity.choices, blank=True, default=""
    )
    external_id = """
ENTRY = """        Field(
            "velocity",
            Type.CHOICE,
            label=_("Velocity"),
            history=_("velocity"),
            meaning="how soon it would be felt; empty: not said",
            choices=Velocity,
            example="months",
            filter=True,
            **_EDIT,
            **_TOLD,
        ),
        Field("sources", Type.SOURCES"""
CHINESE = {
    "Velocity": "影响速度",
    "velocity": "影响速度",
    "within days": "数日内",
    "within months": "数月内",
}
CHECK = """
import json

import pytest

from riskreg.events.models import Event
from riskreg.risks.models import Risk
from tests import builders

pytestmark = pytest.mark.django_db


def test_velocity_end_to_end(world):
    row = builders.risk(world)
    address, root = f"/r/{world.register.slug}/risks/", f"/api/v1/registers/{world.register.slug}/"
    client, program = builders.web(world.owner), builders.api(world.owner)
    page = client.get(f"{address}{row.ref}/edit/").content.decode()
    assert '<select name="velocity"' in page
    assert "Within months" in page
    form = client.get(f"{address}{row.ref}/edit/").context["form"]
    sent = {}
    for bound in form:
        value = form.get_initial_for_field(bound.field, bound.name)
        sent[bound.name] = "" if value is None else value
        sent[f"initial-{bound.name}"] = sent[bound.name]
    sent |= {"sources-TOTAL_FORMS": 0, "sources-INITIAL_FORMS": 0, "seen_sources": "[]"}
    assert client.post(f"{address}{row.ref}/edit/", {**sent, "velocity": "days"}).status_code == 302
    assert Risk.objects.get().velocity == "days"
    # API: answer, change, refusal by name, filter
    seen = program.get(f"{root}risks/{row.ref}/")
    assert seen.json()["velocity"] == "days"
    tag = {"If-Match": seen["ETag"]}
    change = {"content_type": "application/json", "headers": tag}
    bad = program.patch(f"{root}risks/{row.ref}/", {"velocity": "soon"}, **change).json()
    assert [(e["pointer"], e["code"]) for e in bad["errors"]] == [("#/velocity", "unknown")]
    done = program.patch(f"{root}risks/{row.ref}/", {"velocity": "months"}, **change)
    assert done.json()["velocity"] == "months"
    for value, count in (("months", 1), ("days", 0)):
        assert len(program.get(f"{root}risks/?velocity={value}").json()["results"]) == count
    assert program.get(f"{root}risks/?velocity=soon").status_code == 400
    listed = client.get(f"{address}?velocity=months").content.decode()
    assert row.ref in listed
    assert "Velocity: Within months" in listed
    # event and history, in both languages
    told = json.loads(Event.objects.filter(verb="risk.edited").latest("pk").changes)
    assert told["velocity"] == ["days", "months"]
    history = client.get(f"{address}{row.ref}/history/").content.decode()
    assert "velocity" in history
    assert "Within months" in history
    world.owner.language = "zh-hans"
    world.owner.save()
    assert "影响速度" in client.get(f"{address}{row.ref}/history/").content.decode()
    world.owner.language = "en"
    world.owner.save()
    # conflict: what was read before the change above
    clash = client.post(f"{address}{row.ref}/edit/", {**sent, "velocity": "days"})
    assert clash.status_code == 409
    (asked,) = clash.context["differing"]
    assert (asked["name"], asked["mine"], asked["theirs"]) == (
        "velocity", "within days", "within months",
    )
    # schema
    shapes = program.get("/api/schema/").json()["components"]["schemas"]
    assert shapes["RiskChangeRequest"]["properties"]["velocity"]["enum"] == ["", "days", "months"]
    assert "how soon" in shapes["Risk"]["properties"]["velocity"]["description"]
"""


def edit(tree: Path, name: str, old: str, new: str) -> None:
    path = tree / name
    text = path.read_text()
    assert text.count(old) == 1, (name, old)
    path.write_text(text.replace(old, new))


def run(tree: Path, *words: str) -> None:
    env = {
        **os.environ, "DATABASE_URL": f"sqlite:///{tree / 'copy.sqlite3'}", "PYTHONPATH": str(tree),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, capture_output=True, text=True, env=env
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]


def touched(tree: Path) -> set[str]:
    """Files of the product that are new or different in the copy; compiled ones aside."""
    found = set()
    for folder in ("riskreg", "templates", "config"):
        for path in (tree / folder).rglob("*"):
            name = path.relative_to(tree)
            if path.is_file() and "__pycache__" not in name.parts and path.suffix != ".mo":
                here = ROOT / name
                if not here.exists() or not filecmp.cmp(here, path, shallow=False):
                    found.add(name.as_posix())
    return found


@pytest.mark.process
@pytest.mark.once
@pytest.mark.slow
def test_a_field_is_added_in_three_steps(tmp_path: Path) -> None:
    tree = tmp_path / "copy"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    # 1. the column
    edit(tree, MODEL, "class Risk(", CHOICES)
    edit(tree, MODEL, "    external_id = ", COLUMN)
    run(tree, "manage.py", "makemigrations", "risks", "-n", "velocity")
    # 2. its entry
    imports = "from riskreg.risks.models import Kind, Response, State\n"
    edit(tree, TABLE, imports, f"{imports}from riskreg.risks.models.risks import Velocity\n")
    edit(tree, TABLE, '        Field("sources", Type.SOURCES', ENTRY)
    # 3. a line in the template, and its words in Chinese
    line = "{% for f in form.first_language_fields %}{% field f %}{% endfor %}"
    edit(tree, FORM, line, f"{line}{{% field form.velocity %}}")
    run(tree, "tools/messages.py")
    catalogue = polib.pofile(str(tree / CATALOGUE), wrapwidth=0)
    for entry in catalogue:
        if entry.msgid in CHINESE:
            entry.msgstr = CHINESE[entry.msgid]
            entry.flags, entry.previous_msgid = [], None
    catalogue.save()
    run(tree, "tools/messages.py")
    files = touched(tree)
    migration = {name for name in files if name.endswith("_velocity.py")}
    assert len(migration) == 1
    assert files == {MODEL, TABLE, FORM, CATALOGUE, *migration}
    (tree / "tests/test_velocity_check.py").write_text(CHECK)
    checks = ("tests/test_velocity_check.py", "tests/architecture/test_field_tables.py")
    run(tree, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *checks)

"""The bill of materials names exactly what is locked; flaws are found without a network."""

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import advisories  # noqa: E402
import sbom  # noqa: E402
from locked import Locked, read_lock  # noqa: E402

pytestmark = pytest.mark.once
LOCKS = (
    "requirements.runtime.lock", "requirements.web.lock", "requirements.lock",
    "requirements.bench.lock",
)  # fmt: skip


@pytest.mark.parametrize("name", LOCKS)
def test_it_names_exactly_the_locked_packages(name: str) -> None:
    # Read in another way than the tool does.
    pins = re.findall(r"(?m)^([^\s=\[]+)(?:\[\S+\])?==(\S+)", (ROOT / name).read_text())
    content = sbom.bill(ROOT / name)
    named = sorted((one["name"], one["version"]) for one in content["components"])
    assert named == sorted((name.lower().replace("_", "-"), version) for name, version in pins)
    assert len(named) > 50
    refs = [one["bom-ref"] for one in content["components"]]
    assert len(set(refs)) == len(refs)


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """CycloneDX's own, in the version that a bill says of itself."""
    folder = Path(__file__).parent / "cyclonedx"
    read = {path.name: json.loads(path.read_text()) for path in folder.glob("*.schema.json")}
    beside = [
        (f"http://cyclonedx.org/schema/{name}", Resource.from_contents(content))
        for name, content in read.items()
    ]
    return Draft7Validator(
        read["bom-1.6.SNAPSHOT.schema.json"], registry=Registry().with_resources(beside),
        format_checker=FormatChecker(),
    )  # fmt: skip


def faults(schema: Draft7Validator, content: dict[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(content)]


@pytest.mark.parametrize("name", LOCKS)
def test_it_is_a_bill_by_the_schema_of_cyclonedx(schema: Draft7Validator, name: str) -> None:
    assert faults(schema, sbom.bill(ROOT / name)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("serialNumber",), "urn:uuid:1"),
        (("metadata", "component", "type"), "program"),
        (("components", 0, "type"), None),
        (("components", 0, "scope"), "sometimes"),
        (("components", 0, "licence"), "MIT"),
        (("components", 0, "licenses"), [{"license": {"id": "No-Such-Licence"}}]),
        (("components", 0, "licenses"), [{"expression": "MIT"}, {"license": {"name": "MIT"}}]),
        (("dependencies", 0, "dependsOn"), "django"),
    ],
)
def test_the_schema_refuses_what_is_no_bill(
    schema: Draft7Validator, place: tuple[Any, ...], value: Any
) -> None:
    content = sbom.bill(ROOT / LOCKS[0])
    there: Any = content
    for key in place[:-1]:
        there = there[key]
    there[place[-1]] = value
    assert faults(schema, content)


def test_its_shape_is_what_programs_that_read_bills_expect() -> None:
    content = sbom.bill(ROOT / LOCKS[0])
    assert (content["bomFormat"], content["specVersion"], content["version"]) == (
        "CycloneDX", "1.6", 1,
    )  # fmt: skip
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        content["serialNumber"])  # fmt: skip
    root = content["metadata"]["component"]
    refs = {root["bom-ref"], *(one["bom-ref"] for one in content["components"])}
    asks = {one["ref"]: set(one["dependsOn"]) for one in content["dependencies"]}
    assert asks.keys() == refs
    assert set().union(*asks.values()) == refs - {root["bom-ref"]}
    purls = {one["name"]: one["purl"] for one in content["components"]}
    assert purls["django"] in asks[root["bom-ref"]]
    assert purls["kombu"] in asks[purls["celery"]]
    for one in content["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        hashes = [p["value"] for p in one["properties"] if p["name"].endswith("sha256")]
        assert hashes
        for licence in one.get("licenses", []):
            assert licence.keys() in ({"expression"}, {"license"})
    # The same lock gives the same bill.
    assert sbom.bill(ROOT / LOCKS[0]) == content


def test_licences_are_told_of_what_is_installed_and_of_nothing_else() -> None:
    content = sbom.bill(ROOT / LOCKS[0])
    told = {one["name"]: one.get("licenses") for one in content["components"]}
    assert told["django"] == [{"expression": "BSD-3-Clause"}]
    assert all(told[name] for name in ("celery", "gunicorn", "weasyprint", "pillow"))
    assert sbom.licences(Locked("django", "1.0")) == []
    assert sbom.licences(Locked("no-such-package", "1.0")) == []
    text = sbom.notices(ROOT / LOCKS[0])
    assert "== django " in text
    assert "Redistribution and use in source and binary forms" in text


def test_it_is_written_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, notices = tmp_path / "deep" / "bill.json", tmp_path / "notices.txt"
    monkeypatch.setattr(sys, "argv", ["sbom.py", str(file), "--notices", str(notices)])
    assert sbom.main() == 0
    assert json.loads(file.read_text()) == sbom.bill(ROOT / LOCKS[0])
    assert notices.stat().st_size > 10_000


def test_a_line_that_is_no_pin_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("one==1.0\n-e ../two\n")
    with pytest.raises(ValueError, match=r"some\.lock, line 2"):
        read_lock(lock)


RANGE = {"ranges": [{"type": "ECOSYSTEM", "events": [
    {"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"}, {"last_affected": "2.3"},
]}]}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "affected", "found"),
    [
        ("1.4.9", RANGE, True), ("1.5", RANGE, False), ("1.9", RANGE, False),
        ("2.0", RANGE, True), ("2.3", RANGE, True), ("2.3.1", RANGE, False),
        ("3.0rc1", {"versions": ["3.0rc1"]}, True), ("3.0", {"versions": ["3.0rc1"]}, False),
        ("1.10", {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}, False),
        ("1.10", {"ranges": [{"type": "ECOSYSTEM", "events": [
            {"introduced": "1.9"}, {"fixed": "1.10"}]}]}, False),
    ],
)  # fmt: skip
def test_which_versions_an_advisory_names(version: str, affected: Any, found: bool) -> None:
    assert advisories.is_affected(version, affected) is found


def test_flaws_of_what_changed_since_another_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = tmp_path / "known"
    known.mkdir()
    for name, pins in (("old", ["kept==1.0", "gone==2.0", "moved==1.0"]),
                       ("new", ["kept==1.0", "moved==1.1", "Came_Now==0.1"])):  # fmt: skip
        (tmp_path / name).write_text("\n".join(pins))

    def run(*arguments: str) -> int:
        given = ["advisories.py", "--lock", str(tmp_path / "new"), *arguments]
        monkeypatch.setattr(sys, "argv", given)
        return advisories.main()

    assert run("--known", str(known)) == 2
    for number, package in enumerate(("kept", "came.now", "gone")):
        body = {"id": f"OSV-{number}", "summary": "Bad.", "affected": [
            {"package": {"ecosystem": "PyPI", "name": package}, **RANGE}]}  # fmt: skip
        if package == "kept":
            (known / "one.json").write_text(json.dumps(body))
            continue
        with zipfile.ZipFile(known / f"{number}.zip", "w") as archive:
            archive.writestr("a.json", json.dumps(body))
            archive.writestr("b.json", json.dumps({**body, "id": "X", "withdrawn": "2026"}))
    assert run("--known", str(known)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "kept 1.0: OSV-0 Bad.", "came-now 0.1: OSV-1 Bad.",
    ]  # fmt: skip
    assert run("--known", str(known), "--before", str(tmp_path / "old")) == 1
    assert capsys.readouterr().out.splitlines() == [
        "added came-now 0.1", "removed gone 2.0", "changed moved 1.0 to 1.1",
        "came-now 0.1: OSV-1 Bad.",
    ]  # fmt: skip
    assert run() == 0

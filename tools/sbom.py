"""The bill of materials: every locked package, as CycloneDX 1.6 JSON, and the licences' own texts.

``tools/sbom.py [--lock requirements.runtime.lock] [--notices FILE] FILE``. The same lock gives the
same bill. Licences are known of packages that are installed here in the locked version. Needs
nothing but Python.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from locked import Locked, read_lock

ROOT = Path(__file__).resolve().parent.parent
_TEXTS = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")


def bill(lock: Path) -> dict[str, Any]:
    """The bill of ``lock``."""
    pins = read_lock(lock)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    root = f"pkg:generic/{project['name']}@{project['version']}"
    by_name: dict[str, list[Locked]] = {}
    for pin in pins:
        by_name.setdefault(pin.name, []).append(pin)
    asked: dict[str, set[str]] = {root: set(), **{pin.purl: set() for pin in pins}}
    for pin in pins:
        for asker in pin.via or [""]:
            # Of a group of development, which is no package, it is the project that asks.
            askers = [one.purl for one in by_name.get(asker, [])] or [root]
            for one in askers:
                asked[one].add(pin.purl)
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            },
            "properties": [{"name": "riskreg:lock", "value": lock.name}],
        },
        "components": [_component(pin) for pin in pins],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(others)} for ref, others in sorted(asked.items())
        ],
    }
    text = json.dumps(content, sort_keys=True)
    return {**content, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"}


def _component(pin: Locked) -> dict[str, Any]:
    # A package has several files, one of which is installed: each hash is of another of them.
    properties = [{"name": "riskreg:lock:sha256", "value": digest} for digest in pin.hashes]
    if pin.marker:
        properties.append({"name": "riskreg:lock:marker", "value": pin.marker})
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": pin.purl,
        "name": pin.name,
        "version": pin.version,
        "purl": pin.purl,
        "scope": "optional" if pin.marker else "required",
        "properties": properties,
    }
    if found := licences(pin):
        component["licenses"] = found
    return component


def installed(pin: Locked) -> metadata.Distribution | None:
    """What is installed here of ``pin``, in exactly that version."""
    try:
        found = metadata.distribution(pin.name)
    except metadata.PackageNotFoundError:
        return None
    return found if found.version == pin.version else None


def licences(pin: Locked) -> list[dict[str, Any]]:
    """What the installed package says of its licence; empty where it is not known here."""
    found = installed(pin)
    if found is None:
        return []
    if expression := _first(found, "License-Expression"):
        return [{"expression": expression}]
    free = _first(found, "License")
    if free and len(free) <= 60 and "\n" not in free:
        return [{"license": {"name": free}}]
    classes = found.metadata.get_all("Classifier") or []
    names = [text.rpartition(" :: ")[2] for text in classes if text.startswith("License :: ")]
    return [{"license": {"name": name}} for name in names if name != "OSI Approved"]


def _first(found: metadata.Distribution, name: str) -> str:
    return str((found.metadata.get_all(name) or [""])[0]).strip()


def notices(lock: Path) -> str:
    """The texts of licence that the installed packages bring, one package after the other."""
    parts = []
    for pin in sorted(read_lock(lock), key=lambda pin: pin.name):
        found = installed(pin)
        files = sorted(found.files or [], key=str) if found else []
        texts = [
            Path(file.locate()).read_text(encoding="utf-8", errors="replace").strip()
            for file in files
            if file.name.upper().startswith(_TEXTS) and ".dist-info" in str(file)
        ]
        if texts:
            parts.append("\n\n".join([f"== {pin.name} {pin.version}", *texts]))
    return "\n\n\n".join(parts) + "\n"


def main() -> int:
    """Write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where the bill goes")
    parser.add_argument("--lock", type=Path, default=ROOT / "requirements.runtime.lock")
    parser.add_argument("--notices", type=Path, help="where the texts of licences go")
    given = parser.parse_args()
    content = bill(given.lock)
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    if given.notices:
        given.notices.write_text(notices(given.lock), encoding="utf-8")
    known = sum("licenses" in one for one in content["components"])
    print(f"{given.file}: {len(content['components'])} packages, licences known of {known}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

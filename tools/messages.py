"""Translations: extract the texts, compile the catalogues, or check both (``--check``).

Compiled catalogues are committed, because a fresh machine has no ``msgfmt``. The check fails when
a text has no translation, a translation lost a placeholder, a compiled file is not what its source
says, or, where ``xgettext`` is there, the source code has a text the catalogue does not know.
"""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import polib
from chinese import faults_in, settle

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "riskreg" / "locale"
LANGUAGES = ("zh_Hans",)
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
# With riskreg/locale in sight, makemessages would write there whatever folder it is told.
_IGNORED = ["riskreg/locale", ".venv", "var", "tests", "bench", "docs", "tools"]


def extract(locales: Path) -> None:
    """Bring the catalogues in ``locales`` up to date with the code and the templates."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    sys.path.insert(0, str(ROOT))
    os.chdir(ROOT)
    import django
    from django.conf import settings
    from django.core.management import call_command

    django.setup()
    settings.LOCALE_PATHS = [locales]
    call_command(
        "makemessages",
        locale=list(LANGUAGES),
        ignore_patterns=_IGNORED,
        extensions=["html", "txt", "py"],
        add_location="file",
        no_wrap=True,
        no_obsolete=True,
        verbosity=0,
    )
    for language in LANGUAGES:
        path = locales / language / "LC_MESSAGES" / "django.po"
        catalogue = polib.pofile(str(path), wrapwidth=0)
        # gettext's form to fill in, and times that would make every extraction a change.
        catalogue.header = "Texts of riskreg. Made by `make messages`; translate msgstr only."
        catalogue.metadata = {
            "Project-Id-Version": "riskreg",
            "Language": language,
            "MIME-Version": "1.0",
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Plural-Forms": catalogue.metadata.get("Plural-Forms", "nplurals=1; plural=0;"),
        }
        catalogue.metadata_is_fuzzy = False
        if language.startswith("zh"):
            _settle(catalogue)
        catalogue.save()


def _settle(catalogue: polib.POFile) -> None:
    """Put the settled Chinese words, and no blank at figures, into every translation."""
    for entry in catalogue:
        entry.msgstr = settle(entry.msgstr)
        entry.msgstr_plural = {n: settle(text) for n, text in entry.msgstr_plural.items()}


def compile_all() -> None:
    """Write the ``.mo`` beside every ``.po``."""
    for path in sorted(LOCALES.glob("*/LC_MESSAGES/*.po")):
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))


def entries(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str, str], object]:
    """What a catalogue translates, in a form two catalogues can be compared by."""
    return {
        (entry.msgctxt or "", entry.msgid): sorted(entry.msgstr_plural.items())
        if entry.msgid_plural
        else entry.msgstr
        for entry in catalogue
        if not entry.obsolete
    }


def faults_of(path: Path) -> list[str]:
    """What is wrong with one ``.po`` and its ``.mo``; empty when all is well."""
    catalogue = polib.pofile(str(path))
    name = path.relative_to(LOCALES)
    faults = [
        f"{name}: no translation: {entry.msgid!r}" for entry in catalogue.untranslated_entries()
    ]
    faults += [f"{name}: to be confirmed: {entry.msgid!r}" for entry in catalogue.fuzzy_entries()]
    for entry in catalogue.translated_entries():
        wanted = set(_PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in list(entry.msgstr_plural.values()) or [entry.msgstr]:
            if set(_PLACEHOLDER.findall(text)) != wanted:
                faults.append(f"{name}: other placeholders than the original: {entry.msgid!r}")
        if path.parent.parent.name.startswith("zh"):
            faults += [
                f"{name}: {fault}: {text!r}"
                for text in list(entry.msgstr_plural.values()) or [entry.msgstr]
                for fault in faults_in(text)
            ]
    compiled = path.with_suffix(".mo")
    if not compiled.exists():
        faults.append(f"{name}: not compiled; run make messages")
    elif entries(polib.mofile(str(compiled))) != entries(catalogue):
        faults.append(f"{name}: the compiled file is not current; run make messages")
    return faults


def unknown_texts() -> list[str]:
    """Texts in the code that no catalogue has, and the other way round."""
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "locale"
        shutil.copytree(LOCALES, copy)
        extract(copy)
        for language in LANGUAGES:
            relative = Path(language) / "LC_MESSAGES" / "django.po"
            now = entries(polib.pofile(str(LOCALES / relative)))
            wanted = entries(polib.pofile(str(copy / relative)))
            faults += [
                f"{language}: not extracted: {key[1]!r}" for key in wanted.keys() - now.keys()
            ]
            faults += [
                f"{language}: no longer used: {key[1]!r}" for key in now.keys() - wanted.keys()
            ]
    return faults


def check() -> int:
    """Print every fault; 1 when there is one."""
    faults: list[str] = []
    for language in LANGUAGES:
        path = LOCALES / language / "LC_MESSAGES" / "django.po"
        if path.exists():
            faults += faults_of(path)
        else:
            faults.append(f"{language}: there is no catalogue; run make messages")
    if shutil.which("xgettext") and not faults:
        faults += unknown_texts()
    elif not shutil.which("xgettext"):
        print("left out: comparing catalogues with the code (xgettext is not installed)")
        if os.environ.get("REQUIRE_ALL"):
            faults.append("REQUIRE_ALL is set and xgettext is missing")
    for fault in faults[:40]:
        print(fault)
    if len(faults) > 40:
        print(f"and {len(faults) - 40} more")
    return 1 if faults else 0


def main() -> int:
    """Extract where possible and compile; or check."""
    if "--check" in sys.argv:
        return check()
    if shutil.which("xgettext"):
        for language in LANGUAGES:
            (LOCALES / language / "LC_MESSAGES").mkdir(parents=True, exist_ok=True)
        extract(LOCALES)
    else:
        print("left out: extracting texts (xgettext is not installed); compiling only")
    compile_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A backup's file: a ZIP of one file of lines for each table, the files that people attached, and a
manifest, which is written last.

A file that was cut off, or in which a byte has changed, cannot be opened or read: a ZIP has its
list of contents at its end, and a checksum for each of them.
"""

import contextlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from riskreg.operations.errors import Refused

FORMAT = 1
_MANIFEST = "manifest.json"


@dataclass(frozen=True)
class TableEntry:
    """What a backup says of one table."""

    columns: list[str]
    rows: int
    digest: str


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    ``chains``: {key: [number of events, head]}; ``key``: tells whether a SECRET_KEY is the one that
    what is sealed was sealed under, without telling the key; ``needs``: what is not in the file and
    is needed beside it; ``files``: how many attached files are in it, ``missing_files`` the records
    whose bytes could not be read when it was made.
    """

    made_at: str
    vendor: str
    migrations: list[list[str]]
    tables: dict[str, TableEntry]
    chains: dict[str, list[Any]]
    key: str
    needs: list[str]
    format: int = FORMAT
    rows: int = field(default=0)
    files: int = 0
    missing_files: list[str] = field(default_factory=list)


class Writer:
    """Writes a backup; the file appears under its name only when all of it is on the disk."""

    def __init__(self, zipped: zipfile.ZipFile) -> None:
        self._zip = zipped

    @contextlib.contextmanager
    def open_table(self, label: str) -> Iterator[IO[bytes]]:
        """Where the lines of one table go."""
        with self._zip.open(f"rows/{label}.jsonl", "w", force_zip64=True) as out:
            yield out

    def write_file(self, name: str, content: IO[bytes]) -> None:
        """Take an attached file in, as it is: most of them are packed already."""
        info = zipfile.ZipInfo(f"files/{name}")
        with self._zip.open(info, "w", force_zip64=True) as out:
            shutil.copyfileobj(content, out, 1024 * 1024)

    def finish(self, manifest: Manifest) -> None:
        """The last thing that is written."""
        self._zip.writestr(_MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))


@contextlib.contextmanager
def writing_backup(path: Path) -> Iterator[Writer]:
    """A backup at ``path``, readable by its owner alone. What fails leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.touch(mode=0o600)
        with part.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped:
                yield Writer(zipped)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class Archive:
    """A backup that is read."""

    def __init__(self, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
        self._zip = zipped
        self.manifest = manifest

    def rows(self, label: str) -> Iterator[list[Any]]:
        """The rows of one table. Raises ``Refused`` for a file that is damaged."""
        try:
            with self._zip.open(f"rows/{label}.jsonl") as lines:
                for line in lines:
                    yield json.loads(line)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError) as error:
            raise Refused(f"The backup is damaged in {label}. Take another one.") from error

    @contextlib.contextmanager
    def open_file(self, name: str) -> Iterator[IO[bytes]]:
        """An attached file. Raises ``Refused`` for one that is damaged or not there."""
        try:
            with self._zip.open(f"files/{name}") as content:
                yield content
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            raise Refused(f"The backup is damaged in file {name}. Take another one.") from error


@contextlib.contextmanager
def opened_backup(path: Path) -> Iterator[Archive]:
    """Read a backup. Raises ``Refused`` for what is none, or only a part of one."""
    try:
        with zipfile.ZipFile(path) as zipped:
            yield Archive(zipped, _parse_manifest(json.loads(zipped.read(_MANIFEST))))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError) as error:
        raise Refused(
            f"{path.name} is no backup of riskreg, or not the whole of one: it may have been cut "
            "off while it was copied."
        ) from error
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error


def _parse_manifest(found: dict[str, Any]) -> Manifest:
    if found["format"] != FORMAT:
        raise Refused(
            f"The backup has format {found['format']}, this version reads {FORMAT}: use the "
            "version that made it."
        )
    tables = {label: TableEntry(**entry) for label, entry in found.pop("tables").items()}
    return Manifest(tables=tables, **found)

"""Where the bytes of evidence are: a folder outside everything that is served, or an object store.

A file is named by the public id of its record, and by nothing that anybody typed.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

ALIAS = "evidence"


class Folder(FileSystemStorage):
    """Files in a folder, for their owner alone. A file is there whole or not at all: it is written
    beside its place, brought to the disk, and then put there by one act."""

    def _save(self, name: str, content: "File[bytes]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{path.name}.part")
        try:
            with os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as out:
                content.seek(0)
                shutil.copyfileobj(content, out, 1024 * 1024)
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return name

    def url(self, name: str | None) -> NoReturn:
        """There is none: files are handed out by the views that know who asks."""
        raise ValueError("Evidence has no URL of its own.")

    def delete(self, name: str) -> None:
        """Delete it, and what may have been left beside its place."""
        path = Path(self.path(name))
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}.part").unlink(missing_ok=True)


def evidence_storage() -> Storage:
    """The storage that the settings name."""
    return storages[ALIAS]


def path_of(name: UUID) -> str:
    """Under which path the file of that record is kept."""
    return f"{name.hex[:2]}/{name.hex}"


def write(name: UUID, content: Any) -> None:
    """Store ``content`` (a binary file) for that record, in place of what may be there. Raises
    ``OSError`` and what else a store raises; then nothing is there."""
    storage, path = evidence_storage(), path_of(name)
    if storage.exists(path):
        storage.delete(path)
    saved = storage.save(path, File(content))
    if saved != path:
        storage.delete(saved)
        raise OSError(f"the store kept it under {saved}")


@contextlib.contextmanager
def open_for_reading(name: UUID) -> Iterator[Any]:
    """The file of that record, open for reading. Raises ``FileNotFoundError`` and what else a store
    raises."""
    file = evidence_storage().open(path_of(name), "rb")
    try:
        yield file
    finally:
        file.close()


def remove(name: UUID) -> None:
    """Delete the file of that record, if it is there."""
    evidence_storage().delete(path_of(name))


def stored_names() -> Iterator[UUID]:
    """The records that files are stored under, whether there are such records or not."""
    storage = evidence_storage()
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted(storage.listdir("")[0]):
            for name in sorted(storage.listdir(folder)[1]):
                with contextlib.suppress(ValueError):
                    yield UUID(hex=name.removesuffix(".part"))


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

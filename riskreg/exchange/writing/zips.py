"""Files packed as one, made while it is read: no piece waits for the whole."""

import datetime as dt
import zipfile
from collections.abc import Iterable, Iterator

from riskreg.exchange.writing.files import NamedFile

_PIECE = 1 << 16


class _Out:
    """What a zip is written to: it keeps what nobody has taken yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.waiting = 0

    def write(self, data: bytes) -> int:
        self.parts.append(bytes(data))
        self.waiting += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is behind it."""

    def take_waiting(self) -> bytes:
        """What waits."""
        data = b"".join(self.parts)
        self.parts, self.waiting = [], 0
        return data


def zip_pieces(files: Iterable[NamedFile], at: dt.datetime) -> Iterator[bytes]:
    """The bytes of a zip of ``files``, each dated ``at``."""
    out = _Out()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, pieces in files:
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    if out.waiting > _PIECE:
                        yield out.take_waiting()
    yield out.take_waiting()

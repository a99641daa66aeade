"""A file that somebody sent in, handed out so that no browser runs or shows it as a page."""

import hashlib
import io
from collections.abc import Iterator
from typing import IO, Any

from django.http import FileResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

_AT_ONCE = 256 * 1024


def download(
    file: IO[bytes], *, name: str, media_type: str, size: int, sha256: str, head: bool = False
) -> StreamingHttpResponse:
    """``file``, to be saved under ``name``. It is closed when it has been sent.

    Always an attachment, never of another type than is said, in a sandbox should a browser open it
    all the same, and kept by nobody on the way. ``head``: the headers alone.
    """
    response: StreamingHttpResponse
    if head:
        file.close()
        response = StreamingHttpResponse(iter(()), content_type=media_type)
    else:
        response = FileResponse(_blocks(file), content_type=media_type)
        response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    disposition = content_disposition_header(True, name)
    assert disposition is not None  # noqa: S101 - an attachment always has one
    headers: dict[str, Any] = {
        "Content-Disposition": disposition,
        "Content-Length": size,
        # As it is: a file that broke off on its way can be told by its length.
        "Content-Encoding": "identity",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "X-Download-Options": "noopen",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
        "ETag": f'"{sha256}"',
    }
    for field, value in headers.items():
        response[field] = value
    return response


def download_bytes(data: bytes, *, name: str, media_type: str) -> StreamingHttpResponse:
    """``data``, made here, to be saved under ``name``."""
    return download(
        io.BytesIO(data), name=name, media_type=media_type, size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )  # fmt: skip


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(_AT_ONCE):
        yield block

"""What is sent as a file, as long as it is within any limit.

A file that passes it is not kept in memory nor on the disk: the rest of it is read past. The form
finds its name among ``too_large_upload_fields`` and says so.
"""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

# The most that a spreadsheet may have (``exchange.reading``), and some more to tell it by.
_ALWAYS = 21 * 1024 * 1024
_BEYOND = 64 * 1024
_MARK = "too_large_files"


class LimitedUploadHandler(FileUploadHandler):
    """Stops keeping a file when it is larger than anything that is taken."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Another file begins."""
        super().new_file(*args, **kwargs)
        self._size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count it, and hand it on."""
        self._size += len(raw_data)
        most = settings.EVIDENCE_FILE_MB * 1024 * 1024
        if most and self._size > max(most, _ALWAYS) + _BEYOND:
            assert self.request is not None  # noqa: S101 - Django hands it over
            found: set[str] = getattr(self.request, _MARK, set())
            setattr(self.request, _MARK, found | {self.field_name})
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers behind it make the file."""
        return


def too_large_upload_fields(request: HttpRequest) -> set[str]:
    """The fields of a form whose file was too large to be kept at all."""
    return getattr(request, _MARK, set())

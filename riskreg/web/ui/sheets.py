"""The style sheet: a file per concern to write, one file to send.

Twenty files are twenty requests, and each is compressed knowing nothing of the others (40 % more
bytes than together). So `collectstatic` puts them into one, which pages of production link to;
locally nothing is collected, and pages link to the files as they stand.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# In the order of the page; reset.css fixes the order of the layers and stays first.
NAMES = (
    "reset", "tokens", "base", "layout", "components", "forms", "data", "matrix", "heatmap",
    "risks", "reviews", "estimates", "entrance", "work", "overview", "settings", "meetings",
    "channels", "utilities", "print",
)  # fmt: skip
PARTS = tuple(f"web/{name}.css" for name in NAMES)
WHOLE = "web/riskreg.css"


class OneSheetStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # untyped
    """WhiteNoise's storage of hashed and compressed files, with the style sheets put into one."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Any:
        """What the storage below yields for each file, the whole style sheet among them."""
        if not dry_run and all(name in paths for name in PARTS):
            if self.exists(WHOLE):
                self.delete(WHOLE)
            self.save(WHOLE, ContentFile(b"\n".join(self._parts(paths))))
            paths[WHOLE] = (self, WHOLE)
        return super().post_process(paths, dry_run, **options)

    def _parts(self, paths: dict[str, Any]) -> Iterator[bytes]:
        for name in PARTS:
            storage, path = paths[name]
            with storage.open(path) as file:
                yield file.read()


def sheet_urls() -> list[str]:
    """Addresses of what a page links to: the whole where files are collected, else each part."""
    collected = isinstance(staticfiles_storage, OneSheetStorage)
    return [staticfiles_storage.url(name) for name in ([WHOLE] if collected else PARTS)]

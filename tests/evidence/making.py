"""Files for tests, made here byte by byte, and evidence made of them by the services."""

import io
import zipfile
from typing import Any

from riskreg.accounts.models import User
from riskreg.evidence import services
from riskreg.evidence.models import Evidence
from tests.builders import World

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def packed(*names: str, first: bytes = b"") -> bytes:
    """A ZIP with parts of those names; ``first``: what its part ``mimetype`` says."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as out:
        if first:
            out.writestr("mimetype", first)
        for name in names:
            out.writestr(name, "x")
    return whole.getvalue()


def evidence(
    world: World,
    row: Any,
    kind: str = "risk",
    *,
    by: User | str = "owner",
    data: bytes = PDF,
    name: str = "notice.pdf",
    **given: Any,
) -> Evidence:
    """A file that somebody attached to ``row``."""
    at = given.pop("at", world.at)
    ref = str(getattr(row, "ref", None) or row.uuid)
    checked = services.check_file(io.BytesIO(data), name)
    with services.store_upload(io.BytesIO(data), checked, at) as stored:
        return services.add_evidence(
            actor=world.viewer(by), kind=kind, ref=ref, stored=stored, at=at, **given
        )

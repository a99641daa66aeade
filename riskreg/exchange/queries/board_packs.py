"""Board packs as their reader may see them."""

import uuid
from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from riskreg.exchange.models import BoardPack
from riskreg.jobs.queries import Progress, progress_of_newest_job_of_each
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer

MEDIA_TYPES = {
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}


def packs_of_own_party(viewer: Viewer) -> QuerySet[BoardPack]:
    """Packs of the viewer's party, newest first, without their bytes."""
    rows = BoardPack.objects.filter(register=viewer.register, party=viewer.party)
    return rows.select_related("made_by", "party").defer("data").order_by("-created_at", "-pk")


def pack_of_own_party(viewer: Viewer, name: uuid.UUID, *, lock: bool = False) -> BoardPack:
    """The pack of that id. Raises ``NotFound`` also for another party's."""
    rows = packs_of_own_party(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(uuid=name).first()
    if row is None:
        raise NotFound(_("There is no such board pack."))
    row.register = viewer.register
    return row


def done_pack_and_bytes(viewer: Viewer, name: uuid.UUID) -> tuple[BoardPack, bytes]:
    """A pack that is done, and its bytes. Raises ``NotFound`` until then."""
    row = pack_of_own_party(viewer, name)
    if row.data is None:
        raise NotFound(_("This board pack is not made yet."))
    return row, bytes(row.data)


def progress_of_each_pack(rows: Collection[BoardPack]) -> dict[uuid.UUID, Progress]:
    """How far each of ``rows`` is, in one query."""
    return progress_of_newest_job_of_each([row.uuid for row in rows])


def pack_file_name(row: BoardPack) -> str:
    """What its file is called."""
    whose = row.party.key if row.audience == "party" else "shared"
    slug = row.register.slug
    return f"{slug}-board-pack-{whose}-{row.as_of.isoformat()}-{row.language}.{row.format}"

"""Whether a row is still as its reader has seen it."""

from typing import Protocol

from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict


class Counted(Protocol):
    """What counts its changes."""

    version: int


def require_unchanged(row: Counted, version: int | None) -> None:
    """Raise ``Conflict``, with the row as it is now, if it is no longer at the ``version`` that the
    caller has seen; None is for callers that have no older sight of it.

    What is known by a ref is named by it: ``risks.queries.access.require_version``.
    """
    if version is not None and version != row.version:
        raise Conflict(_("Somebody changed it meanwhile."), row)

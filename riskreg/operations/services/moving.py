"""The road from one database to another, with proof that all of it arrived."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

from riskreg.events.models import Chain
from riskreg.operations.errors import Refused
from riskreg.operations.services.aside import restore_into
from riskreg.operations.services.backing_up import make_backup, new_backup_name


def copy_database_to(database_url: str, at: dt.datetime) -> dict[str, Any]:
    """Put everything that this database holds into the empty one at ``database_url``.

    Both hold the same afterwards: rows, digests and chains are compared there. This one is left as
    it is. Attached files stay where they are, and are looked for there. Raises ``Refused``: the
    other is not empty, cannot be reached, cannot hold something, or somebody wrote here meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="riskreg-move-") as folder:
        path = Path(folder) / new_backup_name(at)
        manifest = make_backup(path, at, with_files=False)
        moved = restore_into(database_url, path, "--moved")
    now = {chain.key: [chain.seq, chain.head] for chain in Chain.objects.all()}
    if now != manifest.chains:
        raise Refused(
            "Somebody wrote to the old database during the move, and that is not in the new one. "
            "Stop web, worker and beat, empty the new database, and move again."
        )
    return moved

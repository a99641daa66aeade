"""Events as the feed, the history of a risk and files that go out tell them."""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from riskreg.accounts.queries import users_by_uuid
from riskreg.analysis.models import Effect, Estimate
from riskreg.analysis.queries.given import ids_withheld_until_own_is_given
from riskreg.events.models import Event
from riskreg.events.policy import Audience
from riskreg.register.access import Viewer
from riskreg.register.row_json import person, time


def events_json(viewer: Viewer, rows: Collection[Event]) -> list[dict[str, Any]]:
    """Events as JSON, with one query for who did it, one for estimates among them, one for effects.

    What an event tells of one of these is withheld as long as lists withhold it.
    """
    withheld: set[UUID] = set()
    for model in (Estimate, Effect):
        noun = model._meta.model_name
        ids = {row.subject_uuid for row in rows if row.subject_type == noun}
        withheld |= ids_withheld_until_own_is_given(model, viewer, ids)
    shared = Audience(viewer.register.uuid).key
    people = users_by_uuid([row.actor for row in rows if row.actor]) if rows else {}
    return [
        {
            "chain": "shared" if row.chain.key == shared else "own",
            "seq": row.seq,
            "at": time(row.at),
            "recorded_at": time(row.recorded_at),
            "brought_in": row.brought_in,
            "actor": person(people.get(row.actor)) if row.actor else None,
            "verb": row.verb,
            "object": {
                "type": row.subject_type,
                "ref": row.subject_ref,
                "id": str(row.subject_uuid),
                "version": row.subject_version,
            },
            "withheld": row.subject_uuid in withheld,
            "changes": {} if row.subject_uuid in withheld else json.loads(row.changes),
        }
        for row in rows
    ]

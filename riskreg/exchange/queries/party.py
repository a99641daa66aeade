"""All that a party's people may see of a register, as files: for leaving, and to keep."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from riskreg.events.queries import visible_events
from riskreg.exchange.queries.nouns import NOUNS, bodies_in_pieces
from riskreg.exchange.queries.schedules import running_schedules_of_own_party
from riskreg.exchange.queries.sheets import events_sheet
from riskreg.exchange.schedule_fields import PACK_SCHEDULE
from riskreg.exchange.writing.files import NamedFile, encode_in_pieces
from riskreg.exchange.writing.jsons import ndjson_of
from riskreg.register.access import Viewer
from riskreg.register.own_appetite_fields import OWN_APPETITE
from riskreg.register.own_appetites import own_appetites_in_force_for
from riskreg.register.permissions import require
from riskreg.register.queries import active_members_for, parties_for, taxonomies_for
from riskreg.register.row_json import person, row_to_json_without_computed

EVENTS, README, REGISTER, MEMBERS = "events.ndjson", "README.txt", "register.json", "members.ndjson"


def party_file_name(viewer: Viewer, at: dt.datetime) -> str:
    """What the file with everything is called."""
    party = viewer.party.key if viewer.party else "programme"
    return f"{viewer.register.slug}-{party}-{viewer.today(at).isoformat()}.zip"


def files_of_all_viewer_may_see(viewer: Viewer, at: dt.datetime) -> Iterator[NamedFile]:
    """The files with everything, each read when its turn comes: what is shared, and what is the
    viewer's party's own. Raises ``Forbidden`` for who may not take it along."""
    require(viewer, "party.export")
    return _files_of_all_viewer_may_see(viewer, at)


def _files_of_all_viewer_may_see(viewer: Viewer, at: dt.datetime) -> Iterator[NamedFile]:
    yield NamedFile(README, encode_in_pieces([_readme(viewer, at)]))
    frame = json.dumps(_register_to_json(viewer), ensure_ascii=False, indent=1) + "\n"
    yield NamedFile(REGISTER, encode_in_pieces([frame]))
    yield NamedFile(MEMBERS, ndjson_of(_active_members_as_json(viewer)))
    for name, noun in NOUNS.items():
        rows = bodies_in_pieces(noun, viewer, noun.rows(viewer, at), at)
        yield NamedFile(f"{name}.ndjson", ndjson_of(rows))
    events = visible_events(viewer.audience).order_by("chain_id", "seq")
    yield NamedFile(EVENTS, ndjson_of(events_sheet(viewer, events).bodies()))


def _active_members_as_json(viewer: Viewer) -> Iterator[dict[str, Any]]:
    for row in active_members_for(viewer):
        party = row.party.key if row.party else None
        yield {**(person(row.user) or {}), "role": row.role, "party": party}


def _register_to_json(viewer: Viewer) -> dict[str, Any]:
    register, criteria = viewer.register, viewer.criteria
    return {
        "slug": register.slug,
        "names": register.names,
        "currency": register.currency,
        "time_zone": register.time_zone,
        "parties": [{"key": p.key, "names": p.names} for p in parties_for(viewer)],
        "criteria": {
            "number": criteria.number,
            "likelihood": criteria.likelihood,
            "impact": criteria.impact,
            "ratings": criteria.ratings,
            "cells": criteria.cells,
        },
        "taxonomies": [
            {
                "key": taxonomy.key,
                "names": taxonomy.names,
                "terms": [{"key": t.key, "names": t.names} for t in taxonomy.terms.all()],
            }
            for taxonomy in taxonomies_for(viewer)
        ],
        "own_appetites": [
            row_to_json_without_computed(OWN_APPETITE, row, viewer)
            for row in own_appetites_in_force_for(viewer)
        ],
        "pack_schedules": [
            row_to_json_without_computed(PACK_SCHEDULE, row, viewer)
            for row in running_schedules_of_own_party(viewer)
        ],
    }


def _readme(viewer: Viewer, at: dt.datetime) -> str:
    party = viewer.party.name if viewer.party else _("the programme")
    lines = [
        _("%(register)s: everything that %(party)s may see") % {
            "register": viewer.register.name, "party": party,
        },
        _("As of %(moment)s, taken along by %(person)s.") % {
            "moment": at.isoformat(timespec="seconds"), "person": str(viewer.user),
        },
        "",
        _("It holds what is shared in the register and what is this party's own, and nothing that "
          "is another party's own."),
        _("Each .ndjson file has one JSON object to a line, with the fields that the API calls so. "
          "Days are as in 2027-03-31, moments in UTC, amounts in the register's currency."),
        _("%(file)s has the scale, the classifications and the parties.") % {"file": REGISTER},
        _("%(file)s has everything that was done, each event with its values: together they "
          "rebuild every row, assessments and reviews among them.") % {"file": EVENTS},
    ]  # fmt: skip
    return "\n".join(lines) + "\n"

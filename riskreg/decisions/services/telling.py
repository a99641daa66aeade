"""What programs outside are told of decisions and acceptances: what was done, as it is done.

That something is owed because of one (an answer, a condition, an end) they hear of as of every
duty, by the ladder; this is the act itself, told to the webhooks of each party that sees the row.
"""

import datetime as dt
from typing import Any

from django.utils import translation

from riskreg.accounts.mails import page_address
from riskreg.decisions.models import Acceptance, Decision
from riskreg.endpoints.channels.chat import disarm_markup
from riskreg.endpoints.models import Endpoint
from riskreg.endpoints.queries import enabled_endpoints_of_parties
from riskreg.endpoints.services import host_of_endpoint
from riskreg.events.policy import Audience
from riskreg.kernel import clock
from riskreg.notify.models import Channel
from riskreg.notify.refresh import Content
from riskreg.notify.services import Draft, post
from riskreg.register.access import Viewer
from riskreg.register.models import Party
from riskreg.register.visibility import Visibility


def post_to_webhooks(actor: Viewer, row: Decision | Acceptance, verb: str, at: dt.datetime) -> None:
    """Put a message of type ``verb`` (that of the event) into the outbox for each webhook of those
    who see ``row``: of every party where it is shared, else of its own alone. Called in the
    transaction of the act, after the row was written."""
    if row.visibility == Visibility.PARTY:
        parties = [row.party.uuid]
    else:
        parties = list(Party.objects.filter(register=actor.register).values_list("uuid", flat=True))
    for endpoint in enabled_endpoints_of_parties(actor.register.uuid, parties):
        if endpoint.channel == Channel.WEBHOOK:
            _post_to_endpoint(actor, row, verb, endpoint, at)


def _post_to_endpoint(
    actor: Viewer, row: Decision | Acceptance, verb: str, endpoint: Endpoint, at: dt.datetime
) -> None:
    with translation.override(endpoint.language):
        data = _data_for_every_reader(actor, row, at)
        named = disarm_markup(f"{data['ref']} {data['title']}")
        state = str(row.get_state_display())
    post(
        Draft(
            key=f"{verb}:{row.uuid}:{row.version}:{endpoint.uuid}",
            kind=verb,
            recipient=endpoint.uuid,
            address=host_of_endpoint(endpoint),
            language=endpoint.language,
            local_day=clock.local_date(at, actor.register.time_zone),
            content=Content(
                subject=f"{named} · {state}",
                text=f"{named}\n{data['url']}",
            ),
            audiences=[Audience(endpoint.register, endpoint.party)],
            channels=(endpoint.channel,),
            payload=data,
        ),
        at,
    )


def _data_for_every_reader(
    actor: Viewer, row: Decision | Acceptance, at: dt.datetime
) -> dict[str, Any]:
    """What every one of its readers may know, whatever their party: no argument, no estimate."""
    slug = actor.register.slug
    data: dict[str, Any] = {
        "register": slug,
        "ref": row.ref,
        "state": row.state,
        "version": row.version,
        "visibility": row.visibility,
        "at": at.isoformat().replace("+00:00", "Z"),
        "by": {"id": str(actor.user.uuid), "name": str(actor.user)},
    }
    if isinstance(row, Decision):
        return data | {
            "title": row.localized("title"),
            "due_on": row.due_on.isoformat(),
            "chosen": row.chosen or None,
            "review_on": row.review_on.isoformat() if row.review_on else None,
            "url": page_address("web:decision", slug=slug, ref=row.ref),
        }
    return data | {
        "title": row.risk.localized("title"),
        "risk": row.risk.ref,
        "rating": row.rating,
        "expires_on": row.expires_on.isoformat(),
        "url": page_address("web:acceptance", slug=slug, ref=row.ref),
    }

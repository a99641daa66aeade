"""The changes feed: everything that was done, in the order in which it took effect."""

from urllib.parse import urlencode

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import events, shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.pagination import make_cursor, parse_limit, read_cursor
from riskreg.api.core.restored import problem_of_lost_history
from riskreg.events.queries import changes_after, current_epoch_name_or_empty, is_history_lost


class Changes(RegisterApi):
    """Events of the shared chain and of the caller's own party's."""

    @schema.described(
        "Read the changes feed",
        shapes.Changes,
        schema.FEED_PARAMS,
        is_list=True,
        problems=schema.FEED,
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """What came after ``after``; without it, from the beginning.

        In each chain the numbers have no gaps, so a reader who keeps ``cursor`` misses nothing.
        A cursor of events that were lost when the system was restored from a backup is answered
        with 410: what was read since then is not so any more, and the reading begins anew.
        """
        self.refuse_unknown_params("after", "limit")
        limit = parse_limit(request.query_params.get("limit"))
        salt = f"riskreg.changes:{self.viewer.audience.key}"
        shared, own = 0, 0
        if (after := request.query_params.get("after")) is not None:
            # Cursors from before any restore have two parts.
            shared, own, *epoch = read_cursor(after, salt, (2, 3), "after")
            if is_history_lost(self.viewer.audience, shared, own, *(epoch or [""])):
                raise problem_of_lost_history()
        page = changes_after(self.viewer.audience, shared, own, limit)
        cursor = make_cursor([page.shared_seq, page.own_seq, current_epoch_name_or_empty()], salt)
        query = urlencode({"after": cursor, "limit": limit})
        return Answer.of(
            {
                "next": f"{self.site_url}{request.path}?{query}" if page.more else None,
                "previous": None,
                "cursor": cursor,
                "results": events.to_json(self.viewer, page.events),
            }
        ).response()

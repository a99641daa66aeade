"""My work: what the caller answers for, in all registers that they are in."""

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_people
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import ApiView
from riskreg.api.core.errors import request_id
from riskreg.api.core.pagination import PARAMS
from riskreg.api.core.query import check_choices, parse_day, parse_switch, with_errors_in_query
from riskreg.api.duties import Paging, owner_or_deputy_or_none, to_json
from riskreg.duties.queries import agenda
from riskreg.duties.queries.everywhere import WantedWork, work_everywhere
from riskreg.duties.sources import LISTED
from riskreg.kernel.errors import Errors
from riskreg.register.access import as_viewer

FILTERS = ("kind", "due_before", "overdue")


class Work(ApiView):
    """GET lists the caller's duties over their registers."""

    @schema.listed("List my work", shapes_people.Work, schema.WORK_FILTERS)
    def get(self, request: Request) -> HttpResponse:
        """Soonest due first: what the caller answers for, and what somebody answers for whom they
        stand in for today, in every register that is not archived and that the token opens."""
        self.refuse_unknown_params(*FILTERS, *PARAMS)
        paging, wanted = Paging(self, str(self.me.uuid)), self._parse_filters()
        viewers = [
            as_viewer(self.me, row, request_id())
            for row in self.my_memberships()
            if row.register.archived_at is None
        ]
        page = work_everywhere(
            viewers, self.at, wanted, paging.limit, count=paging.counted, **paging.place
        )
        duties = [duty for _viewer, duty in page.found]
        facts = agenda.status_texts(duties)
        body = {
            **paging.links(duties, page.has_previous, page.has_next),
            "results": [
                {
                    "register": viewer.register.slug,
                    **to_json(
                        viewer,
                        duty,
                        facts.get(duty.key, ""),
                        owner_or_deputy_or_none(viewer, duty) or "stand_in",
                        self.at,
                    ),
                }
                for viewer, duty in page.found
            ],
        }
        if paging.counted:
            body["count"] = page.count
        return Answer.of(body).response()

    def _parse_filters(self) -> WantedWork:
        params, errors = self.request.query_params, Errors()
        kinds = tuple(check_choices(errors, "kind", params.getlist("kind"), sorted(LISTED)))
        due_before = parse_day(errors, "due_before", params.get("due_before"))
        overdue = parse_switch(errors, "overdue", params.get("overdue"))
        with_errors_in_query(errors.raise_if_any)
        return WantedWork(kinds, due_before, overdue)

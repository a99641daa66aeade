"""Questions about a risk, asked of whoever answers for it, and the answers."""

import uuid
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_questions as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.base import RegisterApi
from riskreg.api.core.body import body_of, require_empty_body
from riskreg.api.core.pagination import PARAMS, Listing, finder_by_uuid, page_response
from riskreg.api.core.values import day, person, time
from riskreg.decisions import services
from riskreg.decisions.models import Obligation, ObligationKind
from riskreg.decisions.queries.questions import closed_at, is_open, question_for, questions_of
from riskreg.kernel import keyset
from riskreg.risks.queries.access import risk_for

_NEWEST = keyset.Order("created_at", tie="id", descending=True, tie_descending=True)


class Questions(RegisterApi):
    """GET lists what was asked, newest first; POST asks."""

    @schema.listed("List questions about a risk", shapes.Question)
    def get(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """Those that wait and those that are over."""
        self.refuse_unknown_params(*PARAMS)
        rows = questions_of(self.viewer, risk_for(self.viewer, ref))
        listing = Listing(
            queryset=rows,
            order=_NEWEST,
            place=lambda row: (row.created_at, str(row.uuid)),
            tie=finder_by_uuid(rows),
        )
        return page_response(
            self, self.viewer.audience.key, listing, lambda found: [to_json(row) for row in found]
        )

    @schema.described(
        "Ask about a risk",
        shapes.Question,
        [schema.KEY],
        request=shapes.QuestionNew,
        status=201,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """It is a duty of whoever answers for the risk (`risk.question`, `risk.review_asked`)."""

        def act() -> Answer:
            given = {"text": None, "due_on": None, **body_of(request, "text", "due_on", "wants")}
            row = services.ask_about_risk(actor=self.viewer, ref=ref, at=self.at, **given)
            return _answer_with_question(self, ref, row.uuid, 201)

        return self.write(act)


class QuestionAnswer(RegisterApi):
    """The answer."""

    http_method_names = ["post"]

    @schema.described(
        "Answer a question",
        shapes.Question,
        [schema.KEY],
        request=shapes.QuestionWords,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str, question: uuid.UUID) -> HttpResponse:
        """In words, by whoever could review the risk. It is answered once."""

        def act() -> Answer:
            words = body_of(request, "words").get("words")
            services.answer_question(
                actor=self.viewer, ref=ref, question=question, words=words, at=self.at
            )
            return _answer_with_question(self, ref, question)

        return self.write(act)


class QuestionWithdraw(RegisterApi):
    """Taken back."""

    http_method_names = ["post"]

    @schema.described("Withdraw a question", shapes.Question, [schema.KEY], problems=schema.WRITE)
    def post(self, request: Request, slug: str, ref: str, question: uuid.UUID) -> HttpResponse:
        """By whoever asked."""

        def act() -> Answer:
            require_empty_body(request)
            services.withdraw_question(actor=self.viewer, ref=ref, question=question, at=self.at)
            return _answer_with_question(self, ref, question)

        return self.write(act)


def _answer_with_question(
    view: RegisterApi, ref: str, question: uuid.UUID, status: int = 200
) -> Answer:
    """The question as it is now."""
    risk = risk_for(view.viewer, ref)
    return Answer.of(to_json(question_for(view.viewer, risk, question)), status)


def to_json(row: Obligation) -> dict[str, Any]:
    """A question, read by ``questions_of``, as JSON."""
    answered = not is_open(row) and row.state != "cancelled"
    return {
        "id": str(row.uuid),
        "wants": "review" if row.kind == ObligationKind.REVIEW else "answer",
        "text": row.localized("text"),
        "asked_by": person(row.asked_by),
        "asked_at": time(row.created_at),
        "due_on": day(row.due_on),
        "state": "waiting" if is_open(row) else "answered" if answered else "withdrawn",
        "words": row.words,
        "closed_by": person(row.closed_by),
        "closed_at": time(closed_at(row)),
    }

"""What is done to a decision: put forward, decided, voted on, looked at again."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from riskreg.api import shapes_decisions as shapes
from riskreg.api.core import schema
from riskreg.api.core.answer import Answer
from riskreg.api.core.body import body_of
from riskreg.api.decisions import OfDecision
from riskreg.decisions import services


class DecisionPropose(OfDecision):
    """Put forward."""

    http_method_names = ["post"]

    @schema.acted("Put a decision forward", schema.NO_BODY, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """It becomes a duty of each who is named to decide. 400 names everything that it lacks."""
        return self.call_and_answer(ref, services.propose_decision)


class DecisionRetract(OfDecision):
    """Back to a draft."""

    http_method_names = ["post"]

    @schema.acted("Take a decision back", shapes.DecisionOptionalWords, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever asked, or who may change it."""
        return self.call_and_answer(ref, services.retract_decision, "words")


class DecisionDecide(OfDecision):
    """An option is chosen."""

    http_method_names = ["post"]

    @schema.acted("Decide", shapes.Decide, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By one of those named, with the authority, who did not ask. Where other parties are asked
        it stays `proposed` until the last of them has said yes. 403 says who could."""

        def act() -> Answer:
            names = ("option", "rationale", "review_on", "conditions", "despite")
            given = dict.fromkeys(names[:3]) | body_of(request, *names)
            services.decide(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                at=self.at,
                **given,
            )
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionVote(OfDecision):
    """Another party's yes or no."""

    http_method_names = ["post"]

    @schema.acted("Vote on a decision", shapes.DecisionVoteNew, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """To what was chosen: the last yes decides it, a no takes it back to a draft."""

        def act() -> Answer:
            given = {"answer": None} | body_of(request, "answer", "words")
            services.vote_on_decision(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                at=self.at,
                **given,
            )
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionReject(OfDecision):
    """The whole question is refused."""

    http_method_names = ["post"]

    @schema.acted("Reject a decision", shapes.DecisionWords, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By whoever could decide it; nothing is chosen."""
        return self.call_and_answer(ref, services.reject_decision, required=["words"])


class DecisionLapse(OfDecision):
    """Not decided in time."""

    http_method_names = ["post"]

    @schema.acted("Let a decision lapse", shapes.DecisionWords, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """When its day has passed; until somebody says so it is overdue."""
        return self.call_and_answer(ref, services.lapse_decision, required=["words"])


class DecisionRevisit(OfDecision):
    """What became of it."""

    http_method_names = ["post"]

    @schema.acted("Revisit a decision", shapes.DecisionRevisitNew, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """By another than who asked for it and said what would happen."""

        def act() -> Answer:
            given = {"happened": None, "review_on": None}
            given |= body_of(request, "happened", "lessons", "review_on")
            services.revisit_decision(
                actor=self.viewer,
                ref=ref,
                version=self.expected_version_or_never,
                at=self.at,
                **given,
            )
            return self.answer_with_decision(ref)

        return self.write(act)


class DecisionClose(OfDecision):
    """Nothing more is to be looked at."""

    http_method_names = ["post"]

    @schema.acted("Close a decision", shapes.DecisionWords, shapes.Decision)
    def post(self, request: Request, slug: str, ref: str) -> HttpResponse:
        """After it was revisited."""
        return self.call_and_answer(ref, services.close_revisited_decision, required=["words"])


class DecisionConditionEnd(OfDecision):
    """A condition that is met, or waived."""

    http_method_names = ["post"]

    @schema.described(
        "Close a condition of a decision",
        shapes.Decision,
        [schema.KEY],
        request=shapes.DecisionConditionClose,
        problems=schema.WRITE,
    )
    def post(self, request: Request, slug: str, ref: str, condition: uuid.UUID) -> HttpResponse:
        """Met by its owner, with how; waived by who decided. The last that comes before it brings
        the decision into force. It closes once, so that no version is asked for."""

        def act() -> Answer:
            given = body_of(request, "state", "words")
            services.close_decision_condition(
                actor=self.viewer, ref=ref, condition=condition, state=given.get("state"),
                words=given.get("words"), at=self.at,
            )  # fmt: skip
            return self.answer_with_decision(ref)

        return self.write(act)

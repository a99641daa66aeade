"""Four faults that other registers have, planted one at a time: a test of the rule hears each.

Who asked decides; what has moved since is decided without a word; an extension starts the count
anew; the wish to accept counts as an acceptance. Each is switched on where the rule is held; the
tests named beside it must then fail, and they hold without it (they run by themselves).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q

from riskreg.decisions.policy import decisions as policy
from riskreg.decisions.queries import acceptances as acceptance_queries
from riskreg.decisions.queries import decisions as decision_queries
from riskreg.decisions.services import deciding, requests
from riskreg.register.access import Viewer
from tests.builders import World
from tests.decisions import test_acceptances, test_bad_input, test_decisions

Rule = Callable[[World], None]


def self_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = policy.reason_blocked

    def forgets(act: str, situation: policy.Situation, asker: policy.ViewerRelation) -> Any:
        mine = asker.requested_it and act in (policy.Act.DECIDE, policy.Act.AGREE)
        more = {"requested_it": False, "decides": True, "has_authority": True} if mine else {}
        return plain(act, situation, dataclasses.replace(asker, **more))

    monkeypatch.setattr(policy, "reason_blocked", forgets)
    monkeypatch.setattr(decision_queries.policy, "reason_blocked", forgets)


def decides_on_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "stale_because", lambda *_known: [])


def extends_past_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "accepted_without_break_since", lambda *_known: None)


def accepts_without_acceptance(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = acceptance_queries._is_position_validly_accepted

    def wishes_too(viewer: Viewer, today: Any) -> Q:
        return plain(viewer, today) | Q(risk__response="accept")

    monkeypatch.setattr(acceptance_queries, "_is_position_validly_accepted", wishes_too)


def grants_what_is_no_more_acceptable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "require_above_appetite_and_not_asked", lambda *_known: None)


def _extending(world: World) -> None:
    test_bad_input.test_an_end_beyond_either_cap(world, extends=True)


def _draft(world: World) -> None:
    test_acceptances.test_only_an_open_rated_threat_above_appetite_is_accepted(
        world, {"opened": False}, "not_open"
    )


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], list[Rule]]] = [
    (
        self_decision,
        [
            test_decisions.test_who_asks_does_not_decide_and_reads_who_could,
            test_bad_input.test_who_asked_does_not_decide,
        ],
    ),
    (
        decides_on_stale,
        [test_decisions.test_rescored_it_is_stale_and_is_not_decided_without_words],
    ),
    (
        extends_past_the_cap,
        [test_acceptances.test_extensions_end_at_the_cap_of_all_whoever_asks, _extending],
    ),
    (
        accepts_without_acceptance,
        [test_acceptances.test_the_response_accept_is_a_wish_and_no_acceptance],
    ),
    (grants_what_is_no_more_acceptable, [_draft]),
]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "plant, rule",
    [
        pytest.param(plant, rule, id=f"{plant.__name__}-{rule.__name__}")
        for plant, rules in PLANTED
        for rule in rules
    ],
)
def test_a_planted_fault_is_heard(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    rule: Rule,
) -> None:
    plant(monkeypatch)
    heard = False
    with transaction.atomic():
        try:
            rule(world)
        except (Exception, pytest.fail.Exception):
            heard = True
        transaction.set_rollback(True)
    assert heard, f"{rule.__name__} does not notice {plant.__name__}"


@pytest.mark.parametrize("case", test_decisions.WHO_MAY)
def test_the_table_of_who_may_hears_a_requester_who_decides(
    case: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row of the table about deciding that names the requester fails with the fault."""
    self_decision(monkeypatch)
    act, state, who, found = case
    if found is policy.Block.REQUESTER and act == "decide":
        assert policy.reason_blocked(act, policy.Situation(state), who) != found
    else:
        assert policy.reason_blocked(act, policy.Situation(state), who) == found

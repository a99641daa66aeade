"""A small fault run over real servers, and a check that cannot be deceived."""

import copy
from typing import Any

import pytest

from bench import faults_reminders
from bench.faults_check import Record, check
from tools import postgres

pytestmark = pytest.mark.once

A, B = "D-001-001", "D-001-002"
DUE = "2026-09-16"
OWNER, DEPUTY, LEADER = "owner@bench.example", "deputy@bench.example", "leader@bench.example"


def mail(name: str, to: str, *tokens: str, fate: str = "heard") -> dict[str, Any]:
    return {"id": name, "to": [to], "subject": "", "text": " and ".join(tokens), "fate": fate}


def good() -> Record:
    """Two people, two duties, and a run in which all went well in spite of one kill."""
    return Record(
        expected={OWNER: [A, B], DEPUTY: [B]},
        urgent={LEADER: [A]},
        duties={A: [LEADER, OWNER], B: [DEPUTY, OWNER]},
        reviews={"a": DUE, "b": DUE},
        silent=["D-001-003"],
        mails=[mail("<1>", OWNER, A, B), mail("<2>", DEPUTY, B), mail("<0>", LEADER, A)],
        messages=[
            ("<1>", OWNER, "digest"),
            ("<2>", DEPUTY, "digest"),
            ("<0>", LEADER, "interrupt"),
        ],
        deliveries=[("<1>", "sent"), ("<2>", "sent"), ("<0>", "sent")],
        reminders=[
            ("risk.review", "a", DUE, "0", "sent"),
            ("risk.review", "a", DUE, "-3", "skipped"),
            ("risk.review", "b", DUE, "0", "sent"),
        ],
        review_dates={"a": DUE, "b": DUE},
        kills={"worker": 1},
    )


def test_a_good_run_is_found_good() -> None:
    verdict = check(good())
    assert verdict.violations == []
    assert verdict.counts["people who got theirs"] == 2
    assert verdict.counts["duties told"] == 2


def change(record: Record, what: str) -> Record:
    """``record`` with one thing wrong."""
    record = copy.deepcopy(record)
    again = [mail("<1>", OWNER, A, B)]
    match what:
        case "lost":
            del record.mails[1]
        case "urgent lost":
            record.mails[2]["text"] = ""
        case "not a digest":
            record.messages[1] = ("<2>", DEPUTY, "interrupt")
        case "short":
            record.mails[0]["text"] = A
        case "told too much":
            record.mails[1]["text"] += " " + A
        case "told of what is silent":
            record.mails[0]["text"] += " D-001-003"
        case "more duplicates than kills":
            record.mails += again * 2
        case "another Message-ID":
            record.mails.append(mail("<3>", OWNER, A, B))
            record.messages.append(("<3>", OWNER, "digest"))
            record.deliveries.append(("<3>", "sent"))
        case "not from the outbox":
            record.mails.append(mail("<4>", OWNER, A, B))
        case "to somebody else":
            record.mails[1]["to"] = [OWNER]
        case "second reminder":
            record.reminders.append(record.reminders[0])
        case "two rungs":
            record.reminders[1] = ("risk.review", "a", DUE, "-3", "sent")
        case "rung not recorded":
            record.reminders.pop()
        case "rung waits":
            record.reminders.append(("risk.review", "b", DUE, "7", "due"))
        case "still sending" | "pending" | "failed":
            record.deliveries[0] = ("<1>", what.split()[-1])
        case "said to be sent":
            record.messages.append(("<5>", OWNER, "interrupt"))
            record.deliveries.append(("<5>", "sent"))
        case "moved":
            record.review_dates["a"] = "2026-12-16"
        case "gone":
            del record.review_dates["a"]
    return record


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("lost", f"no digest reached: {DEPUTY}"),
        ("not a digest", f"no digest reached: {DEPUTY}"),
        ("urgent lost", f"not told at once: {LEADER} of {A}"),
        ("short", f"leaves out a duty: {OWNER} lacks {B}"),
        ("told too much", f"not theirs or not due: {DEPUTY} of {A}"),
        ("told of what is silent", f"not theirs or not due: {OWNER} of D-001-003"),
        ("more duplicates than kills", "2 duplicates after 1 kills"),
        ("another Message-ID", f"two digests of one day for: {OWNER}"),
        ("not from the outbox", "a mail that is in no outbox: <4>"),
        ("to somebody else", "a Message-ID that went to somebody else: <2>"),
        ("second reminder", "a second reminder for one rung"),
        ("two rungs", "one duty told on two rungs"),
        ("rung not recorded", "1 of 2 duties have a rung sent"),
        ("rung waits", "a rung still waits"),
        ("still sending", "a delivery is not over: <1> sending"),
        ("pending", "a delivery is not over: <1> pending"),
        ("failed", "a delivery is not over: <1> failed"),
        ("said to be sent", "recorded as sent, never taken: <5>"),
        ("moved", "I1: a review date moved: a"),
        ("gone", "I1: a review date moved: a"),
    ],
)
def test_whatever_is_wrong_is_found(what: str, said: str) -> None:
    verdict = check(change(good(), what))
    assert any(said in violation for violation in verdict.violations), verdict.violations


def test_an_answer_that_was_dropped_excuses_one_duplicate_and_no_more() -> None:
    record = good()
    record.kills = {}
    record.mails = [mail("<1>", OWNER, A, B, fate="unheard"), *record.mails]
    verdict = check(record)
    assert verdict.violations == []
    assert verdict.counts["of them a second time, its answer dropped"] == 1
    record.mails.append(mail("<1>", OWNER, A, B))
    assert check(record).violations == ["1 duplicates after 0 kills"]


@pytest.mark.process
@pytest.mark.unmeasured
def test_a_small_fault_run_keeps_every_promise() -> None:
    values: list[str] = []
    plan = faults_reminders.Plan(
        duties=40,
        people=14,
        kills=4,
        minutes=0.4,
        seed=3,
        database="postgres" if postgres.find_bin() else "sqlite",
        lease=10,
        sweep=2,
        round=1,
        say=values.append,
    )
    verdict, record = faults_reminders.run(plan)
    assert verdict.violations == [], "\n".join(values)
    assert verdict.counts["people who got theirs"] == len(record.expected) > 8
    assert sum(record.kills.values()) > 0

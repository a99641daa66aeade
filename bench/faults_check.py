"""What must hold after a fault run, as a pure function of what was recorded.

It believes the mail server and the rows, and nothing that the engine says of itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(r"\bD-\d{3}-\d{3}\b")
SHOWN = 8


@dataclass
class Record:
    """Everything that was recorded.

    ``expected``: tokens of duties that a person's digest must name, ``urgent``: those that any mail
    to them must name, ``duties``: persons by token, ``reviews``: review date by risk, ``silent``:
    tokens nobody is to hear of. ``mails``: lines of the sink. ``messages``: (Message-ID, address,
    kind). ``deliveries``: (Message-ID, state) of mails. ``reminders``: (kind, subject, due date,
    rung, state). ``review_dates``: the risks' dates afterwards. ``kills``: how often what was
    killed. ``sink``: how often the mail server did what to those who sent.
    """

    expected: dict[str, list[str]]
    urgent: dict[str, list[str]]
    duties: dict[str, list[str]]
    reviews: dict[str, str]
    silent: list[str]
    mails: list[dict[str, Any]] = field(default_factory=list)
    messages: list[tuple[str, str, str]] = field(default_factory=list)
    deliveries: list[tuple[str, str]] = field(default_factory=list)
    reminders: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    review_dates: dict[str, str] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=dict)
    sink: dict[str, int] = field(default_factory=dict)


@dataclass
class Verdict:
    """Counts to print, and what was violated, in words; good when nothing was."""

    counts: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def claim(self, what: str, culprits: Iterable[Any]) -> int:
        """Note ``what`` as violated if there are culprits; returns their number."""
        found = [str(c) for c in culprits]
        if found:
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            self.violations.append(f"{what}: {', '.join(found[:SHOWN])}{more}")
        return len(found)


def check(record: Record) -> Verdict:
    """Hold the record against every promise."""
    verdict = Verdict()
    kinds = {message: kind for message, _address, kind in record.messages}
    digests: dict[str, set[str]] = defaultdict(set)
    in_digest: dict[str, set[str]] = defaultdict(set)
    named: dict[str, set[str]] = defaultdict(set)
    for mail in record.mails:
        tokens = set(TOKEN.findall(mail["text"]))
        for person in mail["to"]:
            named[person] |= tokens
            if kinds.get(mail["id"]) == "digest":
                digests[person].add(mail["id"])
                in_digest[person] |= tokens
    _everybody(record, digests, in_digest, named, verdict)
    _nobody_else(record, named, verdict)
    verdict.claim("two digests of one day for", (p for p, ids in digests.items() if len(ids) > 1))
    verdict.claim("a mail that is in no outbox", {m["id"] for m in record.mails} - set(kinds))
    _duplicates(record, verdict)
    _rows(record, verdict)
    return verdict


def _everybody(
    record: Record,
    digests: dict[str, set[str]],
    in_digest: dict[str, set[str]],
    named: dict[str, set[str]],
    verdict: Verdict,
) -> None:
    """Each person got a digest that names all that is theirs, and heard of what cannot wait."""
    lost = [person for person in record.expected if not digests[person]]
    verdict.counts["people who must get a digest"] = len(record.expected)
    verdict.counts["people who got theirs"] = len(record.expected) - len(lost)
    verdict.claim("no digest reached", lost)
    verdict.claim(
        "a digest leaves out a duty",
        (
            f"{person} lacks {token}"
            for person, tokens in record.expected.items()
            if digests[person]
            for token in sorted(set(tokens) - in_digest[person])
        ),
    )
    unheard = [
        f"{person} of {token}"
        for person, tokens in record.urgent.items()
        for token in sorted(set(tokens) - named[person])
    ]
    verdict.counts["people with something urgent"] = len(record.urgent)
    verdict.claim("not told at once", unheard)
    told = [t for t, people in record.duties.items() if any(t in named[p] for p in people)]
    verdict.counts["duties that fell due"] = len(record.duties)
    verdict.counts["duties told"] = len(told)
    verdict.claim("a duty was told to nobody", sorted(set(record.duties) - set(told)))


def _nobody_else(record: Record, named: dict[str, set[str]], verdict: Verdict) -> None:
    wrong = [
        f"{person} of {token}"
        for person, tokens in named.items()
        for token in sorted(tokens)
        if person not in record.duties.get(token, ())
    ]
    verdict.claim("somebody was told of what is not theirs or not due", wrong)


def _duplicates(record: Record, verdict: Verdict) -> None:
    """A mail taken again after an answer that its sender may not have got.

    Where the server dropped the connection instead of answering, the sender cannot know; each such
    time excuses one. Everything else must have a kill that explains it, one each.
    """
    taken = Counter(mail["id"] for mail in record.mails)
    unheard = Counter(mail["id"] for mail in record.mails if mail["fate"] == "unheard")
    again = {name: n - 1 for name, n in taken.items() if n > 1}
    excused = {name: min(n, unheard[name]) for name, n in again.items()}
    left = sum(again.values()) - sum(excused.values())
    kills = sum(record.kills.values())
    verdict.counts["mails taken by the server"] = sum(taken.values())
    verdict.counts["of them a second time, its answer dropped"] = sum(excused.values())
    verdict.counts["of them a second time, after a kill"] = left
    verdict.counts["kills"] = kills
    if left > kills:
        verdict.violations.append(f"{left} duplicates after {kills} kills")
    addresses = {message: address for message, address, _kind in record.messages}
    verdict.claim(
        "a Message-ID that went to somebody else",
        (m["id"] for m in record.mails if m["to"] != [addresses.get(m["id"], m["to"][0])]),
    )


def _rows(record: Record, verdict: Verdict) -> None:
    rungs = Counter(row[:4] for row in record.reminders)
    verdict.counts["reminders recorded"] = len(record.reminders)
    verdict.claim("a second reminder for one rung", (k for k, n in rungs.items() if n > 1))
    told = Counter(row[:3] for row in record.reminders if row[4] == "sent")
    verdict.claim("one duty told on two rungs", (k for k, n in told.items() if n > 1))
    verdict.counts["duties with a rung sent"] = len(told)
    if len(told) != len(record.duties):
        verdict.violations.append(f"{len(told)} of {len(record.duties)} duties have a rung sent")
    verdict.claim("a rung still waits", (r[:4] for r in record.reminders if r[4] == "due"))
    states = Counter(state for _message, state in record.deliveries)
    verdict.counts["deliveries"] = ", ".join(f"{n} {s}" for s, n in sorted(states.items()))
    verdict.claim(
        "a delivery is not over",
        (f"{m} {s}" for m, s in record.deliveries if s in ("sending", "pending", "failed")),
    )
    arrived = {mail["id"] for mail in record.mails}
    verdict.claim(
        "recorded as sent, never taken",
        (m for m, s in record.deliveries if s == "sent" and m not in arrived),
    )
    verdict.claim(
        "I1: a review date moved",
        (risk for risk, due in record.reviews.items() if record.review_dates.get(risk) != due),
    )

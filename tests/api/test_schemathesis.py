"""Calls made up from the schema, by Schemathesis with all its checks, for each of the six roles.

Each case is sent by one of the roles, which take turns, so that every role sends a sixth of them;
what each did is undone before the next. How many for an operation: SCHEMATHESIS_CASES, else fifty,
and a hundred in a thorough run.
"""

import contextlib
import functools
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth

from riskreg.analysis.policy.simulations import LEAST_YEARS
from riskreg.decisions.models import Obligation
from riskreg.endpoints import services as endpoints
from riskreg.exchange.services import Brought, import_file_unless_answers_needed
from riskreg.register.models import Role
from riskreg.register.services import archive_register, create_program, found_register, invite
from riskreg.risks.services import set_cadence
from tests import builders
from tests.amounts import examples
from tests.analysis import making
from tests.builders import SLUG, World
from tests.comments import making as talking
from tests.decisions import making as accepting
from tests.endpoints.receiver import stub_names
from tests.exchange import scheduling

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.unmeasured]
CASES = int(os.environ.get("SCHEMATHESIS_CASES", examples(100)))
# The operations are dealt out to so many tests, which can run beside each other.
PARTS = 12
CONFIG = Path(__file__).parents[2] / "schemathesis.toml"
# What no schema can say, and so the only reasons for which a call that fits it may be a 400: what
# exists, in which state, what goes with what, and characters that no text may hold.
RULES = {
    "after_as_of", "after_due", "away_too", "bad_character", "bad_cursor", "bad_url", "bad_text",
    "before_start",
    "beyond_red", "bidi_override", "cannot_narrow", "cannot_own", "closed", "count",
    "extended_already",
    "in_the_future", "in_the_past", "narrower", "no_address", "no_band", "no_zone", "none_at_zero",
    "not_earlier", "not_open", "not_used", "nothing", "nothing_to_correct", "one_line",
    "other_party", "other_unit", "other_value", "out_of_order", "out_of_range", "overlap",
    "private_filter", "private_objective", "required", "same_as_owner", "same_person", "taken",
    "too_early",
    "too_far", "too_late", "too_many", "too_precise", "twice", "unknown", "unknown_level",
    "unknown_member", "unknown_party",
    "unknown_objective", "unknown_risk", "unknown_term", "wrong_state", "wrong_unit", "malformed",
    "changed", "contradiction", "forbidden", "unknown_rating", "retired", "mail_needed",
    "needs_party", "unknown_host",
    "no_criteria", "not_a_date", "not_a_time", "needs_source", "nothing_changed",
    "one_at_a_time", "not_alone", "unchanged", "not_a_reference", "no_translation",
    # Of parties, axes, files and estimates: what is there, or what the file itself says.
    "newer_one", "withheld",
    "answers_needed", "empty", "in_use", "not_a_register", "private_risk", "repeated", "waiting",
    # Of acceptances: what is above appetite, who has the authority, and for how long.
    "beyond_cap", "no_authority", "no_threat", "shared_since", "stale", "unrated",
    "within_appetite",
    # Of decisions: what is an option, what a draft lacks, and who is asked.
    "nothing_is_nothing", "nothing_stays", "party_missing", "too_few", "unknown_mitigation",
    # Of relations, questions, comments and files: what is there already, or what the bytes are.
    "after_end", "already_asked", "archive", "circle", "damaged", "ended", "itself", "macros",
    "markup", "no_room", "other_ending", "other_kind", "private_thing", "too_deep", "unknown_thing",
    "unknown_type", "withdrawn",
    # Of assessments: the criteria in force tell no kinds of impact apart.
    "none_there",
    # 1.0 is an integer to JSON Schema and none to us.
    "not_a_number", "not_a_level",
}  # fmt: skip
# Real names for what a made-up body calls by name: most would be refused for that alone.
NAMED: dict[str, Any] = {
    "risks": ["R-001"], "objectives": [], "terms": [], "likelihood": 2, "impact": 3,
    "dimension": None,
    "objective": None, "due_on": "2027-01-31", "starts_on": "2027-01-04", "until_on": "2027-01-08",
    "address": "https://hooks.receiver.com/in", "recipe": {"state": ["open"]},
    "content": "Risk,Likelihood,Impact\nIce,5,5\n", "cadence": {"critical": 90},
    "seen_criteria": 1, "time_zone": "UTC", "seen_time_zone": builders.ZONE,
    "tested_on": "2026-09-01", "next_test_on": None, "currency": "CNY",
    "frequency_low": "0.2", "frequency_mode": 0.5, "frequency_high": "0.9",
    "severity_low": "1000", "severity_mode": None, "severity_high": 9000, "severity_cap": None,
    "risk": "R-001", "expires_on": "2026-10-30",
    "answer_by": "2026-10-10", "conditions": [],
    "into": "market:mideast",
    "term": "market:eu", "rating": "low",
    "driver": "D-001", "indicator": "K-001", "low": "1", "mode": 2, "high": "3", "sensitivity": 1,
    "as_of": "2026-09-01", "review_on": None, "steps": [],
    "start": "164500", "start_year": 2025, "growth_low": "0", "growth_mode": 7, "growth_high": "18",
    "hits": [{"risk": "R-001", "mode": "-15"}], "lifts": [{"mitigation": "M-001", "mode": "6"}],
    "elasticities": [], "follows": 0,
    "first_on": "2027-01-31",
}  # fmt: skip
# Which of the real things stands for a key that several nouns have.
KEYS = {
    **{f"/acceptances/{{ref}}/{act}/": "A-002" for act in ("grant", "refuse", "withdraw")},
    "/acceptances/": "A-001",
    **{f"/decisions/{{ref}}/{act}/": "X-002" for act in ("decide", "reject", "retract")},
    **{f"/decisions/{{ref}}/{act}/": "X-003" for act in ("revisit", "record", "vote")},
    "/decisions/{ref}/conditions/": "X-003", "/decisions/": "X-001",
    "/risks/": "R-001", "/mitigations/": "M-001", "/indicators/": "K-001",
    "/terms/": "market:eu", "/objectives/": "overseas-units-2030", "/taxonomies/": "market",
    "/drivers/": "D-001",
    "/withdraw/": "CR-002", "/change-requests/": "CR-001",
}  # fmt: skip


@functools.cache
def read_schema() -> Any:
    """The schema as Schemathesis reads it: once in a process, for all parts of the test."""
    load_all_checks()
    document = json.loads(Client().get("/api/schema/").content)
    schema = schemathesis.openapi.from_dict(
        document, config=SchemathesisConfig.from_path(str(CONFIG))
    )
    schema.app = get_wsgi_application()
    return schema


@contextlib.contextmanager
def kept_connection() -> Iterator[None]:
    """A WSGI server closes old connections around each request; the test's own must stay.

    Not around Django's test client, which does the same by itself and undoes this.
    """
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)


@pytest.fixture
def known(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Real values for the keys in addresses, of a register where each has something to show."""
    row = builders.risk(world, inherent=(5, 5), target=(1, 2))
    work = builders.mitigation(world, row)
    builders.objective(world)
    builders.taxonomy(world)
    builders.review(world, row)
    # The addresses that are made up for webhooks lead nowhere.
    stub_names(monkeypatch)["hooks.receiver.com"] = ["93.184.215.14"]
    viewer = world.viewer("manager")
    webhook, _secret = endpoints.add_endpoint(
        audience=viewer.audience, kind="webhook", name="ERP", language="en",
        actor_for_log=viewer.user.uuid, at=world.at,
        address=endpoints.check_address("webhook", "https://hooks.receiver.com/"),
    )  # fmt: skip
    manager = builders.api(world.manager)
    here, send = f"/api/v1/registers/{SLUG}/", {"content_type": "application/json"}
    manager.post(here + "indicators/", {
        "names": {"en": "Tariff"}, "unit": "%", "direction": "higher_is_worse", "amber": 10,
        "red": 20, "frequency_days": 30, "risks": ["R-001"],
    }, **send)  # fmt: skip
    meeting = manager.post(
        here + "meetings/", {"title": "Monthly", "recipe": {"state": "open"}}, **send
    ).json()
    absence = manager.post(
        here + "absences/", {"starts_on": "2027-02-01", "until_on": "2027-02-05"}, **send
    ).json()
    for who, days in (("partner_manager", 200), ("manager", 300)):
        set_cadence(actor=world.viewer(who), cadence={"critical": days}, seen_number=1, at=world.at)
    making.estimate(world, row, released=True)
    making.effect(world, work, row, released=True)
    moving = making.driver(world, by="manager")
    said = making.belief(world, moving, by="manager")
    done = making.simulation(world, years=LEAST_YEARS)
    made, _plan = import_file_unless_answers_needed(
        actor=viewer, brought=Brought("ice.csv", NAMED["content"].encode()), at=world.at
    )
    assert made is not None
    accepting.accepted(world, row, conditions=[accepting.condition(world)])
    accepting.asked(world, builders.risk(world))
    account, token, _secret = create_program(actor=viewer, name="ERP", scope="read", at=world.at)
    invitation = invite(
        actor=viewer, email="asked@example.com", role="owner", party="foton", at=world.at
    )
    things = {
        "webhook": webhook, "control": builders.control(world, row), "simulation": done,
        "queued": making.simulation(world, done=False, seed=2), "brought": made,
        "estimate": making.estimate(world, row, by="manager"),
        "effect": making.effect(world, work, row, by="manager"), "program": account.user,
        "belief": said, "link": making.link(world, moving, row, by="manager"),
        "token": token, "invitation": invitation, "member": world.deputy,
        "acceptor": world.leader, "condition": Obligation.objects.earliest("pk"),
        "appetite": builders.own_appetite(world, "low"),
        "schedule": scheduling.schedule(world),
        "comment": talking.comment(world, row, by="manager"),
        "question": accepting.question(world, row, by="manager"),
    }  # fmt: skip
    return {
        **{name: str(thing.uuid) for name, thing in things.items()},
        "slug": SLUG, "meeting": meeting["id"], "absence": absence["id"], "number": "1",
        "party": "foton", "alone": alone(world, "alone"),
        "archived": alone(world, "archived", archived=True),
    }  # fmt: skip


def alone(world: World, slug: str, *, archived: bool = False) -> str:
    """The slug of a register that nobody but foton's manager is in, which can be archived, and
    whose second party, which has nothing yet, can be removed."""
    parties = [{"key": key, "names": {"en": key.capitalize()}} for key in ("foton", "second")]
    founder = found_register(
        by=world.manager, slug=slug, names={"en": slug.capitalize()}, currency="CNY",
        time_zone=builders.ZONE, parties=parties, acts_for="foton", at=world.at, by_operator=True,
    )  # fmt: skip
    if archived:
        archive_register(actor=founder, reason="It is over", version=None, at=world.at)
    return slug


def settle(case: Any, known: dict[str, str], owner: str, real: int) -> None:
    """Put real names into those parts of ``case`` that fit the schema already."""

    def fits(location: ParameterLocation) -> bool:
        return not case.meta.is_negative_at(location)

    if fits(ParameterLocation.PATH) and case.path_parameters:
        key = next((key for part, key in KEYS.items() if part in case.path), "R-001")
        values = {**known, "ref": key, "key": key, "name": "loss"}
        if case.path.endswith("/archive/"):
            values["slug"] = known["alone"]
        elif case.path.endswith("/restore/"):
            values["slug"] = known["archived"]
        elif case.method == "DELETE" and "party" in case.path_parameters:
            values |= {"slug": known["alone"], "party": "second"}
        elif case.path.endswith("/cancel/"):
            values["simulation"] = known["queued"]
        case.path_parameters = {k: values.get(k, v) for k, v in case.path_parameters.items()}
    if fits(ParameterLocation.HEADER) and "If-Match" in case.headers:
        case.headers["If-Match"] = f'"{real}"'
    if fits(ParameterLocation.BODY) and isinstance(case.body, dict):
        names = {
            **NAMED,
            "owner": owner,
            "from": owner,
            "to": owner,
            "stand_in": None,
            "acceptor": known["acceptor"],
            "recipients": [known["acceptor"]],
        }
        case.body = {k: names.get(k, v) for k, v in case.body.items()}


@pytest.mark.parametrize("part", range(PARTS))
def test_calls_made_up_from_the_schema(
    part: int, known: dict[str, str], world: World, subtests: Any
) -> None:
    people = {role: getattr(world, {"viewer": "onlooker"}.get(role, role)) for role in Role.values}
    tokens = {role: builders.token(person) for role, person in people.items()}
    operations = [result.ok() for result in read_schema().get_all_operations()]
    assert len(operations) > 5 * PARTS - PARTS
    for operation in operations[part::PARTS]:
        with subtests.test(operation.label), kept_connection():
            called = roles_call(operation, tokens, known, world.deputy.email)
            assert set(called) == set(Role.values)
            sent = [sum(codes.values()) for codes in called.values()]
            assert sum(sent) >= CASES
            assert min(sent) >= CASES // len(sent)
            noted(operation, called)


def roles_call(
    operation: Any, tokens: dict[str, str], known: dict[str, str], owner: str
) -> dict[str, Counter[int]]:
    """How often each role was answered with each status. Raises what a check finds."""
    answered: dict[str, Counter[int]] = {role: Counter() for role in tokens}
    turns = itertools.cycle(enumerate(tokens))

    @settings(
        max_examples=CASES, deadline=None, database=None, derandomize=True,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        case=st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        ),
        real=st.sampled_from([0, 1, 1, 2, 3, 3, 3, 4]),
    )
    def call(case: Any, real: int) -> None:
        if real:
            settle(case, known, owner, real)
        n, role = next(turns)
        # The client that carries the calls does not unpack what comes packed.
        headers = {"Authorization": f"Bearer {tokens[role]}", "Accept-Encoding": "identity"}
        with transaction.atomic():
            response = case.call(headers=headers)
            # Asks again without any token: the same for whoever asked before, so of one role.
            again = [ignored_auth] if n else []
            case.validate_response(
                response, checks=CHECKS.get_all(), excluded_checks=again, headers=headers
            )
            only_rules_refuse(case, response)
            transaction.set_rollback(True)
        answered[role][response.status_code] += 1

    call()
    return answered


def noted(operation: Any, called: dict[str, Counter[int]]) -> None:
    """Write the figures down where SCHEMATHESIS_FIGURES names a file, for the docs."""
    if path := os.environ.get("SCHEMATHESIS_FIGURES"):
        with Path(path).open("a") as out:
            out.write(json.dumps({"operation": operation.label, **called}) + "\n")


def only_rules_refuse(case: Any, response: Any) -> None:
    """A call that fits the schema is refused for a rule beyond it, never for its shape."""
    if response.status_code != 400 or case.meta.generation.mode.is_negative:
        return
    codes = {error["code"] for error in response.json()["errors"]}
    assert codes <= RULES, (case.as_curl_command(), response.text[:500])

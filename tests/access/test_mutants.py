"""Taking the visibility filter out of any one query makes the canary walk fail.

Each place in the source that asks for ``visible_to`` (or for the chains of an audience) is found in
its syntax tree and switched off by itself. A first walk notes which visits come by which place, so
that only those are made again with the filter off; one of them must give something away. What no
visit can show has a probe in ``test_probes``.
"""

import datetime as dt
import hashlib
import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client

from riskreg.endpoints.models import Endpoint
from riskreg.events.policy import Audience
from riskreg.kernel import health
from riskreg.notify.models import Delivery, Message
from tests.access import canaries, walk
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.access.switching import ROOT, Switch, every_site, place
from tests.access.test_probes import PROBES
from tests.amounts import sample

pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.unmeasured]

# Places where the filter is a second line that nothing can get behind, and why.
REDUNDANT = {
    "analysis/queries/effects.py:newest_effects_on_open_risks": "no wider than what it is about",
    "decisions/queries/stale.py:_pending_or_decided_with_missed": "conditions are their decision's",
    "indicators/queries/breaches.py:with_mitigation_and_reading_labels": "from one's own chains",
    "risks/queries/lists.py:labels_of_mitigations": "read from one's own chains",
    "analysis/queries/objectives.py:newest_model_of_each_objective": "as narrow as its objective",
    "analysis/queries/objectives.py:visible_refs_by_id_in_model": (
        "a model names what its readers know of"
    ),
    "analysis/queries/simulations.py:_uncancelled_mitigations": (
        "a model names what its readers know of"
    ),
    "decisions/queries/acceptances.py:acceptances_with_shown_fields_for": (
        "conditions are their acceptance's"
    ),
    "comments/queries/targets.py:things_by_id_of_comments": (
        "its comments are seen by no more than it is"
    ),
    "evidence/queries.py:ids_of_evidence_on": "events are read from one's own chains",
    "decisions/queries/decisions.py:decision_condition_for": "its decision was found by this rule",
    "decisions/queries/decisions.py:first_mitigations_to_offer": "narrowed to its decision anyway",
    "register/external_ids.py:_check_external_id_free": "narrowed to the asker's own party anyway",
    "risks/services/lookups.py:__init__": "narrowed to the asker's own party anyway",
    "risks/queries/lists.py:visible_mitigations": "the cursor read with it is its audience's",
    "indicators/queries/access.py:visible_indicators": "its cursor is its audience's",
    "reviews/queries/coverage.py:_items_with_risk_and_extension": "found under the same rule",
    "indicators/queries/access.py:readings_of": "the indicator itself was found by the same rule",
}


@pytest.fixture
def canary_world(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> CanaryWorld:
    monkeypatch.setitem(health.CHECKS, "broker", lambda: None)
    return canaries.build(at)


def answered(client: Client, visit: walk.Visit) -> bytes:
    """A digest of the answer; empty where a page breaks on what it should not have met."""
    try:
        text = walk.text_of(walk.send(client, visit, visit.path))
    except Exception:
        return b""
    return hashlib.sha256(walk.normal(text).encode()).digest()


def test_every_filter_can_be_switched_off() -> None:
    """Where the filter is not called but handed on, nobody would notice that it was forgotten."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted(ROOT.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\.visible_to\b(?!\()", line)
    ]
    assert found == []


@pytest.mark.django_db
def test_any_one_query_that_forgets_who_asks_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = "partner_manager"
    switch = Switch(monkeypatch)
    plain: dict[walk.Visit, bytes] = {}
    coming_by: dict[tuple[str, int], list[tuple[Any, walk.Visit]]] = {}
    for route in ROUTES:
        client = walk.client_for(canary_world, who, route)
        for visit in walk.visits(canary_world, route, most=1):
            switch.passed = set()
            plain[visit] = answered(client, visit)
            for passed in switch.passed:
                coming_by.setdefault(passed, []).append((client, visit))
    assert b"" not in plain.values()
    every = every_site()
    aside = {*REDUNDANT, *PROBES}
    assert aside <= {str(s) for s in every}
    walked = [s for s in every if str(s) not in aside]
    assert len(walked) >= 20

    telling: Counter[str] = Counter()

    def heard(off: set[tuple[str, int]]) -> bool:
        """Whether some answer is another than with the filter on, or is none at all."""
        asked = {v: (c, v) for p in off for c, v in coming_by.get(p, [])}.values()
        # Where other filters were heard, this one is likely to be.
        for client, visit in sorted(asked, key=lambda each: -telling[each[1].route]):
            switch.off = off
            if answered(client, visit) != plain[visit]:
                switch.off = set()
                # What a write makes has another id each time: then it is not the filter.
                if answered(client, visit) == plain[visit]:
                    telling[visit.route] += 1
                    return True
        return False

    unheard = []
    for site in sample(walked, 0, every=2):
        # Where one function asks twice, each time is enough by itself: then both are switched off.
        both = {place(s) for s in walked if str(s) == str(site)}
        if not heard({place(site)}) and not (len(both) > 1 and heard(both)):
            unheard.append(f"{site} line {site.line}, {len(coming_by.get(place(site), []))} visits")
    assert not unheard, "\n".join(unheard)


def _all_deliveries(audience: Audience) -> Any:
    return Delivery.objects.select_related("message").order_by("-id")


def _all_readable(audience: Audience, messages: Any) -> set[int]:
    return set(Message.objects.values_list("pk", flat=True))


def _all_endpoints(audience: Audience) -> Any:
    return Endpoint.objects.order_by("id")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "module, routes",
    [
        ("riskreg.web.settings.endpoints", ["/r/{}/endpoints/", "/r/{}/endpoints/{}/"]),
        ("riskreg.api.webhooks", ["/api/v1/registers/{}/webhooks/"]),
        ("riskreg.endpoints.services.endpoints", ["/r/{}/endpoints/{}/rename/"]),
    ],
)
def test_chats_and_webhooks_of_the_other_party_are_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch, module: str, routes: list[str]
) -> None:
    monkeypatch.setattr(f"{module}.endpoints_of_party_in", _all_endpoints)
    if module.endswith("services.endpoints"):
        # The page asks first; with both forgetting, the act is done.
        monkeypatch.setattr("riskreg.web.settings.endpoints.endpoints_of_party_in", _all_endpoints)
    for route in routes:
        client = walk.client_for(canary_world, "partner_manager", route)
        heard = [
            leak
            for visit in walk.visits(canary_world, route, thorough=False)
            for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
        ]
        assert heard, route


def _every_inbox(user: Any) -> Any:
    return Message.objects.order_by("-id")


@pytest.mark.django_db
def test_the_inbox_of_another_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("riskreg.web.messages.inbox.inbox_of", _every_inbox)
    for route in ("/inbox/", "/inbox/{}/"):
        client = walk.client_for(canary_world, "partner_manager", route)
        heard = [
            leak
            for visit in walk.visits(canary_world, route, thorough=False)
            for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
        ]
        assert heard, route


@pytest.mark.django_db
def test_mail_of_the_other_party_is_heard(
    canary_world: CanaryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "riskreg.web.messages.deliveries.deliveries_looked_after_by", _all_deliveries
    )
    monkeypatch.setattr("riskreg.web.messages.deliveries.messages_readable_among", _all_readable)
    route = "/r/{}/deliveries/"
    client = walk.client_for(canary_world, "partner_manager", route)
    heard = [
        leak
        for visit in walk.visits(canary_world, route, thorough=False)
        for leak in walk.leaks_of(canary_world, client, "partner_manager", visit)
    ]
    assert heard

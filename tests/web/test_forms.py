"""Every form of the product: what is typed is not lost, and it acts once.

The forms are found by walking the pages, so that a new page is looked at without a line here; a
route of the tables that takes a form and that no page was found to have fails the walk.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from riskreg.accounts.models import User
from riskreg.accounts.services import replace_calendar_secret
from riskreg.decisions.models import Decision
from riskreg.evidence.models import Evidence
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.models import Register
from riskreg.register.services import (
    add_member,
    add_party,
    archive_register,
    create_program,
    create_register,
)
from riskreg.register.services.founding import SETUP_STEPS
from riskreg.risks.models import Risk
from riskreg.risks.services import close_risk
from riskreg.web.forms.key import _read_key
from tests import builders
from tests.access import canaries
from tests.access.canaries import CanaryWorld
from tests.access.routes import ROUTES
from tests.amounts import THOROUGH
from tests.comments import making as talking
from tests.decisions import making as accepting
from tests.exchange import packing, scheduling
from tests.hostile_values import decide_in_every_state
from tests.web.page_forms import PageForm, forms_of, walk

# What pages hold, whichever database is behind them.
pytestmark = [pytest.mark.once, pytest.mark.slow]
# Taken whoever is signed in or not: language and theme are set, and out is out.
FOR_EVERYBODY = {
    "language/", "theme/", "accounts/logout/", "accounts/login/", "accounts/password/reset/",
}  # fmt: skip
# Forms of people who are not signed in: there is nobody for whom a draft could be kept.
OF_STRANGERS = {"/accounts/login/", "/accounts/signup/", "/accounts/password/reset/",
                "/accounts/password/reset/key/{}-{}/", "/first/{}/", "/join/{}/"}  # fmt: skip


@dataclass
class Everything(CanaryWorld):
    """``starts``: pages from which all others are reached, those of rare states among them."""

    starts: list[str] = field(default_factory=list)


@pytest.fixture
def everything(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> Everything:
    """A register in which every kind of thing is there, in the states that have forms."""
    world = Everything(**vars(canaries.build(at)))
    draft = builders.risk(world, title="Draft to open", opened=False)
    private = builders.risk(world, title="To share", visibility="party", by=world.manager)
    plain = builders.risk(world, title="Nobody asked for more time")
    builders.relation(world, plain, "worsens", Risk.objects.get(ref="R-001"), by=world.manager)
    closed = builders.risk(world, title="Closed, to reopen")
    close_risk(actor=world.viewer("owner"), ref=closed.ref, version=None, reason="Over", at=at)
    # Of the rating that a manager may accept, so that somebody here has the forms of an answer.
    to_accept = builders.risk(world, title="To accept", rated=(3, 4))
    asked = accepting.asked(world, to_accept, acceptor=world.manager.email)
    questions = [
        accepting.drafted(world, to_accept),
        accepting.proposed(world, to_accept, by="owner", deciders=[world.manager.email]),
        accepting.proposed(world, to_accept),
    ]
    taken = accepting.proposed(world, to_accept, by="owner", deciders=[world.manager.email])
    questions.append(accepting.chosen(world, taken, by="manager"))
    remark = talking.comment(world, plain, by="manager")
    for by in ("manager", "partner_leader"):
        accepting.question(world, plain, by=by)
    decide_in_every_state(world)
    packing.pack(world, done=False)
    schedule = scheduling.schedule(world)
    replace_calendar_secret(user=world.manager, at=at)
    monkeypatch.setattr(settings, "REGISTER_MAKERS", "everybody")
    Register.objects.filter(pk=world.register.pk).update(
        made_by=world.manager, setup_steps=list(SETUP_STEPS)
    )
    create_program(actor=world.viewer("manager"), name="Loader", scope="read", at=at)
    add_party(register=world.register, key="third", names={"en": "Third"}, prefix="T", at=at,
              by=world.manager)  # fmt: skip
    alone(world, "alone")
    over = alone(world, "over")
    archive_register(actor=over, reason="It is over", version=None, at=at)
    here = f"/r/{world.register.slug}/"
    world.starts = [
        f"{here}work/", f"{here}board-packs/", f"{here}comments/{remark.uuid}/", "/registers/new/",
        f"{here}setup/parties/", f"{here}programs/",
        f"{here}members/", "/preferences/", "/accounts/password/change/", "/inbox/", f"{here}away/",
        f"{here}handover/?from={world.owner.uuid}", f"{here}handover/risks/?all=%3F",
        *(f"{here}risks/{row.ref}/" for row in (draft, closed, private, plain)),
        *(f"{here}meetings/{uuid}/" for uuid in world.shared_meetings),
        *(f"{here}deliveries/{uuid}/" for uuid in world.deliveries),
        *(f"{here}endpoints/{uuid}/" for uuid in world.endpoints),
        *(f"{here}imports/drafts/{uuid}/" for uuid in world.drafts),
        *(f"{here}decisions/{row.ref}/" for row in questions), f"{here}decisions/?show=drafts",
        f"{here}acceptances/{asked.ref}/", f"{here}acceptances/?show=granted",
        f"{here}objectives/overseas-units-2030/", f"{here}risks/R-001/estimates/",
        f"{here}mitigations/M-001/effects/",
        f"{here}drivers/", f"{here}drivers/D-001/",
        *(f"{here}decisions/{row.ref}/" for row in Decision.objects.all()),
        *(f"{here}evidence/{row.uuid}/" for row in Evidence.objects.filter(withdrawn_at=None)),
        f"{here}settings/parties/third/", f"{here}settings/own-appetites/new/",
        f"{here}board-packs/schedules/new/", f"{here}board-packs/schedules/{schedule.uuid}/",
        "/r/alone/settings/archive/", "/r/over/settings/archive/",
    ]  # fmt: skip
    return world


def alone(world: Everything, slug: str) -> Viewer:
    """The manager in a register that is one party's, which may archive and restore it."""
    made = create_register(slug=slug, names={"en": slug}, currency="CNY", time_zone="UTC",
                           at=world.at, by=world.manager)  # fmt: skip
    party = add_party(register=made, key="foton", names={"en": "Foton"}, prefix="F", at=world.at,
                      by=world.manager)  # fmt: skip
    add_member(register=made, user=world.manager, role="manager", party=party, at=world.at,
               by=world.manager)  # fmt: skip
    return viewer_for(world.manager, slug)


def found_by(person: User, world: Everything) -> dict[str, list[PageForm]]:
    return walk(builders.web(person), world.starts)


def without_session(client: Client) -> Client:
    del client.cookies[settings.SESSION_COOKIE_NAME]
    return client


def table_route(route: str) -> str:
    return "/" + re.sub(r"<[^>]*>", "{}", route)


def test_every_form_has_a_key_and_comes_back_with_what_was_typed(everything: Everything) -> None:
    world, wrong, routes = everything, [], set()
    for person in (world.manager, world.owner, world.partner_manager):
        for route, forms in found_by(person, world).items():
            # One of a route; one more of each person and each route in a thorough run.
            for form in forms[: (table_route(route) not in routes) + THOROUGH]:
                fault = fault_of(world, person, route, form)
                if fault:
                    wrong.append(f"{person}: {form.page} → {route}: {fault}")
            routes.add(table_route(route))
    assert wrong == [], "\n".join(wrong)
    taking = {r for r, methods in ROUTES.items() if "POST" in methods and not r.startswith("/api")}
    missed = sorted(taking - routes - OF_STRANGERS)
    assert missed == [], f"no page was found that has the forms of {', '.join(missed)}"


def fault_of(world: Everything, person: User, route: str, form: PageForm) -> str:
    """What is wrong with one form; empty for nothing."""
    key = _read_key(form.key)
    if key is None or key.user != person.uuid.hex:
        return "has no key of its own"
    if route in FOR_EVERYBODY:
        return ""
    sent = form.typed_into("Typed")
    client = without_session(builders.web(person))
    answer = client.post(form.action, sent)
    target = urlsplit(answer.headers.get("Location", ""))
    if answer.status_code != 302 or target.path != "/accounts/login/":
        return f"signed out, it answers {answer.status_code} {target.path}"
    back = parse_qs(target.query).get("next", [""])[0]
    stranger = world.leader if person != world.leader else world.owner
    other = builders.web(stranger).get(back)
    if "Typed" in other.content.decode():
        return "shows what was typed to somebody else"
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(back)
    if page.status_code != 200:
        return f"after signing in {back} answers {page.status_code}"
    again = [
        f for f in forms_of(page, back) if urlsplit(f.action).path == urlsplit(form.action).path
    ]
    wanted = {
        name: values
        for name, values in sent.items()
        if not any(f.name == name and (f.secret or f.kind == "file") for f in form.fields)
    }
    del wanted["csrfmiddlewaretoken"]
    # A person who was picked from the list of a rung stands among its boxes afterwards.
    wanted = {n: [v for v in vs if v or not n.startswith("users-")] for n, vs in wanted.items()}
    best = None
    for candidate in again:
        held = candidate.data()
        held.pop("csrfmiddlewaretoken", None)
        held = {n: [v for v in vs if v or not n.startswith("users-")] for n, vs in held.items()}
        for f in candidate.fields:
            if f.secret:
                if any("Typed" in v for v in f.values):
                    return f"kept the secret {f.name}"
                held.pop(f.name, None)
        lost = {n: (v, held.get(n)) for n, v in wanted.items() if held.get(n, []) != v}
        lost |= {n: ([], v) for n, v in held.items() if v and n not in wanted}
        if best is None or len(lost) < len(best):
            best = lost
    if best is None:
        return f"{back} has no such form"
    if best:
        return f"lost {best}"
    if 'id="kept"' not in page.content.decode():
        return "does not say that it was kept"
    if "Typed secret" in page.content.decode():
        return "kept a secret"
    return ""

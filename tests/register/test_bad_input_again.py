"""The same bad input by the other doors it could come in at: the set-up, previews, edits of what is
there, and pages that were opened before somebody else changed what they show."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from riskreg.accounts.models import User
from riskreg.register import services
from riskreg.register.models import Register, Term
from riskreg.register.policy import default_criteria
from riskreg.risks.services import merge_terms, publish_criteria
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes
from tests.register.test_bad_input import API, CRITERIA, PAGE, Bad, a_scale, api, lost, read, web
from tests.web.page_forms import PageForm, forms_of

pytestmark = pytest.mark.django_db


def form_with(world: World, path: str, field: str) -> PageForm:
    """The form of the page ``path`` that has a field of that name."""
    forms = forms_of(web(world).get(path), path)
    return next(f for f in forms if any(each.name == field for each in f.fields))


def a_party_of_the_set_up_twice(world: World) -> Iterator[Bad]:
    Register.objects.filter(pk=world.register.pk).update(
        made_by=world.manager, setup_steps=["parties", "people"]
    )
    says = "Another one is called “CATL” already"
    yield Bad(web(world), PAGE + "setup/parties/", {"name": "catl"}, says)
    row = {"email": "x@example.com", "role": "king", "party": "foton", "language": "en"}
    yield Bad(web(world), PAGE + "setup/people/", row, "king")
    twice = {"names": {"en": "catl"}}
    yield Bad(api(world), API + "parties/", twice, says)
    # A register that is made whole, by an administrator.
    User.objects.filter(pk=world.manager.pk).update(is_superuser=True)
    keys = [{"key": key, "names": {"en": name}} for key, name in (("a", "CATL"), ("b", "Catl"))]
    body = {"slug": "o", "names": {"en": "Ours"}, "currency": "CNY", "party": "a",
            "time_zone": "Asia/Shanghai", "parties": keys}  # fmt: skip
    yield Bad(api(world), "/api/v1/registers/", body, says)


def a_copy_of_what_is_not_ones_own(world: World) -> Iterator[Bad]:
    User.objects.filter(pk=world.manager.pk).update(is_superuser=True)
    builders.build_world(slug="theirs")
    for slug in ("theirs", "never-was"):
        body = {
            "slug": "o", "names": {"en": "Ours"}, "currency": "CNY", "party": "foton",
            "time_zone": "Asia/Shanghai", "parties": [{"key": "foton", "names": {"en": "Foton"}}],
            "copy_of": slug,
        }  # fmt: skip
        yield Bad(api(world), "/api/v1/registers/", body, "You are in no register")
        form = {
            "name": "Ours", "slug": "o", "currency": "CNY", "time_zone": "Asia/Shanghai",
            "languages": ["en"], "party": "Foton", "copy_of": slug,
        }  # fmt: skip
        yield Bad(web(world), "/registers/new/", form, slug)


def a_scale_that_is_only_looked_at(world: World) -> Iterator[Bad]:
    for bad in a_scale(world):
        if bad.path == CRITERIA:
            yield replace(bad, body={**bad.body, "action": "preview"})
        else:
            yield replace(bad, path=API + "criteria/preview/", method="post", tag="")


def a_term_that_takes_nothing_in(world: World) -> Iterator[Bad]:
    builders.taxonomy(world)
    builders.taxonomy(world, "cause", {"people": "People", "gone": "Gone"})
    row = merge_terms(
        actor=world.viewer("manager"), ref="cause:gone", into="cause:people", version=None,
        at=world.at,
    )  # fmt: skip
    builders.agreed(world, row)
    Term.objects.filter(key="mideast").update(retired_at=world.at)
    for into, says in (
        ("market:never", "Unknown term: market:never"),
        ("cause:people", "Only terms of the same classification"),
        ("cause:gone", "Only terms of the same classification"),
        ("market:mideast", "out of use"),
        ("", "Name the term"),
    ):
        place = PAGE + "settings/terms/market:eu/merge/"
        # No other term is in use, so the page has no list to choose from any more.
        yield Bad(web(world), place, {"version": "1", "into": into}, says, typed=False)
        place = API + "terms/market:eu/"
        if into:
            yield Bad(api(world), place + "merge/", {"into": into}, says, tag=place)
    place = API + "terms/cause:gone/"
    again = {"into": "cause:people"}
    yield Bad(api(world), place + "merge/", again, "It was merged already, into People", tag=place)


def an_objective_moved_into_the_past(world: World) -> Iterator[Bad]:
    row = builders.objective(world)
    path = f"{PAGE}objectives/{row.key}/edit/"
    data = form_with(world, path, "due_on").data()
    says = "This day has passed"
    yield Bad(web(world), path, {**data, "due_on": "2026-09-15"}, says)
    place = f"{API}objectives/{row.key}/"
    yield Bad(api(world), place, {"due_on": "2026-09-15"}, says, method="patch", tag=place)


def what_needs_a_word(world: World) -> Iterator[Bad]:
    archive = PAGE + "settings/archive/"
    data = {**form_with(world, archive, "reason").data(), "reason": ""}
    yield Bad(web(world), archive, data, "This is needed.")
    yield Bad(api(world), API + "archive/", {"reason": ""}, "reason", tag=API)
    row = builders.control(world, builders.risk(world))
    place = f"{PAGE}controls/{row.uuid}/end/"
    yield Bad(web(world), place, {"version": "1", "reason": ""}, "This is needed.")
    place = f"{API}controls/{row.uuid}/"
    yield Bad(api(world), place + "end/", {"reason": ""}, "reason", tag=place)


def a_page_that_was_opened_before(world: World) -> Iterator[Bad]:
    """Somebody of the other party was faster: whoever comes second is told, by every form of what
    is common."""
    builders.taxonomy(world)
    row = builders.objective(world)
    pages = {
        PAGE + "settings/#cadence": form_with(world, PAGE + "settings/", "cadence_critical"),
        PAGE + "settings/#zone": form_with(world, PAGE + "settings/", "time_zone"),
        PAGE + "settings/#axes": form_with(world, PAGE + "settings/", "across"),
        "objective": form_with(world, f"{PAGE}objectives/{row.key}/edit/", "due_on"),
        "term": form_with(world, PAGE + "settings/terms/market:eu/", "name"),
        "party": form_with(world, PAGE + "settings/parties/foton/", "name"),
        "programme": form_with(world, PAGE + "settings/programme/", "places"),
    }
    seen = {place: api(world).get(place)["ETag"] for place in (
        API + "criteria/", API + "axes/", f"{API}objectives/{row.key}/", API + "terms/market:eu/",
        API + "parties/foton/", API + "programme/", API,
    )}  # fmt: skip
    manager, theirs = world.viewer("manager"), world.viewer("partner_manager")
    publish_criteria(
        actor=theirs, data={**default_criteria(), "appetite": "low"}, seen_number=1, at=world.at
    )
    zone = services.set_time_zone(
        actor=theirs, time_zone="Asia/Tokyo", seen=builders.ZONE, at=world.at
    )
    services.approve_change(actor=manager, name=zone.ref, version=None, at=world.at)
    services.set_axes(actor=theirs, across="likelihood", names={}, version=None, at=world.at)
    services.edit_objective(
        actor=manager, key=row.key, fields={"unit": "lorries"}, version=None, at=world.at
    )
    services.edit_term(
        actor=theirs, ref="market:eu", fields={"names": {"en": "Europe"}}, version=None, at=world.at
    )
    services.edit_party(
        actor=manager, key="foton", fields={"names": {"en": "Foton Motor"}}, version=None,
        at=world.at,
    )  # fmt: skip
    services.set_programme(
        actor=theirs, given={"places": {"en": "Ningde"}}, version=None, at=world.at
    )
    changes = {
        PAGE + "settings/#cadence": {"cadence_critical": "29"},
        PAGE + "settings/#zone": {"time_zone": "Asia/Seoul"},
        PAGE + "settings/#axes": {"likelihood": "Odds"},
        "objective": {"unit": "cars"},
        "term": {"name": "The Union"},
        "party": {"name": "BAIC Foton"},
        "programme": {"places": "Beijing"},
    }
    for name, form in pages.items():
        yield Bad(web(world), form.action, {**form.data(), **changes[name]}, "", 409)
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        API + "axes/": ("put", {"across": "impact"}),
        f"{API}objectives/{row.key}/": ("patch", {"unit": "cars"}),
        API + "terms/market:eu/": ("patch", {"names": {"en": "The Union"}}),
        API + "parties/foton/": ("patch", {"names": {"en": "BAIC Foton"}}),
        API + "programme/": ("put", {"places": {"en": "Beijing"}}),
    }
    for place, (method, body) in bodies.items():
        yield Bad(api(world), place, body, "", 412, method, headers={"If-Match": seen[place]})
    zone_body = {"kind": "time_zone", "time_zone": "Asia/Seoul", "seen_time_zone": builders.ZONE}
    yield Bad(api(world), API + "change-requests/", zone_body, "it is now Asia/Tokyo")
    cadence = {"kind": "cadence", "cadence": {"critical": 29}, "seen_criteria": 1}
    yield Bad(api(world), API + "change-requests/", cadence, "in force by now: version 2")


LINES: list[Callable[[World], Iterator[Bad]]] = [
    a_party_of_the_set_up_twice, a_copy_of_what_is_not_ones_own, a_scale_that_is_only_looked_at,
    a_term_that_takes_nothing_in, an_objective_moved_into_the_past, what_needs_a_word,
    a_page_that_was_opened_before,
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.__name__)
def test_it_is_refused_at_every_door(world: World, line: Callable[[World], Iterator[Bad]]) -> None:
    faces, wrong = set(), []
    for bad in line(world):
        with nothing_changes():
            answer = bad.sent()
        words = read(answer)
        by_page = not bad.path.startswith("/api/")
        faces.add(by_page)
        if answer.status_code != bad.status or bad.says not in words:
            wrong.append((bad.path, bad.body, answer.status_code, words[-700:]))
        if by_page and bad.typed and answer.status_code != 403:
            missing = {n: v for n, v in lost(bad, answer).items() if not n.startswith("initial-")}
            if missing:
                wrong.append((bad.path, "lost", missing))
    assert wrong == [], "\n\n".join(map(str, wrong))
    assert faces == {True, False}, "by page and over REST"

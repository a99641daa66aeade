"""What cannot be, of a register's set-up, people and frame: by page and over REST alike it gets a
sentence that says the way out, and nothing is half made."""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from riskreg.accounts.models import User
from riskreg.register import people, services
from riskreg.register.models import Invitation, Register
from riskreg.register.policy import default_criteria
from riskreg.risks.services import publish_criteria, set_cadence
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.web.page_forms import forms_of

pytestmark = pytest.mark.django_db
PAGE, API = f"/r/{SLUG}/", f"/api/v1/registers/{SLUG}/"
CRITERIA = PAGE + "settings/criteria/new/"


@dataclass(frozen=True)
class Bad:
    """One request, and what its refusal says. ``tag``: the path whose ETag it names; ``typed``:
    somebody could have written it on the page, and finds it there again."""

    client: Client
    path: str
    body: dict[str, Any]
    says: str
    status: int = 400
    method: str = "post"
    tag: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    typed: bool = True

    def sent(self) -> Any:
        """The answer."""
        if not self.path.startswith("/api/"):
            return self.client.post(self.path, self.body)
        tag = {"If-Match": self.client.get(self.tag)["ETag"]} if self.tag else {}
        return getattr(self.client, self.method)(
            self.path,
            json.dumps(self.body),
            content_type="application/json",
            headers={**tag, **self.headers},
        )


def web(world: World, who: str = "manager") -> Client:
    return builders.web(getattr(world, who))


def api(world: World, who: str = "manager") -> Client:
    return builders.api(getattr(world, who))


# Each line of what the issue of registers of one's own names --------------------------------------
def a_slug(world: World) -> Iterator[Bad]:
    User.objects.filter(pk=world.manager.pk).update(is_superuser=True)
    form = {
        "name": "Ours", "currency": "CNY", "time_zone": "Asia/Shanghai", "languages": ["en"],
        "party": "Foton",
    }  # fmt: skip
    body = {
        "names": {"en": "Ours"}, "currency": "CNY", "time_zone": "Asia/Shanghai", "party": "foton",
        "parties": [{"key": "foton", "names": {"en": "Foton"}}],
    }  # fmt: skip
    for slug, says in ((SLUG, "choose another"), ("admin", "choose another name")):
        yield Bad(web(world), "/registers/new/", {**form, "slug": slug}, says)
        yield Bad(api(world), "/api/v1/registers/", {**body, "slug": slug}, says)
    twice = [*body["parties"], {"key": "foton", "names": {"en": "Another"}}]
    says = "give each its own key"
    yield Bad(api(world), "/api/v1/registers/", {**body, "slug": "o", "parties": twice}, says)


def a_party_twice(world: World) -> Iterator[Bad]:
    says = "Another one is called “Foton” already"
    yield Bad(web(world), PAGE + "settings/parties/", {"name": "foton"}, says)
    yield Bad(api(world), API + "parties/", {"names": {"en": "foton"}}, says)
    key = {"names": {"en": "Another"}, "key": "foton"}
    yield Bad(api(world), API + "parties/", key, "choose another")


def the_last_manager(world: World) -> Iterator[Bad]:
    says = "make somebody else a manager first"
    for path, change in (("role/", {"role": "owner"}), ("end/", {})):
        place = f"{PAGE}members/{world.manager.uuid}/{path}"
        yield Bad(web(world), place, {"version": "1", **change}, says)
    place = f"{API}members/{world.manager.uuid}/"
    yield Bad(api(world), place, {"role": "owner"}, says, method="patch", tag=place)
    yield Bad(api(world), place + "end/", {}, says, tag=place)


def an_invitation(world: World) -> Iterator[Bad]:
    def token(email: str, **given: Any) -> str:
        row = services.invite(
            actor=world.viewer("manager"), email=email, role="owner", party="foton",
            at=world.at, **given,
        )  # fmt: skip
        return people.invitation_token(row)

    used = token("used@example.com")
    person = builders.user("used@example.com")
    services.accept_invitation(token=used, user=person, at=world.at)
    anothers = token("other@example.com")
    late = token("late@example.com")
    Invitation.objects.filter(email="late@example.com").update(expires_at=world.at)
    there = token("there@example.com")
    for who, opened, says in (
        (person, used, "accepted already"),
        (world.outsider, anothers, "Sign out"),
        (builders.user("late@example.com"), late, "Ask"),
        (member(world, "there@example.com"), there, "nothing to accept"),
    ):
        yield Bad(builders.web(who), f"/join/{opened}/", {}, says, 403)
        body = {"token": opened}
        yield Bad(builders.api(who), "/api/v1/invitations/accept/", body, says, 403)


def member(world: World, email: str) -> User:
    """Somebody who became a member after they were invited."""
    person = builders.user(email)
    services.add_member(
        register=world.register, user=person, role="viewer", party=world.foton, at=world.at,
        by=world.founder,
    )  # fmt: skip
    return person


def a_role_that_is_not_theirs_to_give(world: World) -> Iterator[Bad]:
    row = {"email": "new@example.com", "role": "owner", "party": "catl", "language": "en"}
    yield Bad(api(world), API + "invitations/", row, "a manager of it does")
    # Who made the register invites the first manager of a party that has none, and nobody else.
    Register.objects.filter(pk=world.register.pk).update(made_by=world.manager)
    services.add_party(
        register=world.register, key="third", names={"en": "Third"}, prefix="T", at=world.at,
        by=world.manager,
    )  # fmt: skip
    row["party"] = "third"
    says = "the first manager alone"
    yield Bad(web(world), PAGE + "members/invite/", row, says)
    yield Bad(api(world), API + "invitations/", row, says)
    program = {**row, "party": "foton", "role": "integration"}
    yield Bad(api(world), API + "invitations/", program, "This must be one of")
    place = f"{API}members/{world.partner_owner.uuid}/"
    yield Bad(api(world), place, {"role": "viewer"}, "", 403, method="patch", tag=place)
    place = f"{PAGE}members/{world.partner_owner.uuid}/role/"
    yield Bad(web(world), place, {"version": "1", "role": "viewer"}, "", 403)


def a_member_or_somebody_invited(world: World) -> Iterator[Bad]:
    row = {"email": world.owner.email, "role": "viewer", "party": "foton", "language": "en"}
    yield Bad(web(world), PAGE + "members/invite/", row, "under Members")
    yield Bad(api(world), API + "invitations/", row, "under Members")
    services.invite(
        actor=world.viewer("manager"), email="twice@example.com", role="owner", party="foton",
        at=world.at,
    )  # fmt: skip
    row["email"] = "twice@example.com"
    yield Bad(web(world), PAGE + "members/invite/", row, "send that invitation again")
    yield Bad(api(world), API + "invitations/", row, "send that invitation again")


def a_scale(world: World) -> Iterator[Bad]:
    manager = web(world)
    form = next(f for f in forms_of(manager.get(CRITERIA), CRITERIA) if f.action == CRITERIA).data()
    read = api(world).get(API + "criteria/").json()
    body: dict[str, Any] = {
        "cells": read["cells"], "appetite": read["appetite"],
        "unrated_cadence_days": read["cadence_days"]["unrated"],
        **{name: [{k: v for k, v in row.items() if k not in ("name", "value", "range")}
                  for row in read[name]] for name in ("likelihood", "impact", "ratings")},
    }  # fmt: skip

    def by_page(says: str, **change: Any) -> Bad:
        return Bad(manager, CRITERIA, {**form, "action": "publish", **change}, says)

    def over_rest(says: str, **change: Any) -> Bad:
        place = API + "criteria/"
        return Bad(api(world), place, {**body, **change}, says, method="put", tag=place)

    # Ranges with a gap between two levels; the highest level stands first in the form.
    chances = [[0, 0.05], [0.05, 0.2], [0.3, 0.5], [0.5, 0.8], [0.8, 1]]
    low, high = ([str(pair[n]) for pair in reversed(chances)] for n in (0, 1))
    says = "must start where the one below it ends"
    yield by_page(says, l_low=low, l_high=high)
    with_gap = [{**v, "range": r} for v, r in zip(body["likelihood"], chances, strict=True)]
    yield over_rest(says, likelihood=with_gap)
    says = "3 to 7 levels"
    for n in (1, 20):
        names, blank = [f"L{k}" for k in range(n)], [""] * n
        parts = {
            f"l_{part}": blank for part in ("low", "high", "was", "text", "name_zh", "text_zh")
        }
        bad = by_page(says, **parts, l_name=names, cell=form["cell"][:1] * 5 * n)
        # The page offers no eighth level, so nobody has written twenty there.
        yield replace(bad, typed=n == 1)
        yield over_rest(says, likelihood=[{"names": {"en": name}} for name in names])
    says = "nobody could tell them apart"
    yield by_page(says, i_name=[form["i_name"][0], form["i_name"][0], *form["i_name"][2:]])
    same = [body["impact"][0], *body["impact"][:-1]]
    yield over_rest(says, impact=same)
    says = "every risk would need an acceptance"
    lowest = body["ratings"][0]["key"]
    above = [{**c, "rating": body["ratings"][1]["key"]} if c["rating"] == lowest else c
             for c in body["cells"]]  # fmt: skip
    cells = [body["ratings"][1]["key"] if key == lowest else key for key in form["cell"]]
    yield by_page(says, cell=cells, appetite=lowest)
    yield over_rest(says, cells=above, appetite=lowest)


def a_term_into_itself(world: World) -> Iterator[Bad]:
    builders.taxonomy(world)
    says = "cannot be merged into itself"
    place = PAGE + "settings/terms/market:eu/merge/"
    yield Bad(web(world), place, {"version": "1", "into": "market:eu"}, says)
    place = API + "terms/market:eu/"
    yield Bad(api(world), place + "merge/", {"into": "market:eu"}, says, tag=place)


def an_objective_in_the_past(world: World) -> Iterator[Bad]:
    says = "This day has passed"
    form = {"name": "Units", "value": "12", "unit": "units", "due_on": "2026-09-15",
            "label": "judgement", "visibility": "shared"}  # fmt: skip
    yield Bad(web(world), PAGE + "objectives/new/", form, says)
    body = {"names": {"en": "Units"}, "value": "12", "unit": "units", "due_on": "2026-09-15",
            "label": "judgement"}  # fmt: skip
    yield Bad(api(world), API + "objectives/", body, says)


def a_control_on_anothers_own_risk(world: World) -> Iterator[Bad]:
    row = builders.risk(world, by=world.partner_owner, visibility="party")
    says = f"There is no risk {row.ref}"
    form = {"name": "Two suppliers", "kind": "preventive", "label": "judgement", "risks": row.ref}
    yield Bad(web(world, "owner"), PAGE + "controls/new/", form, says)
    body = {**form, "risks": [row.ref]}
    yield Bad(api(world, "owner"), API + "controls/", body, says)


def somebody_who_publishes_second(world: World) -> Iterator[Bad]:
    manager = web(world)
    form = next(f for f in forms_of(manager.get(CRITERIA), CRITERIA) if f.action == CRITERIA).data()
    read = api(world).get(API + "criteria/")
    stricter = {**default_criteria(), "appetite": "low"}
    theirs = world.viewer("partner_manager")
    publish_criteria(actor=theirs, data=stricter, seen_number=1, at=world.at)
    changed = {**form, "appetite": "very_low", "action": "publish"}
    yield Bad(manager, CRITERIA, changed, "Somebody was faster", 409)
    body = {
        name: [
            {k: v for k, v in row.items() if k not in ("name", "value", "range")}
            for row in read.json()[name]
        ]
        for name in ("likelihood", "impact", "ratings")
    }
    body |= {"cells": read.json()["cells"], "appetite": "very_low", "unrated_cadence_days": 30}
    yield Bad(api(world), API + "criteria/", body, "", 412, method="put",
              headers={"If-Match": read["ETag"]})  # fmt: skip


def what_was_asked_for_twice(world: World) -> Iterator[Bad]:
    set_cadence(actor=world.viewer("manager"), cadence={"critical": 90}, seen_number=1, at=world.at)
    says = "waits for an answer already, as CR-001"
    page = next(
        f for f in forms_of(web(world).get(PAGE + "settings/"), PAGE + "settings/")
        if any(each.name == "cadence_critical" for each in f.fields)
    )  # fmt: skip
    yield Bad(web(world), page.action, {**page.data(), "cadence_critical": "90"}, says)
    body = {"kind": "cadence", "cadence": {"critical": 90}, "seen_criteria": 1}
    yield Bad(api(world), API + "change-requests/", body, says)


LINES: list[Callable[[World], Iterator[Bad]]] = [
    a_slug, a_party_twice, the_last_manager, an_invitation, a_role_that_is_not_theirs_to_give,
    a_member_or_somebody_invited, a_scale, a_term_into_itself, an_objective_in_the_past,
    a_control_on_anothers_own_risk, somebody_who_publishes_second, what_was_asked_for_twice,
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.__name__)
def test_it_is_refused_with_the_way_out_and_nothing_is_half_made(
    world: World, line: Callable[[World], Iterator[Bad]]
) -> None:
    faces = set()
    for bad in line(world):
        with nothing_changes():
            answer = bad.sent()
        words = read(answer)
        assert answer.status_code == bad.status, (bad.path, words)
        assert bad.says in words, (bad.path, words)
        by_page = not bad.path.startswith("/api/")
        if by_page and bad.typed and answer.status_code != 403:
            assert lost(bad, answer) == {}, (bad.path, "what was typed is there again")
        faces.add(not by_page)
    assert faces == {True, False}, "by page and over REST"


def lost(bad: Bad, answer: Any) -> dict[str, list[str]]:
    """What was typed or chosen in the form and does not stand in a form of the answer."""
    forms = forms_of(answer, bad.path)
    held = {(f.name, value) for form in forms for f in form.fields for value in f.values}
    lists = {f.name: f.offered for form in forms for f in form.fields if f.kind == "select"}
    missing: dict[str, list[str]] = {}
    for name, value in bad.body.items():
        if name in ("version", "seen", "action", "csrfmiddlewaretoken", "form_key"):
            continue
        for each in [value] if isinstance(value, str) else value:
            # What a list does not offer, nobody chose there.
            if (name, each) not in held and each in lists.get(name, [each]):
                missing.setdefault(name, []).append(each)
    return missing


def read(answer: Any) -> str:
    """What a person or program reads of an answer."""
    if answer.headers["Content-Type"].endswith("json"):
        return json.dumps(answer.json(), ensure_ascii=False)
    main = answer.content.decode().partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())


# Many ---------------------------------------------------------------------------------------------
def two_thousand(wrong: int = 30) -> tuple[list[dict[str, str]], list[int]]:
    """Rows, and the numbers from 1 of the wrong ones: a role, an address, somebody twice."""
    rows = [
        {"email": f"p{n}@example.com", "role": "owner", "party": "foton", "language": "en"}
        for n in range(2000)
    ]
    places = [n * 61 + 5 for n in range(wrong)]
    for n, place in enumerate(places):
        change = [{"role": "king"}, {"email": "nobody"}, {"email": rows[place - 1]["email"]}][n % 3]
        rows[place] |= change
    return rows, [place + 1 for place in places]


def as_csv(rows: list[dict[str, str]], first: str = "email,role,party,language") -> Any:
    lines = [first, *(",".join(row.values()) for row in rows)]
    return SimpleUploadedFile("people.csv", "\n".join(lines).encode(), "text/csv")


def test_of_two_thousand_thirty_are_told_by_line_and_the_good_taken_by_choice(
    world: World,
) -> None:
    rows, wrong = two_thousand()
    path, client = PAGE + "members/invite/file/", web(world)
    with nothing_changes():
        refused = client.post(path, {"rows": as_csv(rows)})
    text = read(refused)
    assert refused.status_code == 400
    assert "30 lines are wrong, so nobody was invited" in text
    # The first line names the columns.
    assert all(f"Line {n + 1}:" in text for n in wrong)
    assert text.count("use one of") == text.count("stands above already") == 10
    caller = api(world)
    with nothing_changes():
        over_rest = caller.post(
            API + "invitations/bulk/", {"rows": rows}, content_type="application/json"
        )
    assert (over_rest.json()["made"], [r["row"] for r in over_rest.json()["refused"]]) == (0, wrong)
    taken = client.post(path, {"rows": as_csv(rows), "take_good": "on"})
    text = read(taken)
    assert "1970 people are invited" in text
    assert all(f"Line {n + 1}:" in text for n in wrong), "why each of the others was not"
    assert Invitation.objects.count() == 1970


def test_a_line_is_told_by_its_number_in_the_file(world: World) -> None:
    """Blank lines and cells of several lines count, as they do in an editor."""
    text = 'email,role,party\n\n"a@example.com\n",owner,foton\n\nb@example.com,king,foton\n'
    sent = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    with nothing_changes():
        refused = web(world).post(PAGE + "members/invite/file/", {"rows": sent})
    assert "Line 6:" in read(refused)


@pytest.mark.parametrize(
    ("first", "says"),
    [("address,role,party,language", "columns are: email, role, party, language"),
     ("email,rank,party,language", "“rank”"), ("email role party language", "columns are: email")],
)  # fmt: skip
def test_columns_of_another_name_are_told_once_with_those_that_are(
    world: World, first: str, says: str
) -> None:
    rows, _wrong = two_thousand(0)
    with nothing_changes():
        refused = web(world).post(PAGE + "members/invite/file/", {"rows": as_csv(rows, first)})
    text = read(refused)
    assert refused.status_code == 400
    assert says in text
    assert "Line 2:" not in text


def test_what_a_spreadsheet_saved_in_another_encoding_is_told_how_to_save_it(world: World) -> None:
    sent = SimpleUploadedFile("people.csv", "email,role\n王@例子,owner\n".encode("gb18030"))
    with nothing_changes():
        refused = web(world).post(PAGE + "members/invite/file/", {"rows": sent})
    assert "CSV UTF-8" in read(refused)


def test_what_a_spreadsheet_puts_between_cells_is_understood(world: World) -> None:
    for n, mark in enumerate(";\t"):
        text = f"email,role,party\nsep{n}@example.com,owner,foton\n".replace(",", mark)
        sent = SimpleUploadedFile("people.csv", text.encode("utf-8-sig"), "text/csv")
        assert web(world).post(PAGE + "members/invite/file/", {"rows": sent}).status_code == 302
    assert Invitation.objects.count() == 2


def test_a_line_of_too_many_cells_is_told_as_one(world: World) -> None:
    text = "email,role,party\na@example.com,owner,foton,more\n"
    sent = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
    with nothing_changes():
        refused = web(world).post(PAGE + "members/invite/file/", {"rows": sent})
    assert "Line 2: This line has more cells" in read(refused)


# The ground moved ---------------------------------------------------------------------------------
@pytest.mark.parametrize("face", ["page", "rest"])
def test_a_change_whose_ground_has_moved_is_told_as_outdated_and_changes_nothing(
    world: World, face: str
) -> None:
    manager = world.viewer("manager")
    set_cadence(actor=manager, cadence={"critical": 90}, seen_number=1, at=world.at)
    stricter = {**default_criteria(), "appetite": "low"}
    publish_criteria(
        actor=world.viewer("partner_manager"), data=stricter, seen_number=1, at=world.at
    )
    place = "change-requests/CR-001/"
    if face == "page":
        web(world, "partner_manager").post(f"{PAGE}{place}approve/", {})
    else:
        caller = api(world, "partner_manager")
        tag = {"If-Match": caller.get(API + place)["ETag"]}
        done = caller.post(
            f"{API}{place}approve/", {}, content_type="application/json", headers=tag
        )
        assert (done.status_code, done.json()["state"]) == (200, "outdated")
        assert done.json()["words"]
    shown = read(web(world).get(PAGE + place))
    assert "outdated" in shown
    assert "Other criteria are in force by now: version 2." in shown
    criteria = Register.objects.select_related("criteria").get(pk=world.register.pk).criteria
    assert criteria is not None
    assert (criteria.number, criteria.ratings[-1]["cadence_days"]) == (2, 30)

"""A form acts once, and one that could not be taken comes back with what was typed."""

import datetime as dt
import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from riskreg.accounts.models import ApiToken
from riskreg.register.models import Membership
from riskreg.requests.models import DoneRequest, Draft
from riskreg.reviews.models import Review
from riskreg.risks.models import Mitigation, Risk
from tests import builders
from tests.builders import AT, World
from tests.dump import nothing_changes
from tests.web.page_forms import PageForm, forms_of

R = "/r/foton-catl/"


def form_at(client: Client, address: str, to: str = "") -> PageForm:
    """The form of that page that sends to ``to`` (the page itself, if not said)."""
    answer = client.get(address)
    assert answer.status_code == 200, answer
    wanted = to or address.partition("?")[0]
    return next(f for f in forms_of(answer, address) if urlsplit(f.action).path == wanted)


def fill(form: PageForm, **values: Any) -> dict[str, Any]:
    return {**form.data(), **values}


# Once ------------------------------------------------------------------------------------------
def test_back_and_press_again_shows_the_first_result(world: World) -> None:
    client, row = builders.web(world.owner), builders.risk(world)
    cases = [
        (f"{R}risks/new/", {"title": "Lithium"}, Risk),
        (f"{R}risks/{row.ref}/review/", {"verdict": "unchanged", "comment": "As it was"}, Review),
        (
            f"{R}mitigations/new/?risk={row.ref}",
            {"title": "Stock up", "due_on": "2026-12-31"},
            Mitigation,
        ),
    ]
    for address, typed, model in cases:
        sent = fill(form_at(client, address), **typed)
        first = client.post(address, sent)
        assert first.status_code == 302, first.content.decode()
        with nothing_changes():
            second = client.post(address, sent)
        assert (second.status_code, second["Location"]) == (302, first["Location"])
        page = client.get(second["Location"]).content.decode()
        assert "You sent this form already, at 16:00. Nothing was done a second time." in page
        assert model.objects.count() == (2 if model is Risk else 1)


def test_the_same_form_with_other_contents_is_asked_about_and_lost_by_nobody(world: World) -> None:
    client = builders.web(world.owner)
    sent = fill(form_at(client, f"{R}risks/new/"), title="First")
    first = client.post(f"{R}risks/new/", sent)
    second = client.post(f"{R}risks/new/", {**sent, "title": "Second"})
    assert second.status_code == 409
    assert Risk.objects.count() == 1
    page = second.content.decode()
    assert f'href="{first["Location"]}"' in page
    draft = Draft.objects.get(user=world.owner)
    again = f"{R}risks/new/?draft={draft.key}"
    assert f'href="{again}"' in page
    form = form_at(client, again)
    assert form.data()["title"] == ["Second"]
    third = client.post(f"{R}risks/new/", form.data())
    assert third.status_code == 302
    assert sorted(Risk.objects.values_list("title", flat=True)) == ["First", "Second"]
    assert not Draft.objects.exists()


def test_a_form_opened_anew_acts_anew_and_one_that_was_refused_can_be_sent(world: World) -> None:
    client = builders.web(world.owner)
    for n in range(2):
        sent = fill(form_at(client, f"{R}risks/new/"), title=f"Words {n}")
        refused = client.post(f"{R}risks/new/", {**sent, "title": ""})
        assert refused.status_code == 400
        assert client.post(f"{R}risks/new/", sent).status_code == 302
    assert Risk.objects.count() == 2


def test_back_to_a_page_that_was_fetched_anew_adds_nothing_with_the_same_words(
    world: World,
) -> None:
    client, row = builders.web(world.owner), builders.risk(world)
    address, led = f"{R}risks/{row.ref}/review/", []
    for _n in range(2):
        sent = fill(form_at(client, address), verdict="unchanged", comment="As it was")
        led.append(client.post(address, sent)["Location"])
    assert led == [f"{R}risks/{row.ref}/"] * 2
    assert Review.objects.count() == 1
    other = fill(form_at(client, address), verdict="unchanged", comment="Looked again")
    assert client.post(address, other).status_code == 302
    assert Review.objects.count() == 2
    with time_machine.travel(AT + dt.timedelta(minutes=11), tick=False):
        sent = fill(form_at(client, address), verdict="unchanged", comment="As it was")
        assert client.post(address, sent).status_code == 302
    assert Review.objects.count() == 3
    # Whoever else says the same has said it for themselves.
    theirs = builders.web(world.manager)
    sent = fill(form_at(theirs, address), verdict="unchanged", comment="Looked again")
    assert theirs.post(address, sent).status_code == 302
    assert Review.objects.count() == 4


def test_the_key_stands_exactly_where_the_act_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = builders.web(world.owner)
    client.raise_request_exception = False
    sent = fill(form_at(client, f"{R}risks/new/"), title="Lost")

    def fail(*_values: Any, **_more: Any) -> None:
        raise RuntimeError("after the act")

    with monkeypatch.context() as patch, nothing_changes():
        patch.setattr("riskreg.web.risks.editing._Editor.redirect_to_risk", fail)
        assert client.post(f"{R}risks/new/", sent).status_code == 500
        Draft.objects.all().delete()
    assert client.post(f"{R}risks/new/", sent).status_code == 302
    assert Risk.objects.count() == 1


def test_a_secret_shown_once_is_made_once_and_not_shown_again(world: World) -> None:
    client = builders.web(world.owner)
    form = form_at(client, "/preferences/", "/preferences/tokens/")
    sent = fill(form, name="Loader", scope="read", days="30")
    first = client.post(form.action, sent)
    assert first.status_code == 200
    again = client.post(form.action, sent)
    assert (again.status_code, again["Location"]) == (302, "/preferences/")
    token = ApiToken.objects.get()
    assert token.prefix in first.content.decode()
    assert not any(token.prefix in str(vars(row)) for row in DoneRequest.objects.all())


def test_a_choice_can_be_made_again_from_the_same_page(world: World) -> None:
    client = builders.web(world.owner)
    form = form_at(client, "/preferences/", "/language/")
    for language in ("zh-hans", "en", "zh-hans"):
        assert client.post(form.action, fill(form, language=language)).status_code == 302
        world.owner.refresh_from_db()
        assert world.owner.language == language


def test_who_changed_sides_is_not_led_to_what_they_did_before(world: World) -> None:
    client = builders.web(world.owner)
    sent = fill(form_at(client, f"{R}risks/new/"), title="Ours", visibility="party")
    first = client.post(f"{R}risks/new/", sent)
    Membership.objects.filter(user=world.owner).update(party=world.catl)
    again = client.post(f"{R}risks/new/", sent)
    assert (again.status_code, again["Location"]) == (302, f"{R}risks/new/")
    other = client.post(f"{R}risks/new/", {**sent, "title": "Other"})
    assert first["Location"] not in other.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_double_click_acts_once(world: World) -> None:
    clients = [builders.web(world.owner) for _n in range(4)]
    sent = fill(form_at(clients[0], f"{R}risks/new/"), title="Twice")
    barrier, found = threading.Barrier(len(clients)), []

    def press(client: Client) -> None:
        barrier.wait()
        found.append(client.post(f"{R}risks/new/", sent))
        connections.close_all()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Risk.objects.count() == 1
    assert {(r.status_code, r["Location"]) for r in found} == {(302, f"{R}risks/R-001/")}


# Typed -----------------------------------------------------------------------------------------
def back_of(answer: Any) -> str:
    target = urlsplit(answer["Location"])
    assert target.path == "/accounts/login/", answer["Location"]
    return parse_qs(target.query)["next"][0]


def signed_out(client: Client) -> Client:
    del client.cookies[settings.SESSION_COOKIE_NAME]
    return client


def test_after_signing_in_by_the_page_itself_the_form_is_there_and_can_be_sent(
    world: World,
) -> None:
    world.owner.set_password("right horse battery")
    world.owner.save()
    client = builders.web(world.owner)
    address = f"{R}risks/new/?back=%2Fr%2Ffoton-catl%2Frisks%2F%3Fstate%3Dopen"
    sent = fill(form_at(client, address), title="Typed for long", cause="Because\r\nof this")
    answer = signed_out(client).post(address, sent, follow=True)
    assert "Sign in as the person you were" in answer.content.decode()
    sign_in = forms_of(answer, "/accounts/login/")[0]
    given = fill(sign_in, login=world.owner.email, password="right horse battery")
    page = client.post("/accounts/login/", given, follow=True)
    here = page.redirect_chain[-1][0]
    assert here.startswith(address)
    assert "What you typed is here again. It is not saved yet" in page.content.decode()
    form = next(f for f in forms_of(page, here) if urlsplit(f.action).path == f"{R}risks/new/")
    assert form.data()["title"] == ["Typed for long"]
    assert form.data()["cause"] == ["Because\r\nof this"]
    saved = client.post(form.action, form.data())
    assert saved.status_code == 302
    assert Risk.objects.get().title == "Typed for long"
    assert not Draft.objects.exists()


def test_a_token_changed_by_signing_in_again_loses_nothing(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    sent = fill(form_at(client, f"{R}risks/new/"), title="Before the other tab")
    client.cookies[settings.CSRF_COOKIE_NAME] = "x" * 32
    answer = client.post(f"{R}risks/new/", sent)
    assert answer.status_code == 302
    assert not Risk.objects.exists()
    form = form_at(client, answer["Location"])
    assert form.data()["title"] == ["Before the other tab"]
    assert client.post(f"{R}risks/new/", form.data()).status_code == 302
    assert Risk.objects.get().title == "Before the other tab"


def test_a_form_of_somebody_else_is_not_done_and_shows_them_nothing(world: World) -> None:
    client = builders.web(world.owner)
    address = f"{R}risks/new/?q=whisper"
    sent = fill(form_at(client, address), title="Of the owner")
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post(address, sent)
    assert answer.status_code == 403
    assert "Of the owner" not in answer.content.decode()
    assert "whisper" not in answer.content.decode().replace("q=whisper", "", 2)
    assert not Risk.objects.exists()
    draft = Draft.objects.get()
    assert draft.user == world.owner
    page = client.get(f"{address}&draft={draft.key}").content.decode()
    assert "Of the owner" not in page
    assert "Nothing is kept for you here" in page
    client.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    assert form_at(client, f"{address}&draft={draft.key}").data()["title"] == ["Of the owner"]


def test_another_site_can_put_nothing_into_a_form(world: World) -> None:
    stranger = builders.web(world.partner_owner)
    theirs = form_at(stranger, f"{R}risks/new/").key
    victim = Client(enforce_csrf_checks=True)
    victim.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    for key in ("", "made up", theirs, theirs[:-3] + "9.1"):
        answer = victim.post(f"{R}risks/new/", {"title": "Planted", "form_key": key})
        assert answer.status_code == 403
        assert "Planted" not in answer.content.decode()
    assert not Draft.objects.filter(user=world.owner).exists()
    assert not Risk.objects.exists()


def test_after_an_hour_it_is_gone_and_the_page_says_so(world: World) -> None:
    client = builders.web(world.owner)
    sent = fill(form_at(client, f"{R}risks/new/"), title="Too late")
    back = back_of(signed_out(client).post(f"{R}risks/new/", sent))
    client.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    with time_machine.travel(AT + dt.timedelta(minutes=61), tick=False):
        page = client.get(back)
    assert page.status_code == 200
    assert "Too late" not in page.content.decode()
    assert "Nothing is kept for you here" in page.content.decode()


def test_a_file_is_to_be_chosen_again_and_secrets_to_be_entered_again(world: World) -> None:
    from tests.indicators import making

    making.indicator(world, builders.risk(world))
    client = builders.web(world.owner)
    address = f"{R}indicators/K-001/readings/"
    upload = SimpleUploadedFile("oct.csv", b"at,value\n2026-09-15,1\n")
    form = next(
        f for f in forms_of(client.get(address), address) if f.data().get("way") == ["file"]
    )
    back = back_of(signed_out(client).post(address, fill(form, file=upload)))
    client.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    assert "Choose the file again: oct.csv." in client.get(back).content.decode()

    client = builders.web(world.manager)
    form = form_at(client, f"{R}endpoints/new/")
    typed = {"name": "Group", "kind": "webhook", "address": "https://hooks.example/T0-whisper"}
    back = back_of(signed_out(client).post(form.action, fill(form, **typed)))
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(back).content.decode()
    assert "T0-whisper" not in page
    assert "Group" in page
    assert "addresses of chats and webhooks are never kept; enter them again" in page


def test_where_the_right_ended_what_was_written_is_still_shown_to_its_writer(world: World) -> None:
    client, row = builders.web(world.owner), builders.risk(world)
    address = f"{R}risks/{row.ref}/review/"
    sent = fill(form_at(client, address), verdict="unchanged", comment="Half an hour of thought")
    Membership.objects.filter(user=world.owner).update(role="viewer")
    refused = client.post(address, sent)
    assert refused.status_code == 403
    page = refused.content.decode()
    assert "This is what you wrote. It was not saved:" in page
    assert "Half an hour of thought" in page
    kept = f"{address}?draft={Draft.objects.get().key}"
    assert f'href="{kept}"' in page
    gone = client.get(kept)
    assert gone.status_code == 403
    assert "Half an hour of thought" in gone.content.decode()


def test_a_failure_of_ours_leads_back_to_what_was_typed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = builders.web(world.owner)
    client.raise_request_exception = False
    sent = fill(form_at(client, f"{R}risks/new/"), title="Not lost")

    def fail(**_values: Any) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr("riskreg.web.risks.editing.create_risk", fail)
        page = client.post(f"{R}risks/new/", sent)
    assert page.status_code == 500
    kept = f"{R}risks/new/?draft={Draft.objects.get().key}"
    assert f'href="{kept}"' in page.content.decode()
    assert form_at(client, kept).data()["title"] == ["Not lost"]


def test_a_part_of_a_page_is_never_the_sign_in_page(world: World) -> None:
    client = builders.web(world.manager)
    form = form_at(client, f"{R}settings/ladder/")
    script = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{R}risks/?rating=high"}
    sent = {**form.data(), "action": "add", "days-0": "77"}
    answer = signed_out(client).post(form.action, sent, headers=script)
    assert answer.status_code == 200
    target = urlsplit(answer["HX-Redirect"])
    assert target.path == "/accounts/login/"
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    assert form_at(client, parse_qs(target.query)["next"][0]).data()["days-0"] == ["77"]
    read = signed_out(client).get(f"{R}risks/?rating=high&page=2", headers=script)
    assert read.status_code == 200
    assert parse_qs(urlsplit(read["HX-Redirect"]).query)["next"] == [f"{R}risks/?rating=high"]


def test_rungs_that_were_added_come_back_as_well(world: World) -> None:
    client = builders.web(world.manager)
    form = form_at(client, f"{R}settings/ladder/")
    more = forms_of(client.post(form.action, {**form.data(), "action": "add"}), form.page)
    longer = next(f for f in more if f.action.endswith("/ladder/"))
    rows = longer.data()["row"]
    assert len(rows) == len(form.data()["row"]) + 1
    sent = {**longer.data(), f"days-{rows[-1]}": "99", "action": "save"}
    back = back_of(signed_out(client).post(form.action, sent))
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    again = form_at(client, back, form.action).data()
    assert again["row"] == rows
    assert again[f"days-{rows[-1]}"] == ["99"]


def test_a_choice_between_two_versions_is_asked_again_and_overwrites_nothing(
    world: World,
) -> None:
    client, row = builders.web(world.owner), builders.risk(world)
    address = f"{R}risks/{row.ref}/edit/"
    mine = fill(form_at(client, address), title="Mine", cause="My cause")
    theirs = builders.web(world.manager)
    assert theirs.post(address, fill(form_at(theirs, address), title="Theirs")).status_code == 302
    clash = client.post(address, mine)
    assert clash.status_code == 409
    choice = next(f for f in forms_of(clash, address) if f.action.endswith("/edit/"))
    back = back_of(signed_out(client).post(address, choice.data()))
    client.force_login(world.owner, backend="django.contrib.auth.backends.ModelBackend")
    form = form_at(client, back, address)
    assert form.data()["title"] == ["Mine"]
    assert client.post(address, form.data()).status_code == 409
    row.refresh_from_db()
    assert row.title == "Theirs"


def test_what_is_drawn_while_typing_is_no_sending_of_the_form() -> None:
    """It comes a moment after the last key: also when the form was sent meanwhile, whose key would
    refuse it then."""
    folder = Path(settings.BASE_DIR) / "templates"
    drawn = [
        (path.name, tag)
        for path in folder.rglob("*.html")
        for tag in re.findall(r"<div[^>]*hx-post[^>]*delay:[^>]*>", path.read_text())
    ]
    assert len(drawn) == 4
    for name, tag in drawn:
        assert 'hx-params="not form_key"' in tag, name

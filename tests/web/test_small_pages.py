"""Sign-in, settings, search, history, errors."""

import datetime as dt
import re

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import translation

from riskreg.accounts.models import ApiToken
from riskreg.accounts.queries import live_token_or_none
from riskreg.demo import queries as demo
from riskreg.events.models import Event
from riskreg.risks.services import edit_risk
from riskreg.web.errors import server_error, unavailable

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
PASSWORD = "an illustrative password"


@pytest.fixture
def person(pilot):
    user = pilot.users["owner"]
    user.set_password(PASSWORD)
    user.save()
    return user


# The way in --------------------------------------------------------------------------------------
def test_signing_in_leads_to_my_work_and_out_again(person):
    client = Client()
    asked = client.get("/")
    assert asked["Location"] == "/accounts/login/?next=/"
    answer = client.post(
        "/accounts/login/", {"login": "OWNER@pilot.example", "password": PASSWORD}, follow=True
    )
    assert answer.redirect_chain[-1][0] == "/r/pilot/work/"
    assert "Sign out" in client.get("/accounts/logout/").content.decode()
    client.post("/accounts/logout/")
    assert client.get("/r/pilot/work/").status_code == 302


@pytest.mark.parametrize(
    ("login", "password"), [("owner@pilot.example", "wrong"), ("nobody@pilot.example", PASSWORD)]
)
def test_a_wrong_password_and_an_unknown_name_read_alike(person, login, password):
    answer = Client().post("/accounts/login/", {"login": login, "password": password})
    assert answer.status_code == 200
    assert "do not belong together" in answer.content.decode()


def test_after_too_many_attempts_even_the_right_password_waits(person):
    client = Client()
    codes = [
        client.post(
            "/accounts/login/", {"login": "owner@pilot.example", "password": "wrong"}
        ).status_code
        for _n in range(10)
    ]
    assert codes[0] == 200
    answer = client.post("/accounts/login/", {"login": "owner@pilot.example", "password": PASSWORD})
    assert answer.status_code in (200, 403, 429)
    assert "_auth_user_id" not in client.session
    assert "Too many" in answer.content.decode()


def test_nobody_signs_up(db):
    assert "Sign in" in Client().get("/accounts/signup/").content.decode()


def test_a_forgotten_password_is_set_anew_and_strangers_learn_nothing(person):
    client = Client()
    for address in ("owner@pilot.example", "nobody@pilot.example"):
        answer = client.post("/accounts/password/reset/", {"email": address})
        assert answer["Location"] == "/accounts/password/reset/done/"
    link = re.search(r"/accounts/password/reset/key/\S+", mail.outbox[0].body)
    assert mail.outbox[0].to == ["owner@pilot.example"]
    page = client.get(link[0], follow=True)
    where = page.redirect_chain[-1][0]
    chosen = "quite another 9 words"
    client.post(where, {"password1": chosen, "password2": chosen})
    person.refresh_from_db()
    assert person.check_password(chosen)
    assert "This link no longer works" in Client().get(link[0]).content.decode()


def test_a_password_is_changed(person):
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    new = "quite another 9 words"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/accounts/password/change/", data).status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)


def test_demo_accounts_show_on_a_local_demonstration_alone(pilot, settings, monkeypatch):
    monkeypatch.setattr(demo, "DEMO_SLUG", "pilot")
    settings.SHOW_DEMO_ACCOUNTS = True
    here = {"SERVER_NAME": "127.0.0.1", "REMOTE_ADDR": "127.0.0.1"}
    settings.ALLOWED_HOSTS = ["*"]
    html = Client().get("/accounts/login/", **here).content.decode()
    assert 'name="login" value="owner@pilot.example"' in html
    assert demo.DEMO_PASSWORD in html
    # Another machine, a server that listens on every interface, a proxy: somebody else may read it.
    for other in (
        {"REMOTE_ADDR": "192.0.2.7"}, {"SERVER_NAME": "0.0.0.0"}, {"SERVER_NAME": "host.example"},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}, {"HTTP_FORWARDED": "for=x"}, {"HTTP_VIA": "1.1 x"},
    ):  # fmt: skip
        html = Client().get("/accounts/login/", **{**here, **other}).content.decode()
        assert "pilot.example" not in html, other
    settings.SHOW_DEMO_ACCOUNTS = False
    html = Client().get("/accounts/login/", **here).content.decode()
    assert "pilot.example" not in html
    assert demo.DEMO_PASSWORD not in html


def test_who_is_in_no_register_is_told_what_to_do(pilot, person):
    person.memberships.update(ended_at=AT)
    html = pilot.client("owner").get("/", follow=True).content.decode()
    assert "not a member of a register yet" in html
    assert "/preferences/" in html, "their own menu is there all the same"
    assert "/accounts/logout/" in html
    assert pilot.client("owner").get("/r/pilot/work/").status_code == 404


# Settings ----------------------------------------------------------------------------------------
REMINDERS = {"digest_hour": "9", "working_days": ["1"]}


def test_language_and_zone_are_ones_own(pilot):
    client = pilot.client("owner")
    assert "Shanghai" in client.get("/preferences/").content.decode()
    given = {"language": "zh-hans", "time_zone": "Asia/Shanghai", **REMINDERS}
    answer = client.post("/preferences/", given, follow=True)
    html = answer.content.decode()
    assert "设置已保存。" in html
    assert '<html lang="zh-Hans"' in html
    assert Event.objects.filter(verb="user.preferences_set").count() == 1


@pytest.mark.parametrize(
    "bad", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}, {"language": ""}]
)
def test_unknown_settings_change_nothing(pilot, bad):
    data = {"language": "en", "time_zone": "UTC", **REMINDERS, **bad}
    assert pilot.client("owner").post("/preferences/", data).status_code == 400
    pilot.users["owner"].refresh_from_db()
    assert (pilot.users["owner"].language, pilot.users["owner"].time_zone) == ("en", "UTC")


def test_language_switch_keeps_the_page_and_never_leads_away(pilot):
    client = pilot.client("owner")
    there = "/r/pilot/risks/?q=x"
    answer = client.post("/language/", {"language": "zh-hans", "next": there})
    assert answer["Location"] == there
    assert '<html lang="zh-Hans"' in client.get(there).content.decode()
    away = client.post("/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert away["Location"] == "/"
    assert client.post("/language/", {"language": "xx"}).status_code == 302
    pilot.users["owner"].refresh_from_db()
    assert pilot.users["owner"].language == "en"
    assert client.get("/language/").status_code == 405


def test_a_stranger_keeps_the_language_in_a_cookie(db):
    client = Client()
    client.post("/language/", {"language": "zh-hans", "next": "/accounts/login/"})
    html = client.get("/accounts/login/").content.decode()
    assert "登录" in html
    assert "忘记密码" in html


def test_a_token_is_shown_once_works_and_is_ended(pilot):
    client = pilot.client("owner")
    answer = client.post("/preferences/tokens/", {"name": "Feed", "scope": "read", "days": "30"})
    assert answer["Cache-Control"] == "no-store"
    token = re.search(r"rr_[\w-]{40,}", answer.content.decode())[0]
    assert live_token_or_none(token, AT).user == pilot.users["owner"]
    row = ApiToken.objects.get()
    shown = client.get("/preferences/").content.decode()
    assert token not in shown
    assert row.prefix in shown
    assert (
        pilot.client("manager").post(f"/preferences/tokens/{row.uuid}/revoke/").status_code == 404
    )
    assert live_token_or_none(token, AT) is not None
    assert client.post(f"/preferences/tokens/{row.uuid}/revoke/").status_code == 302
    assert live_token_or_none(token, AT) is None


@pytest.mark.parametrize("bad", [{"days": "0"}, {"days": "400"}, {"scope": "all"}, {"name": ""}])
def test_a_token_asked_for_wrongly_is_not_made(pilot, bad):
    data = {"name": "Feed", "scope": "read", "days": "30", **bad}
    answer = pilot.client("owner").post("/preferences/tokens/", data)
    assert answer.status_code == 400
    assert "rr_" not in answer.content.decode()
    assert ApiToken.objects.count() == 0


# Search ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "where"), [("r-001", "risks/R-001/"), ("M-001 ", "mitigations/M-001/")]
)
def test_a_reference_leads_there(pilot, address, text, where):
    answer = pilot.client("owner").get("/search/", {"q": text, "register": "pilot"})
    assert answer["Location"] == address(where)


def test_words_find_risks_and_work_and_nothing_of_others(pilot):
    client = pilot.client("owner")
    html = client.get("/search/", {"q": "bridge"}).content.decode()
    assert "Bridge closes" in html
    assert "Build a ferry" in client.get("/search/", {"q": "ferry"}).content.decode()
    for text in ("CANARY", "S-001", "%", "x\0y", "'; --", "a" * 5000, ""):
        answer = client.get("/search/", {"q": text})
        assert answer.status_code == 200
        assert "CANARY south" not in answer.content.decode()


def test_search_in_a_register_of_strangers_is_not_there(pilot):
    assert pilot.client("owner").get("/search/", {"q": "x", "register": "other"}).status_code == 404


# History -----------------------------------------------------------------------------------------
def test_history_says_who_did_what_field_by_field(pilot, address):
    edit_risk(
        actor=pilot.viewer("manager"),
        ref="R-001",
        version=None,
        fields={"title": "Bridge closes at night", "response": "mitigate"},
        at=AT,
    )
    html = pilot.client("owner").get(address("risks/R-001/history/")).content.decode()
    assert "The manager" in html
    assert "<del>Bridge closes</del> → <ins>Bridge closes at night</ins>" in html
    assert re.search(r"<dd\s*>Mitigate</dd>", html)
    assert "4 × 4 = 16, Critical" in html
    assert "planned a mitigation" in html


@pytest.mark.parametrize("number", ["2", "0", "-3", "x", "99999999999999999999", "²"])
def test_history_pages_hold_whatever_is_asked(pilot, address, number):
    answer = pilot.client("owner").get(address(f"risks/R-001/history/?page={number}"))
    assert answer.status_code == 200
    assert ("There is nothing older." in answer.content.decode()) == (number == "2")


def test_history_of_what_is_not_mine_is_not_there(pilot, address):
    secret = pilot.risks["secret"].ref
    assert pilot.client("owner").get(address(f"risks/{secret}/history/")).status_code == 404


# Errors ------------------------------------------------------------------------------------------
def test_errors_are_pages_with_a_way_out(pilot, address):
    client = pilot.client("leader")
    for tail, status in (("risks/R-404/", 404), ("nowhere/", 404), ("mitigations/new/", 403)):
        answer = client.get(address(tail))
        assert answer.status_code == status
        html = answer.content.decode()
        assert "<h1>" in html
        assert 'href="/"' in html


def test_a_failure_of_ours_says_nothing_of_the_inside(pilot, address, monkeypatch):
    def fail(self, request):
        raise RuntimeError("the inside")

    monkeypatch.setattr("riskreg.web.duties.my_work.MyWork.get", fail)
    client = pilot.client("owner")
    client.raise_request_exception = False
    answer = client.get(address("work/"))
    assert answer.status_code == 500
    assert "the inside" not in answer.content.decode()
    assert "Something went wrong on our side" in answer.content.decode()
    assert '<html lang="en">' in answer.content.decode()
    pilot.users["owner"].language = "zh-hans"
    pilot.users["owner"].save()
    assert '<html lang="zh-Hans">' in client.get(address("work/")).content.decode()


@pytest.mark.parametrize("other", ["en", "zh-hans"])
@pytest.mark.parametrize("known_by", ["browser", "cookie", "account"])
@pytest.mark.parametrize("status", [500, 503])
def test_pages_of_failures_are_in_the_readers_language_without_a_database(
    status, known_by, other, db, django_assert_num_queries
):
    request = RequestFactory().get("/work/")
    if known_by == "browser":
        request.META["HTTP_ACCEPT_LANGUAGE"] = "zh-CN,zh;q=0.9,en;q=0.5"
    elif known_by == "cookie":
        request.META["HTTP_ACCEPT_LANGUAGE"] = "en"
        request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    else:
        request.LANGUAGE_CODE = "zh-hans"
    # What this thread spoke last is another reader's.
    with translation.override(other), django_assert_num_queries(0):
        answer = server_error(request) if status == 500 else unavailable(request, None)
    html = answer.content.decode()
    assert answer.status_code == status
    assert '<html lang="zh-Hans">' in html
    title = {500: "系统出现了问题", 503: "请稍后再试"}[status]
    assert f"<title>{title} · riskreg</title>" in html
    assert f"<h1>{title}</h1>" in html

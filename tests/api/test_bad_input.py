"""Every kind of bad input: refused with the field and the remedy, and nothing changed."""
# ruff: noqa: E501

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.test import Client

from riskreg.accounts.models import ApiToken
from riskreg.accounts.services import create_token, revoke_token
from tests import builders
from tests.api.conftest import ROOT, Program, is_problem, version_in
from tests.builders import AT, World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


@builders.shared_world
def two_risks(world: World) -> World:
    """R-001 (open, rated) and F-001 (the party's own), both of foton's owner."""
    builders.risk(world)
    builders.risk(world, visibility="party")
    builders.taxonomy(world)
    return world


@pytest.fixture
def owner(two_risks: World) -> Program:
    return Program(two_risks.owner)


REVIEWS, ASSESSMENTS = "risks/R-001/reviews/", "risks/R-001/assessments/"
BIDI = "safe\u202egpj.exe"


BAD_FIELDS: list[tuple[str, str, Any, str, str]] = [
        ("post", ASSESSMENTS, {"likelihood": 6, "impact": 1}, "unknown_level", "#/likelihood"),
        ("post", ASSESSMENTS, {"likelihood": 1, "impact": 0}, "unknown_level", "#/impact"),
        ("post", ASSESSMENTS, {"likelihood": 1}, "required", "#/impact"),
        ("post", ASSESSMENTS, {"likelihood": 2.5, "impact": 1}, "not_a_level", "#/likelihood"),
        ("post", ASSESSMENTS, {"likelihood": True, "impact": 1}, "not_a_level", "#/likelihood"),
        ("post", ASSESSMENTS, {"likelihood": "4", "impact": 1}, "not_a_level", "#/likelihood"),
        ("post", ASSESSMENTS, {"likelihood": 10**400, "impact": 1}, "unknown_level", "#/likelihood"),
        ("post", ASSESSMENTS, {"stage": "best", "likelihood": 1, "impact": 1}, "unknown", "#/stage"),
        ("post", ASSESSMENTS, {"stage": [], "likelihood": 1, "impact": 1}, "unknown", "#/stage"),
        ("post", ASSESSMENTS, {"likelihood": 1, "impact": 1, "score": 25}, "unknown_field", "#/score"),
        ("post", ASSESSMENTS, {"likelihood": 1, "impact": 1}, "required", "#/rationale"),
        ("post", ASSESSMENTS, {"likelihood": 1, "impact": 1, "rationale": " \n"}, "required", "#/rationale"),
        ("post", ASSESSMENTS, {"likelihood": 4, "impact": 5}, "required", "#/rationale"),
        ("post", REVIEWS, {"assessment": {"likelihood": 2, "impact": 2}}, "required",
         "#/assessment/rationale"),
        ("post", REVIEWS, {"comment": "As it was", "assessment": {"likelihood": 4, "impact": 5}},
         "nothing_changed", "#/assessment/likelihood"),
        ("post", REVIEWS, {"outcome": "great"}, "unknown", "#/outcome"),
        ("post", REVIEWS, {"assessment": {"likelihood": 2}}, "required", "#/assessment/impact"),
        ("post", REVIEWS, {"assessment": {}}, "required", "#/assessment/likelihood"),
        ("post", REVIEWS, {"assessment": [1]}, "not_an_object", "#/assessment"),
        ("post", REVIEWS, {"outcome": "rescored"}, "required", "#/assessment"),
        ("post", REVIEWS, {"next_review_on": "2026-09-15"}, "in_the_past", "#/next_review_on"),
        ("post", REVIEWS, {"next_review_on": "soon"}, "not_a_date", "#/next_review_on"),
        ("post", REVIEWS, {"next_review_on": "2030-01-01"}, "too_late", "#/next_review_on"),
        ("post", REVIEWS, {"reviewer": "me"}, "unknown_field", "#/reviewer"),
        ("post", "risks/R-001/close/", {}, "required", "#/reason"),
        ("post", "risks/R-001/close/", {"reason": "  "}, "required", "#/reason"),
        ("post", "risks/R-001/close/", {"reason": ["x"]}, "not_text", "#/reason"),
        ("post", "risks/R-001/open/", {}, "wrong_state", "#/state"),
        ("post", "risks/R-001/open/", {"now": True}, "unknown_field", "#/now"),
        ("post", "risks/R-001/reopen/", {"reason": "x"}, "wrong_state", "#/state"),
        ("post", "risks/R-001/transfer/", {"owner": "nobody@example.org"}, "unknown_member", "#/owner"),
        ("post", "risks/R-001/transfer/", {"owner": "auditor@foton-catl.example"}, "cannot_own", "#/owner"),
        ("patch", "risks/R-001/", {"owner": {"id": 7}}, "unknown_member", "#/owner"),
        ("patch", "risks/R-001/", {"owner": {"name": "x"}}, "unknown_member", "#/owner"),
        ("patch", "risks/F-001/", {"deputy": "partner-owner@foton-catl.example"}, "other_party", "#/deputy"),
        ("patch", "risks/R-001/", {"title": "x" * 200_000}, "too_long", "#/title"),
        ("patch", "risks/R-001/", {"title": "a\0b"}, "bad_character", "#/title"),
        ("patch", "risks/R-001/", {"title": "a\x07b"}, "bad_character", "#/title"),
        ("patch", "risks/R-001/", {"title": BIDI}, "bidi_override", "#/title"),
        ("patch", "risks/R-001/", {"title": "a\nb"}, "one_line", "#/title"),
        ("patch", "risks/R-001/", {"title": ""}, "required", "#/title"),
        ("patch", "risks/R-001/", {"title": 7}, "not_text", "#/title"),
        ("patch", "risks/R-001/", {"event": ""}, "required", "#/event"),
        ("patch", "risks/R-001/", {"terms": ["market:mars"]}, "unknown_term", "#/terms"),
        ("patch", "risks/R-001/", {"terms": ["a\0"]}, "bad_character", "#/terms/0"),
        ("patch", "risks/R-001/", {"objectives": ["none"]}, "unknown_objective", "#/objectives"),
        ("patch", "risks/R-001/", {"objectives": ["a\0"]}, "bad_character", "#/objectives/0"),
        ("patch", "risks/R-001/", {"terms": 7}, "not_a_list", "#/terms"),
        ("patch", "risks/R-001/", {"response": "exploit"}, "unknown", "#/response"),
        ("patch", "risks/R-001/", {"kind": None}, "unknown", "#/kind"),
        ("patch", "risks/R-001/", {"version": 9}, "unknown_field", "#/version"),
        ("patch", "risks/R-001/", {"state": "closed"}, "unknown_field", "#/state"),
        ("patch", "risks/R-001/", {"a/b~c": 1}, "unknown_field", "#/a~1b~0c"),
        ("patch", "risks/R-001/", {"visibility": "party"}, "cannot_narrow", "#/visibility"),
        ("patch", "risks/R-001/", {"visibility": "secret"}, "unknown", "#/visibility"),
        ("patch", "risks/R-001/", {"sources": [{"title": "x", "label": "sourced", "url": "javascript:alert(1)"}]},
         "bad_url", "#/sources/0/url"),
        ("patch", "risks/R-001/", {"sources": [{"title": "x", "label": "true"}]}, "unknown", "#/sources/0/label"),
        ("patch", "risks/R-001/", {"translations": {"xx": {}}}, "unknown_language", "#/translations/xx"),
        ("post", "risks/", {}, "required", "#/title"),
        ("post", "risks/", {"title": "x", "visibility": []}, "unknown", "#/visibility"),
        ("post", "risks/", {"title": "x", "owner": "partner-owner@foton-catl.example",
                            "visibility": "party"}, "other_party", "#/owner"),
        ("post", "mitigations/", {"title": "x", "risks": ["R-001"], "due_on": "2026-09-15"}, "in_the_past", "#/due_on"),
        ("post", "mitigations/", {"title": "x", "risks": ["R-001"]}, "not_a_date", "#/due_on"),
        ("post", "mitigations/", {"title": "x", "risks": ["C-001"], "due_on": "2027-01-01"}, "unknown_risk", "#/risks"),
        ("post", "mitigations/", {"title": "x", "risks": ["a\0"], "due_on": "2027-01-01"}, "bad_character", "#/risks/0"),
        ("post", "mitigations/", {"title": "x", "risks": ["R-001"], "due_on": "2027-01-01", "cost": -1},
         "out_of_range", "#/cost"),
        ("post", "mitigations/", {"title": "x", "risks": ["R-001"], "due_on": "2027-01-01", "cost": "1e400"},
         "out_of_range", "#/cost"),
        ("post", "mitigations/", {"title": "x", "risks": ["R-001"], "due_on": "2027-01-01", "progress": 101},
         "out_of_range", "#/progress"),
]  # fmt: skip


def test_bad_fields(owner: Program, subtests: Any) -> None:
    tags = {ref: owner.get(f"risks/{ref}/")["ETag"] for ref in ("R-001", "F-001")}
    with nothing_changes():
        for n, (method, path, body, code, pointer) in enumerate(BAD_FIELDS):
            with subtests.test(f"{n} {path} {code} {pointer}"):
                tag = tags["F-001" if "F-001" in path else "R-001"]
                response = owner.call(method, path, json.dumps(body), If_Match=tag)
                is_problem(response, 400, code, pointer)


BAD_BODIES: list[tuple[bytes, str]] = [
    (b"{", "not JSON"),
    (b"[]", "one JSON object"),
    (b'"text"', "one JSON object"),
    (b"null", "one JSON object"),
    (b'{"title": "a", "title": "b"}', "stands twice"),
    (b'{"labels": {"a": "sourced", "a": "derived"}}', "stands twice"),
    (b'{"title": NaN}', "NaN"),
    (b'{"title": -Infinity}', "Infinity"),
    (b'{"title": 1e999}', "out of range"),
    (b'{"title": ' + b"9" * 5000 + b"}", "too many digits"),
    (b'{"title": "\\ud800"}', "surrogate"),
    (b'{"\\udfff": 1}', "surrogate"),
    (b'{"title": "\xff"}', "UTF-8"),
    (b"\xef\xbb\xbf{}", "not JSON"),
    (b'{"title": ' + b"[" * 30 + b"]" * 30 + b"}", "nested"),
    (b'{"title": ' + b"[" * 100_000, "nested"),
    (b'{"a": ' * 100_000, "nested"),
    (b"{'title': 1}", "not JSON"),
    (b'{"title": 1,}', "not JSON"),
]


def test_bad_bodies(owner: Program, subtests: Any) -> None:
    with nothing_changes():
        for raw, says in BAD_BODIES:
            with subtests.test(f"{raw[:40]!r}"):
                response = owner.client.post(ROOT + "risks/", raw, content_type="application/json")
                body = is_problem(response, 400)
                assert says in body["detail"]
                assert body["errors"]


def test_markup_is_text(owner: Program) -> None:
    text = "<script>alert(1)</script> [x](javascript:alert(1)) &amp;"
    tag = owner.get("risks/R-001/")["ETag"]
    changed = owner.patch("risks/R-001/", {"title": text, "cause": text}, If_Match=tag)
    assert changed.json()["title"] == changed.json()["cause"] == text
    assert changed["Content-Type"] == "application/json"
    assert changed["X-Content-Type-Options"] == "nosniff"


def test_too_large(owner: Program, settings: Any) -> None:
    raw = json.dumps({"title": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    with nothing_changes():
        is_problem(owner.call("post", "risks/", raw), 413)


def test_wrong_content_type(owner: Program) -> None:
    with nothing_changes():
        for kind in (
            "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
            "application/xml", "nonsense",
        ):  # fmt: skip
            is_problem(owner.client.post(ROOT + "risks/", b'{"title":"x"}', content_type=kind), 415)


def test_not_acceptable(owner: Program) -> None:
    is_problem(owner.get("risks/", Accept="text/html"), 406)
    is_problem(owner.get("risks/", Accept="nonsense"), 406)
    assert owner.get("risks/", Accept="text/html, */*;q=0.1").status_code == 200


def test_methods(owner: Program) -> None:
    for method in ("put", "patch", "delete", "options", "trace"):
        response = getattr(owner.client, method)(ROOT + "risks/")
        is_problem(response, 405)
        assert response["Allow"] == "GET, POST, HEAD"


def test_unknown_routes(owner: Program) -> None:
    for path in (
        "/api/", "/api/v2/", "/api/v1/nothing/", "/api/v1/me", ROOT + "risks/R-001",
        ROOT + "nothing/", ROOT + "risks/R-001/nothing/", "/api/v1/registers/a%00b/", "/api/%ff/",
    ):  # fmt: skip
        for client in (owner.client, Client()):
            is_problem(client.get(path), 404)
            is_problem(client.post(path, b"{}", content_type="application/json"), 404)


def test_unknown_things(owner: Program) -> None:
    for path in (
        "risks/R-999/", "risks/a%00b/", "risks/%20/", "risks/" + "x" * 300 + "/", "risks/％/",
        "mitigations/M-9/", "risks/C-001/history/", "risks/R-999/reviews/",
        "/api/v1/registers/none/risks/",
    ):  # fmt: skip
        is_problem(owner.get(path), 404)


def test_a_host_that_is_not_ours(owner: Program) -> None:
    is_problem(owner.client.get("/api/v1/me/", headers={"Host": "evil.example"}), 400)


def test_a_failure_of_ours_says_nothing(
    owner: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("the inside")

    monkeypatch.setattr("riskreg.api.heatmap.heatmap", fail)
    owner.client.raise_request_exception = False
    response = owner.get("heatmap/")
    is_problem(response, 500)
    assert b"inside" not in response.content
    assert b"Traceback" not in response.content
    assert "the inside" in caplog.text
    name = response.json()["detail"].rsplit(" ", 1)[1].rstrip(".")
    assert name
    assert name in caplog.text


def test_a_failure_outside_the_views(
    owner: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any) -> Any:
        raise RuntimeError("the inside")

    monkeypatch.setattr(
        "django.middleware.clickjacking.XFrameOptionsMiddleware.process_response", fail
    )
    client = Client(raise_request_exception=False)
    response = client.get("/api/v1/me/")
    is_problem(response, 500)
    assert b"inside" not in response.content
    assert "the inside" in caplog.text


BAD_QUERIES = [
    ("colour=red", "unknown_filter"),
    ("state=gone", "unknown"),
    ("rating=awful", "unknown"),
    ("stage=best", "unknown"),
    ("likelihood=9", "unknown"),
    ("likelihood=%00", "bad_character"),
    ("q=a%00b", "bad_character"),
    ("owner=someone", "unknown"),
    ("term=eu", "malformed"),
    ("overdue=perhaps", "not_a_boolean"),
    ("due_before=soon", "not_a_date"),
    ("updated_since=2026-01-01", "not_a_time"),
    ("ordering=colour", "unknown"),
    ("limit=501", "out_of_range"),
    ("limit=0", "out_of_range"),
    ("limit=-1", "out_of_range"),
    ("limit=ten", "out_of_range"),
    ("limit=٣", "out_of_range"),
    ("count=maybe", "not_a_boolean"),
    ("cursor=abc", "bad_cursor"),
    ("cursor=", "empty"),
    ("cursor=WzEsMl0:abc", "bad_cursor"),
    ("cursor=%00", "bad_character"),
]


def test_bad_queries(owner: Program) -> None:
    for query, code in BAD_QUERIES:
        is_problem(owner.get(f"risks/?{query}"), 400, code, "?" + query.split("=")[0])


def test_unknown_parameters(owner: Program) -> None:
    for path in (
        "", "criteria/", "risks/R-001/", "risks/R-001/history/", "risks/R-001/reviews/",
        "risks/R-001/assessments/", "mitigations/", "objectives/", "heatmap/", "changes/",
        "/api/v1/me/", "/api/v1/registers/",
    ):  # fmt: skip
        assert owner.get(path).status_code == 200
        body = is_problem(owner.get(path + "?colour=red"), 400)
        assert body["errors"][0]["pointer"] == "?colour"


def test_unknown_parameters_of_a_write(owner: Program) -> None:
    with nothing_changes():
        is_problem(
            owner.post("risks/?colour=red", {"title": "x"}), 400, "unknown_parameter", "?colour"
        )


def test_preconditions(owner: Program, two_risks: World) -> None:
    tag = owner.get("risks/R-001/")["ETag"]
    acts: list[tuple[str, str, Any]] = [
        ("patch", "", {"title": "x"}), ("post", "close/", {"reason": "x"}),
        ("post", "transfer/", {"owner": two_risks.deputy.email}),
        ("post", "assessments/", {"likelihood": 1, "impact": 1}), ("post", "reviews/", {}),
        ("post", "open/", None), ("post", "reopen/", {"reason": "x"}),
    ]  # fmt: skip
    for method, path, body in acts:
        with nothing_changes():
            is_problem(owner.call(method, "risks/R-001/" + path, body), 428)
            for stale in ('"1"', '"99"', '"x"', '"03"', 'W/"2"', '"-1"', '"' + "9" * 40 + '"'):
                response = owner.call(method, "risks/R-001/" + path, body, If_Match=stale)
                is_problem(response, 412)
                assert f'"{version_in(response)}-' == tag[:3]
            for wrong in ("*", "3", '"2", "3"', "", '"'):
                is_problem(owner.call(method, "risks/R-001/" + path, body, If_Match=wrong), 400)


def test_conditions_come_after_seeing_and_allowing(owner: Program, two_risks: World) -> None:
    partner, auditor = Program(two_risks.partner_manager), Program(two_risks.auditor)
    is_problem(partner.patch("risks/F-001/", {"title": "x"}), 404)
    is_problem(partner.patch("risks/F-001/", {"title": "x"}, If_Match='"1"'), 404)
    is_problem(partner.patch("risks/R-001/", {"title": "x"}), 403)
    is_problem(auditor.patch("risks/R-001/", {"title": "x"}), 403)


def test_not_modified(owner: Program) -> None:
    tag = owner.get("risks/R-001/")["ETag"]
    for sent in (tag, f"W/{tag}", f'"1", {tag}', "*"):
        response = owner.get("risks/R-001/", If_None_Match=sent)
        assert response.status_code == 304
        assert response.content == b""
        assert response["ETag"] == tag
    assert owner.get("risks/R-001/", If_None_Match='"99"').status_code == 200
    for path in ("", "criteria/", "/api/v1/me/"):
        first = owner.get(path)
        assert owner.get(path, If_None_Match=first["ETag"]).status_code == 304


def test_what_became_overdue_is_sent_again(world: World) -> None:
    """The version is the same, but the day is another, and so is ``overdue``."""
    builders.risk(world)
    tag = Program(world.owner).get("risks/R-001/")["ETag"]
    with time_machine.travel(AT + dt.timedelta(days=60), tick=False):
        response = Program(world.owner).get("risks/R-001/", If_None_Match=tag)
        assert response.status_code == 200
        assert response.json()["overdue"] is True
        assert response["ETag"] != tag
        assert response["ETag"][:3] == tag[:3]


# Who calls ---------------------------------------------------------------------------------------
def test_nobody(owner: Program) -> None:
    for sent in ({}, {"Authorization": "Basic b3duZXI6eA=="}, {"Authorization": ""}):
        for method, path in (("get", "risks/"), ("post", "risks/"), ("delete", "risks/R-001/")):
            response = getattr(Client(headers=sent), method)(ROOT + path)
            is_problem(response, 401)
            assert response["WWW-Authenticate"].startswith("Bearer")


def test_unusable_tokens_say_what_to_do(world: World) -> None:
    def asked(token: str) -> str:
        response = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {token}"})
        assert response["WWW-Authenticate"].startswith("Bearer")
        return str(is_problem(response, 401)["detail"])

    old = create_token(user=world.owner, scope="read", days=1, at=AT - dt.timedelta(days=2))[1]
    assert "expired on 2026-09-15" in asked(old)
    row, taken = create_token(user=world.owner, scope="read", days=1, at=AT)
    revoke_token(token=row, at=AT)
    assert "revoked" in asked(taken)
    assert "not known" in asked("rr_nothing")
    assert "not known" in asked("")
    assert "not known" in asked("rr_ÿ")
    live = create_token(user=world.deputy, scope="read", days=1, at=AT)[1]
    world.deputy.is_active = False
    world.deputy.save()
    assert "not active" in asked(live)


def test_scopes(owner: Program, two_risks: World) -> None:
    reader, feeder = Program(two_risks.owner, "read"), Program(two_risks.owner, "ingest")
    assert reader.get("risks/").status_code == 200
    with nothing_changes():
        assert "write" in is_problem(reader.post("risks/", {"title": "x"}), 403)["detail"]
        is_problem(reader.patch("risks/R-001/", {"title": "x"}, If_Match='"3"'), 403)
        is_problem(feeder.get("risks/"), 403)
        is_problem(feeder.post("risks/", {"title": "x"}), 403)
    assert feeder.get("/api/v1/me/").json()["token"]["scope"] == "ingest"
    is_problem(reader.client.delete(ROOT + "risks/"), 405)


def test_use_of_a_token_is_noted_once_a_day(owner: Program, two_risks: World) -> None:
    owner.get("risks/")
    assert ApiToken.objects.get(user=two_risks.owner).last_used_on == AT.date()


def test_sessions_need_the_csrf_token(owner: Program, two_risks: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(two_risks.owner, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(ROOT + "risks/").status_code == 200
    assert client.get("/api/v1/me/").json()["token"] is None
    send: dict[str, Any] = {"data": {"title": "x"}, "content_type": "application/json"}
    with nothing_changes():
        is_problem(client.post(ROOT + "risks/", **send), 403)
    client.get("/")
    client.cookies["csrftoken"] = "a" * 32
    made = client.post(ROOT + "risks/", headers={"X-CSRFToken": "a" * 32}, **send)
    assert made.status_code == 201, made.content


def test_a_stranger_sees_no_register(owner: Program, two_risks: World) -> None:
    stranger = Program(two_risks.outsider)
    there, nowhere = stranger.get("risks/"), stranger.get("/api/v1/registers/none/risks/")
    is_problem(there, 404)
    assert there.json() == nowhere.json()
    assert stranger.get("/api/v1/registers/").json()["results"] == []
    with nothing_changes():
        is_problem(stranger.post("risks/", {"title": "x"}), 404)

"""Evidence over REST: forms with a file, records, downloads."""

import errno
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.storage import InMemoryStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from riskreg.evidence import storage
from riskreg.evidence.models import Evidence, Upload
from tests import builders
from tests.api.conftest import ROOT, Program, is_problem
from tests.builders import World
from tests.dump import nothing_changes
from tests.evidence.making import HTML, PDF, SVG, evidence

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evidence_folder")]


class FullStore(InMemoryStorage):
    """A store whose disk is full."""

    def _save(self, name: str, content: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")


def send(client: Client, ref: str, data: bytes = PDF, name: str = "notice.pdf", **more: Any) -> Any:
    """POST of a form with that file."""
    headers = more.pop("headers", {})
    form = {"thing": "risk", "ref": ref, "file": SimpleUploadedFile(name, data), **more}
    return client.post(f"{ROOT}evidence/", form, headers=headers)


def body_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_is_attached_listed_and_saved(world: World, program: Callable[..., Program]) -> None:
    risk = builders.risk(world)
    owner = program(world.owner)
    made = send(owner.client, risk.ref, label="sourced", source="European Commission")
    assert made.status_code == 201
    body = made.json()
    assert made["Location"] == body["url"]
    assert {k: body[k] for k in ("thing", "ref", "name", "media_type", "size", "label")} == {
        "thing": "risk", "ref": risk.ref, "name": "notice.pdf", "media_type": "application/pdf",
        "size": len(PDF), "label": "sourced",
    }  # fmt: skip
    page = f"evidence/{body['id']}/"
    assert owner.get(page).json() == body
    for query, count in (
        ("", 1), (f"?of=risk:{risk.ref}", 1), ("?thing=review", 0), ("?thing=risk", 1),
        ("?withdrawn=true", 0), ("?label=derived", 0), ("?party=foton", 1), ("?ordering=at", 1),
    ):  # fmt: skip
        assert len(owner.get(f"evidence/{query}").json()["results"]) == count, query
    is_problem(owner.get("evidence/?of=risk:R-999"), 400, "unknown_thing", "?of")
    is_problem(owner.get("evidence/?of=R-001"), 400, "unknown_thing", "?of")
    is_problem(owner.get("evidence/?thing=party"), 400, "unknown", "?thing")
    file = owner.get(f"{page}file/")
    assert body_of(file) == PDF
    assert file["ETag"] == f'"{body["sha256"]}"'
    assert owner.get(f"{page}file/", If_None_Match=file["ETag"]).status_code == 304
    head = owner.client.head(f"{ROOT}{page}file/")
    assert (head["Content-Length"], body_of(head)) == (str(len(PDF)), b"")


def test_a_file_is_handed_out_to_be_saved_and_nothing_else(
    world: World, program: Callable[..., Program]
) -> None:
    row = evidence(world, builders.risk(world), name="合同（终稿）.pdf")
    for client, path in (
        (program(world.owner).client, f"{ROOT}evidence/{row.uuid}/file/"),
        (builders.web(world.partner_owner), f"/r/foton-catl/evidence/{row.uuid}/file/"),
    ):
        file = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert file["Content-Disposition"].startswith("attachment; filename*=utf-8''%E5%90%88")
        assert file["X-Content-Type-Options"] == "nosniff"
        assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in file["Cache-Control"]
        assert file["Cross-Origin-Resource-Policy"] == "same-origin"
        assert file["X-Frame-Options"] == "DENY"
        assert file["Content-Type"] == "application/pdf"
        assert file["Content-Length"] == str(len(PDF))
        assert body_of(file) == PDF


@pytest.mark.parametrize("data, name", [(HTML, "a.html"), (SVG, "a.svg"), (HTML, "a.pdf")])
def test_pages_and_drawings_are_refused(
    world: World, program: Callable[..., Program], data: bytes, name: str
) -> None:
    risk, client = builders.risk(world), program(world.owner).client
    with nothing_changes():
        answer = send(client, risk.ref, data, name)
    is_problem(answer, 400, "markup", "#/file")
    assert list(storage.stored_names()) == []


def test_what_is_wrong_with_the_form_is_said(world: World, program: Callable[..., Program]) -> None:
    risk, client = builders.risk(world), program(world.owner).client
    plain, reader = program(world.owner), program(world.owner, "read").client
    partner = program(world.partner_owner).client
    with nothing_changes():
        is_problem(send(client, risk.ref, b""), 400, "empty", "#/file")
        is_problem(send(client, risk.ref, label="sure"), 400)
        is_problem(send(client, risk.ref, more="x"), 400, "unknown_field", "#/more")
        is_problem(send(client, "R-999"), 404)
        is_problem(send(client, risk.ref, thing="party"), 404)
        is_problem(send(client, risk.ref, file="no file"), 400)
        is_problem(send(client, risk.ref, label=["derived", "derived"]), 400, "malformed")
        is_problem(client.post(f"{ROOT}evidence/", {"thing": "risk"}), 400)
        is_problem(plain.post("evidence/", {"thing": "risk"}), 415)
        is_problem(send(reader, risk.ref), 403)
        is_problem(send(partner, risk.ref), 403)
        broken = client.post(
            f"{ROOT}evidence/", b"--x\r\nno form", content_type="multipart/form-data; boundary=y"
        )
        is_problem(broken, 400)
    assert list(storage.stored_names()) == []
    assert not Upload.objects.exists()


def test_a_file_beyond_every_limit_is_not_kept_on_its_way(
    world: World, program: Callable[..., Program], settings: Any
) -> None:
    settings.EVIDENCE_FILE_MB = 1
    risk, client = builders.risk(world), program(world.owner).client
    large = PDF + bytes(23 * 1024 * 1024)
    with nothing_changes():
        is_problem(send(client, risk.ref, large), 400, "too_large", "#/file")
        # Small enough for a spreadsheet, and too large for evidence.
        smaller = large[: 2 * 1024 * 1024]
        is_problem(send(client, risk.ref, smaller), 400, "too_large", "#/file")


def test_the_same_key_attaches_once(world: World, program: Callable[..., Program]) -> None:
    risk, client = builders.risk(world), program(world.owner).client
    key = {"Idempotency-Key": "one"}
    first = send(client, risk.ref, headers=key)
    again = send(client, risk.ref, headers=key)
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert again.json() == first.json()
    is_problem(send(client, risk.ref, PDF + b"x", headers=key), 422)
    is_problem(send(client, risk.ref, name="other.pdf", headers=key), 422)
    is_problem(send(client, risk.ref), 400, "taken", "#/file")
    assert Evidence.objects.count() == len(list(storage.stored_names())) == 1


def test_it_is_withdrawn_and_released_by_version(
    world: World, program: Callable[..., Program], django_capture_on_commit_callbacks: Any
) -> None:
    row = evidence(world, builders.risk(world))
    owner, page = program(world.owner), f"evidence/{row.uuid}/"
    with nothing_changes():
        is_problem(owner.post(f"{page}withdraw/", {"reason": "x"}), 428)
        is_problem(owner.post(f"{page}withdraw/", {"reason": "x"}, If_Match='"3"'), 412)
        is_problem(owner.post(f"{page}withdraw/", {}, If_Match='"1"'), 400, "required", "#/reason")
        is_problem(owner.post(f"{page}release/", {"a": 1}, If_Match='"1"'), 400, "unknown_field")
    with django_capture_on_commit_callbacks(execute=True):
        gone = owner.post(f"{page}withdraw/", {"reason": "Names a person"}, If_Match='"1"')
    body = gone.json()
    assert (body["file"], body["version"]) == (None, 2)
    assert body["withdrawal_reason"] == "Names a person"
    is_problem(owner.get(f"{page}file/"), 404)
    assert list(storage.stored_names()) == []


def test_a_store_that_fails_is_503_and_leaves_nothing(
    world: World, program: Callable[..., Program], settings: Any
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {"BACKEND": "tests.api.test_evidence.FullStore"},
    }
    risk, client = builders.risk(world), program(world.owner).client
    with nothing_changes():
        answer = send(client, risk.ref, headers={"Idempotency-Key": "k"})
        is_problem(answer, 503)
    assert answer["Retry-After"]


def test_another_partys_file_is_404_to_everybody_else(
    world: World, program: Callable[..., Program]
) -> None:
    row = evidence(world, builders.risk(world, visibility="party"))
    page = f"evidence/{row.uuid}/"
    for who in map(program, (world.partner_manager, world.auditor, world.outsider)):
        with nothing_changes():
            for path in (page, f"{page}file/"):
                is_problem(who.get(path), 404)
            for act in ("withdraw", "release"):
                body = {"reason": "x"} if act == "withdraw" else {}
                is_problem(who.post(f"{page}{act}/", body, If_Match='"1"'), 404)
    assert program(world.partner_manager).get("evidence/?count=true").json()["count"] == 0
    is_problem(program(world.partner_manager).get("evidence/?of=risk:F-001"), 400, "unknown_thing")

"""Pages of evidence."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from riskreg.evidence import storage
from riskreg.evidence.models import Evidence
from riskreg.risks.services import share_risk
from tests import builders
from tests.builders import SLUG, World
from tests.dump import nothing_changes
from tests.evidence.making import HTML, PDF, evidence
from tests.evidence.test_evidence import things

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("evidence_folder")]
ROOT = f"/r/{SLUG}/"


def send(world: World, who: str, page: str, data: bytes = PDF, **more: Any) -> Any:
    form = {"file": SimpleUploadedFile("notice.pdf", data), **more}
    return builders.web(getattr(world, who)).post(page, form, follow=True)


def test_a_file_is_attached_from_the_page_of_its_thing(world: World) -> None:
    attached: dict[str, tuple[str, Evidence]] = {}
    for kind, row in things(world).items():
        name = str(getattr(row, "ref", None) or row.uuid)
        new = f"{ROOT}evidence/new/{kind}/{name}/"
        data = PDF + kind.encode()
        made = send(world, "manager", new, data, label="sourced", source="EUR-Lex")
        where, status = made.redirect_chain[0]
        assert status == 302, kind
        client = builders.web(world.manager)
        text = made.content.decode()
        found = Evidence.objects.get(thing=kind)
        assert new in text, kind
        for said in ("“notice.pdf” is attached.", f"{ROOT}evidence/{found.uuid}/file/", "EUR-Lex"):
            assert said in text, (kind, said)
        attached[kind] = (where, found)
        page = client.get(f"{ROOT}evidence/{found.uuid}/").content.decode()
        assert found.sha256 in page
    history = client.get(f"{ROOT}risks/R-001/history/").content.decode()
    assert history.count("attached a file") == 3
    # The page of an indicator shows what happened to its readings.
    where, found = attached["reading"]
    assert found.sha256 in client.get(where).content.decode()


def test_the_same_file_elsewhere_is_said(world: World) -> None:
    first, second = builders.risk(world, title="Tariffs"), builders.risk(world)
    hidden = builders.risk(world, by=world.partner_owner, visibility="party")
    evidence(world, first)
    evidence(world, hidden, by="partner_owner")
    made = send(world, "owner", f"{ROOT}evidence/new/risk/{second.ref}/")
    said = made.content.decode()
    assert f"The same file is also at: {first.ref} Tariffs" in said
    assert hidden.ref not in said


@pytest.mark.parametrize(
    "change, said",
    [
        ({"file": ""}, "Choose a file."),
        ({"data": b""}, "The file is empty."),
        ({"data": HTML}, "HTML, SVG, XML"),
        ({"label": "sourced"}, "needs a source"),
        ({"source": "x" * 600}, "At most 500 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    world: World, change: dict[str, Any], said: str
) -> None:
    risk = builders.risk(world)
    given = {"source": "", "label": "judgement", **change}
    with nothing_changes():
        refused = send(world, "owner", f"{ROOT}evidence/new/risk/{risk.ref}/", **given)
    text = refused.content.decode()
    assert refused.status_code == 400
    assert said in text
    assert given["source"] in text
    assert list(storage.stored_names()) == []


def test_a_form_sent_twice_attaches_once(world: World) -> None:
    risk, client = builders.risk(world), builders.web(world.owner)
    new = f"{ROOT}evidence/new/risk/{risk.ref}/"
    text = client.get(new).content.decode()
    key = text.split('name="form_key" value="')[1].split('"')[0]
    for _time in range(2):
        form = {"file": SimpleUploadedFile("a.pdf", PDF), "form_key": key}
        answer = client.post(new, form)
        assert answer.status_code == 302
    assert Evidence.objects.count() == len(list(storage.stored_names())) == 1
    assert "You sent this form already" in client.get(answer["Location"]).content.decode()


def test_a_full_disk_is_said_on_the_form(world: World, settings: Any) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "evidence": {"BACKEND": "tests.api.test_evidence.FullStore"},
    }
    risk = builders.risk(world)
    with nothing_changes():
        answer = send(
            world, "owner", f"{ROOT}evidence/new/risk/{risk.ref}/", source="Typed with care"
        )
    assert answer.status_code == 503
    assert "no room left" in answer.content.decode()
    assert "Typed with care" in answer.content.decode()


def test_a_file_of_the_time_before_sharing_is_released_from_its_page(world: World) -> None:
    risk = builders.risk(world, visibility="party")
    row = evidence(world, risk)
    share_risk(actor=world.viewer("manager"), ref=risk.ref, version=None, at=world.at)
    page, manager = f"{ROOT}evidence/{row.uuid}/", builders.web(world.manager)
    partner = builders.web(world.partner_owner)
    assert partner.get(page).status_code == 404
    assert partner.get(f"{page}file/").status_code == 404
    assert "notice.pdf" not in partner.get(f"{ROOT}risks/R-001/").content.decode()
    text = manager.get(page).content.decode()
    assert "stays with Foton" in text
    assert f"{page}release/" in text
    assert manager.post(f"{page}release/", {"version": "1"}).status_code == 302
    assert b"".join(partner.get(f"{page}file/").streaming_content) == PDF
    assert "notice.pdf" in partner.get(f"{ROOT}risks/R-001/").content.decode()


def test_it_is_withdrawn_openly(world: World) -> None:
    risk = builders.risk(world)
    row = evidence(world, risk)
    client, page = builders.web(world.owner), f"{ROOT}evidence/{row.uuid}/"
    assert "withdraw" not in builders.web(world.partner_owner).get(page).content.decode()
    with nothing_changes():
        assert client.post(f"{page}withdraw/", {"version": "1"}).status_code == 400
        assert client.post(f"{page}withdraw/", {"version": "4", "reason": "x"}).status_code == 409
    done = client.post(f"{page}withdraw/", {"version": "1", "reason": "Names a person"})
    assert done.status_code == 302
    for where in (page, f"{ROOT}risks/{risk.ref}/"):
        assert "Names a person" in client.get(where).content.decode()
    assert client.get(f"{page}file/").status_code == 404

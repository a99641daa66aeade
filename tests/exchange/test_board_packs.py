"""Board packs: the figures of the pages, the same bytes, nobody's private things but one's own."""

import datetime as dt
import io
import sys
import zlib
from typing import Any

import pytest
from pptx import Presentation

from riskreg.exchange.models import BoardPack
from riskreg.exchange.queries.packs import PackScope, pack_contents, reader_for_audience
from riskreg.exchange.services.packs import KEPT_FOR, MOST_OPEN, cancel_pack, request_pack
from riskreg.exchange.writing.packs import merge_languages, text_in_all_languages
from riskreg.jobs.queries import newest_job_of
from riskreg.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from riskreg.reviews.services.meetings import end_meeting, start_meeting
from tests import builders
from tests.builders import World
from tests.conftest import REQUIRE_ALL
from tests.decisions import making as asking
from tests.dump import nothing_changes
from tests.exchange.packing import made, pack

pytestmark = pytest.mark.django_db
DAYS = 30


@builders.shared_world
def busy(world: World) -> World:
    """Risks that moved since ``DAYS`` ago, one of foton's own, one of catl's own."""
    ago = world.at - dt.timedelta(days=2 * DAYS)
    moved = builders.risk(world, title="Ice on the ramp", rated=(3, 4), at=ago)
    builders.assess(world, moved, (5, 5))
    builders.mitigation(world, moved, title="Grit the ramp")
    builders.risk(world, title="Late castings", rated=(4, 4), at=ago)
    builders.risk(world, title="Fresh snow", rated=(2, 2))
    builders.risk(world, title="Secret of foton", visibility="party", rated=(5, 4), at=ago)
    builders.risk(
        world, title="Secret of catl", visibility="party", by=world.partner_owner, rated=(5, 5)
    )
    builders.objective(world)
    asking.asked(world, builders.risk(world, title="Dear lithium", rated=(5, 5)), by="owner")
    return world


def contents(world: World, who: str, audience: str, as_of: dt.date | None = None) -> Any:
    viewer = reader_for_audience(world.viewer(who), audience)
    as_of = as_of or world.today
    scope = PackScope(viewer, as_of, as_of - dt.timedelta(days=DAYS), world.at)
    return pack_contents(scope, audience)


def section(found: Any, key: str) -> list[Any]:
    return next(list(s["blocks"]) for s in found["sections"] if s["key"] == key)


def test_figures_are_those_of_the_pages_of_that_day(busy: World) -> None:
    client = builders.api(busy.leader, "read")
    here = f"/api/v1/registers/{busy.register.slug}"
    for back in (0, 10, 45):
        day = busy.today - dt.timedelta(days=back)
        since = (day - dt.timedelta(days=DAYS)).isoformat()
        found = contents(busy, "leader", "party", day)
        address = f"{here}/heatmap/?stage=residual&as_of={day}&compare={since}"
        shown = client.get(address).json()
        figures = [int(one["value"]) for one in found["figures"]]
        total = sum(cell["count"] for cell in shown["cells"]) + shown["unrated"]["count"]
        above = sum(c["count"] for c in shown["cells"] if c["rating"] in ("high", "critical"))
        assert figures[:3] == [total, above, shown["unrated"]["count"]]
        moves = [len(shown[name]) for name in ("moves", "opened", "closed")]
        assert figures[4:] == moves
        drawn = section(found, "heatmap-now")[0]["rows"]
        counts = {(c["likelihood"], c["impact"]): c["count"] for c in shown["cells"]}
        for place, row in enumerate(drawn):
            for impact, cell in enumerate(row["cells"], 1):
                assert (cell["text"] or "0") == str(counts[len(drawn) - place, impact])
        table = section(found, "moved")[0]
        assert [row[0] for row in table["rows"]] == [move["ref"] for move in shown["moves"]]
        answer = client.get(f"{here}/coverage/?as_of={day}").json()
        last = section(found, "coverage")[0]["rows"][-1]
        assert last[1:3] == [str(answer["total"]["due"]), str(answer["total"]["on_time"])]
    waiting = client.get(f"{here}/acceptances/needed/?count=true").json()
    assert section(contents(busy, "leader", "party"), "above")[0]["caption"].endswith(
        f": {waiting['count']}"
    )


def test_of_a_past_day_a_pack_tells_what_stood_then(busy: World) -> None:
    ago = busy.today - dt.timedelta(days=10)
    then = contents(busy, "leader", "party", ago)
    titles = [s["title"].partition(" ")[2] for s in then["sections"] if s["key"][:5] == "risk-"]
    assert titles == ["Secret of foton", "Late castings", "Ice on the ramp"]
    now = contents(busy, "leader", "party")
    moved = section(now, "moved")[0]["rows"]
    assert [row[1] for row in moved] == ["Ice on the ramp"]
    assert "5 × 5" in moved[0][4]
    assert section(then, "moved")[0]["rows"] == []


def test_what_is_private_stands_in_the_pack_of_its_party_alone(busy: World) -> None:
    for who, audience, own in (
        ("leader", "shared", ""), ("leader", "party", "Secret of foton"),
        ("partner_leader", "party", "Secret of catl"), ("partner_leader", "shared", ""),
    ):  # fmt: skip
        text = str(contents(busy, who, audience))
        for title in ("Secret of foton", "Secret of catl"):
            assert (title in text) is (title == own), (who, audience)
    # Whoever asks, what every party sees is one and the same.
    assert contents(busy, "leader", "shared") == contents(busy, "partner_manager", "shared")


def test_slides_are_native_the_same_each_time_and_say_whose_they_are(busy: World) -> None:
    first = pack(busy, "leader", audience="party", language="both", format="pptx")
    assert first.data is not None, newest_job_of(first.uuid).failure  # type: ignore[union-attr]
    again = pack(busy, audience="party", language="both", format="pptx")
    assert bytes(first.data) == bytes(again.data or b"")
    show = Presentation(io.BytesIO(bytes(first.data)))
    slides = list(show.slides)
    assert len(slides) > 12
    for slide in slides:
        assert slide.shapes.title.text_frame.text
        assert not any(shape.shape_type == 13 for shape in slide.shapes), "a picture"
        text = "\n".join(s.text_frame.text for s in slide.shapes if s.has_text_frame)
        assert "Foton's own" in text
        assert "福田" in text
    tables = [shape.table for slide in slides for shape in slide.shapes if shape.has_table]
    cells = "\n".join(cell.text for table in tables for row in table.rows for cell in row.cells)
    assert "Ice on the ramp" in cells
    assert "Secret of foton" in cells
    assert "Secret of catl" not in cells


def needs_pango() -> None:
    try:
        import weasyprint  # noqa: F401
    except OSError as error:
        if REQUIRE_ALL:
            pytest.fail(f"REQUIRE_ALL is set and Pango is not there: {error}", pytrace=False)
        pytest.skip("no Pango, which PDF needs")


@pytest.mark.process
def test_a_pdf_is_tagged_and_the_same_each_time(busy: World) -> None:
    needs_pango()
    first = pack(busy, audience="shared", language="both", format="pdf")
    assert first.data is not None, newest_job_of(first.uuid).failure  # type: ignore[union-attr]
    data = bytes(first.data)
    assert data == bytes(pack(busy, audience="shared", language="both").data or b"")
    assert data != bytes(pack(busy, audience="party", language="both").data or b"")
    whole = b"\n".join([data, *streams_in(data)])
    for part in (b"/StructTreeRoot", b"pdfuaid:part", b"/MarkInfo", b"/Lang"):
        assert part in whole, part


def streams_in(data: bytes) -> list[bytes]:
    """The compressed parts of a PDF, as they are inside."""
    found = []
    for piece in data.split(b"stream\n")[1:]:
        try:
            found.append(zlib.decompressobj().decompress(piece))
        except zlib.error:
            continue
    return found


class _NoPango:
    """Finds no library below WeasyPrint, as on a machine that has Python alone."""

    def find_spec(self, name: str, *_more: Any) -> None:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")


def test_where_the_machine_cannot_draw_pdf_it_says_so(
    busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_NoPango(), *sys.meta_path])
    row = pack(busy, format="pdf")
    job = newest_job_of(row.uuid)
    assert job is not None
    assert (row.data, job.state) == (None, "failed")
    assert "Pango" in job.failure["detail"]
    assert pack(busy, format="pptx").data is not None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"as_of": "2026-09-17"}, "as_of"), ({"as_of": "31 Feb"}, "as_of"),
        ({"since": "2026-09-16"}, "since"),
        ({"as_of": "2026-01-31", "since": "2026-02-01"}, "since"),
        ({"as_of": "0001-01-01"}, "as_of"),
        ({"language": "fr"}, "language"), ({"format": "docx"}, "format"),
        ({"audience": []}, "audience"),
        ({"pages": 3}, "pages"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_refused(world: World, given: Any, field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        request_pack(actor=world.viewer("leader"), given=given, at=world.at)
    assert set(refused.value.fields) == {field}


def test_managers_and_leaders_ask_for_packs_of_their_party(world: World) -> None:
    for who in ("owner", "auditor", "onlooker", "integration"):
        with pytest.raises(Forbidden):
            request_pack(actor=world.viewer(who), given={}, at=world.at)
    row = pack(world, "leader", done=False)
    with pytest.raises(NotFound):
        cancel_pack(actor=world.viewer("partner_leader"), name=row.uuid, at=world.at)
    for _ in range(MOST_OPEN - 1):
        pack(world, "leader", done=False)
    with pytest.raises(Invalid, match="being made"):
        pack(world, "leader", done=False)
    cancel_pack(actor=world.viewer("manager"), name=row.uuid, at=world.at)
    cancel_pack(actor=world.viewer("manager"), name=row.uuid, at=world.at)
    done = made(world, pack(world, "leader", done=False, format="pptx"))
    with pytest.raises(Conflict):
        cancel_pack(actor=world.viewer("leader"), name=done.uuid, at=world.at)
    later = world.at + KEPT_FOR + dt.timedelta(seconds=1)
    newest = request_pack(actor=world.viewer("manager"), given={}, at=later)
    assert set(BoardPack.objects.values_list("pk", flat=True)) == {newest.pk}


def test_whoever_has_left_meanwhile_gets_no_pack(world: World) -> None:
    row = pack(world, "leader", done=False, format="pptx")
    from riskreg.register.models import Membership

    Membership.objects.filter(user=world.leader).update(role="viewer")
    assert made(world, row).data is None
    job = newest_job_of(row.uuid)
    assert job is not None
    assert job.state == "failed"


def test_the_api_says_how_far_it_is_and_gives_the_file(world: World) -> None:
    client = builders.api(world.leader)
    here = f"/api/v1/registers/{world.register.slug}/board-packs/"
    answer = client.post(here, {"format": "pptx"}, content_type="application/json")
    assert answer.status_code == 202
    body = answer.json()
    assert (body["state"], body["file"], answer["Location"]) == ("queued", None, body["url"])
    assert client.get(f"{body['url']}file/").status_code == 404
    made(world, BoardPack.objects.get())
    done = client.get(body["url"]).json()
    assert (done["state"], done["progress"]) == ("done", 100)
    file = client.get(done["file"])
    data = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert data == bytes(BoardPack.objects.get().data or b"")
    assert file["Content-Disposition"].startswith("attachment")
    assert [row["id"] for row in client.get(here).json()["results"]] == [body["id"]]
    other = builders.api(world.partner_leader)
    assert other.get(here).json()["results"] == []
    for address in (body["url"], f"{body['url']}file/"):
        assert other.get(address).status_code == 404
    assert builders.api(world.owner).get(here).status_code == 403
    page = builders.web(world.manager).get(f"/r/{world.register.slug}/board-packs/")
    assert f"board-packs/{body['id']}/file/" in page.content.decode()


@pytest.mark.once
def test_two_languages_are_told_apart_where_they_differ() -> None:
    one = {"a": "x", "rows": [["R-001", "Ice"]], "n": 1}
    other = {"a": "x", "rows": [["R-001", "冰"]], "n": 1}
    both = merge_languages({"en": one, "zh-hans": other})
    assert both == {"a": "x", "rows": [["R-001", {"en": "Ice", "zh-hans": "冰"}]], "n": 1}
    assert text_in_all_languages(both["rows"][0][1]) == "Ice\n冰"
    with pytest.raises(ValueError, match="changed while"):
        merge_languages({"en": {"rows": [1]}, "zh-hans": {"rows": [1, 2]}})


def test_the_usual_day_to_compare_with_tells_of_no_meeting_of_a_partys_own(world: World) -> None:
    builders.risk(world, title="Ice on the ramp", visibility="party", rated=(5, 5))
    ago = world.at - dt.timedelta(days=7)
    manager = world.viewer("manager")
    meeting = start_meeting(actor=manager, title="Ours", recipe={}, visibility="party", at=ago)
    end_meeting(actor=manager, meeting=meeting.uuid, version=None, at=ago)
    own = pack(world, audience="party", done=False)
    assert own.since == world.today - dt.timedelta(days=7)
    assert pack(world, done=False).since == world.today - dt.timedelta(days=91)

"""Pages of indicators: the list, the chart and its table, the forms, and what they call for."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from riskreg.indicators.models import Breach, Indicator, Reading
from riskreg.indicators.policy import Path, Rule
from riskreg.indicators.services import create_indicator, record_readings
from riskreg.web.ui.chart import chart, limit_lines, thin_out, x_ticks, y_ticks

AT = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 24)
FIELDS = {
    "names": {"en": "Steel price", "zh-hans": "钢材价格"},
    "unit": "EUR/t",
    "direction": "higher_is_worse",
    "amber": 700,
    "red": 900,
    "frequency_days": 30,
    "grace_days": 5,
    "label": "illustrative",
}
FORM = {
    "name": "Steel price", "name_zh": "钢材价格", "description": "", "description_zh": "",
    "unit": "EUR/t", "kind": "fixed", "direction": "higher_is_worse", "amber": "700", "red": "900",
    "amber_low": "", "red_low": "", "objective": "", "growth": "", "start_on": "",
    "start_value": "", "hysteresis": "", "breach_at": "red", "frequency_days": "30",
    "grace_days": "5", "label": "judgement", "limit_note": "", "limit_note_zh": "",
    "risks": ["R-001"], "visibility": "shared",
}  # fmt: skip


def make(pilot, who="owner", visibility="shared", **fields):
    return create_indicator(
        actor=pilot.viewer(who), fields={**FIELDS, **fields}, visibility=visibility, at=AT
    )


def read(pilot, row, *pairs, who="owner"):
    rows = [{"at": day, "value": value} for day, value in pairs]
    return record_readings(actor=pilot.viewer(who), ref=row.ref, rows=rows, origin="hand", at=AT)


def page(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_the_list_says_how_each_stands(pilot, address):
    row = make(pilot, risks=["R-001"])
    read(pilot, row, ("2026-10-01", 650), ("2026-11-01", 950))
    make(pilot, names="Quiet", risks=[])
    html = page(pilot.client("viewer"), address("indicators/"))
    assert "Steel price" in html
    assert 'class="spark"' in html
    assert re.search(r"950 EUR/t\s*<span", html)
    assert "badge bad" in html
    assert "No reading" in html
    only = page(pilot.client("viewer"), address("indicators/?status=red"))
    assert "Steel price" in only
    assert "Quiet" not in only
    pilot.users["viewer"].language = "zh-hans"
    pilot.users["viewer"].save()
    assert "钢材价格" in page(pilot.client("viewer"), address("indicators/"))


def test_a_page_has_chart_limits_reviews_and_the_same_as_a_table(pilot, address):
    row = make(pilot, risks=["R-001"], limit_notes={"en": "Where it hurts"})
    read(pilot, row, ("2026-08-01", "650.5"), ("2026-10-01", 750), ("2026-11-01", 950))
    pilot.client("owner").post(
        address("risks/R-001/review/"),
        {"version": pilot.again("bridge").version, "verdict": "unchanged", "cell": "3,4",
         "comment": "seen"},
    )  # fmt: skip
    html = page(pilot.client("viewer"), address(f"indicators/{row.ref}/"))
    for piece in ('class="kchart"', 'class="limit amber"', 'class="limit red"', "point red",
                  "point amber", "point green", 'class="review"', "Where it hurts", "650.5",
                  "Amber from 700 EUR/t up, red from 900 EUR/t up.", "Bridge closes",
                  "reviewed since", "review of R-001"):  # fmt: skip
        assert piece in html, piece
    assert "Add readings" not in html
    assert "style=" not in html
    assert "Nothing was read yet" in page(
        pilot.client("viewer"), address(f"indicators/{make(pilot).ref}/")
    )


def test_red_by_hand_calls_for_a_review_on_my_work_and_says_why(pilot, address):
    row = make(pilot, risks=["R-001"])
    before = pilot.again("bridge").next_review_on
    client = pilot.client("owner")
    response = client.post(
        address(f"indicators/{row.ref}/readings/"),
        {"way": "hand", "at": "2026-11-24", "value": "905", "label": "sourced",
         "source_title": "Exchange", "source_url": "https://exchange.example/"},
        follow=True,
    )  # fmt: skip
    html = response.content.decode()
    assert "A review is called for: R-001." in html
    assert Reading.objects.get().source["url"] == "https://exchange.example/"
    work = page(client, address("work/"))
    assert "1 review is called for by an indicator." in work
    assert "905 EUR/t" in work
    screen = page(client, address("risks/R-001/review/"))
    assert "Why a review is called for" in screen
    assert "905 EUR/t" in screen
    assert pilot.again("bridge").next_review_on == before
    client.post(
        address("risks/R-001/review/"),
        {"version": pilot.again("bridge").version, "verdict": "unchanged", "cell": "3,4",
         "comment": "looked"},
    )  # fmt: skip
    assert "called for by an indicator" not in page(client, address("work/"))
    assert "Why a review is called for" not in page(client, address("risks/R-001/review/"))
    assert "calls for a review" in page(client, address("risks/R-001/history/"))
    assert "Steel price" in page(client, address("risks/R-001/"))


def test_of_all_it_called_for_what_waits_comes_first_and_the_rest_is_counted(
    pilot, address, monkeypatch
):
    monkeypatch.setattr("riskreg.web.indicators.detail.CALLED", 1)
    row = make(pilot, risks=["R-001", "R-002"])
    read(pilot, row, ("2026-11-24", "905"))
    review = {"version": pilot.again("bridge").version, "verdict": "unchanged", "cell": "3,4",
              "comment": "looked"}  # fmt: skip
    pilot.client("owner").post(address("risks/R-001/review/"), review)
    html = page(pilot.client("owner"), address(f"indicators/{row.ref}/"))
    called = html[html.index('id="called"') :]
    assert "1 of 2: what waits first, then the newest" in called
    assert called.index("R-002") < called.index("waits for the review")
    assert "reviewed since" not in called


def test_a_late_reading_stands_on_its_owners_work(pilot, address):
    row = create_indicator(
        actor=pilot.viewer("owner"), fields=FIELDS, at=AT - dt.timedelta(days=60)
    )
    late = "a reading is missing"
    assert late in page(pilot.client("owner"), address("work/"))
    assert late not in page(pilot.client("manager"), address("work/"))
    read(pilot, row, ("2026-11-20", 1))
    assert late not in page(pilot.client("owner"), address("work/"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"value": "NaN"}, "finite number"),
        ({"value": "much"}, "must be a number"),
        ({"at": "2026-11-25"}, "time to come"),
        ({"at": "2026-11-01", "value": "7"}, "say that this is a correction"),
        ({"source_url": "javascript:alert(1)"}, "http://"),
    ],
)
def test_a_bad_reading_is_refused_beside_its_field(pilot, address, given, said):
    row = make(pilot)
    read(pilot, row, ("2026-11-01", 650))
    data = {"way": "hand", "at": "2026-11-23", "value": "700", "label": "judgement", **given}
    response = pilot.client("owner").post(address(f"indicators/{row.ref}/readings/"), data)
    assert response.status_code == 400
    assert said in response.content.decode()
    assert Reading.objects.count() == 1


def test_a_correction_by_hand_keeps_both(pilot, address):
    row = make(pilot)
    read(pilot, row, ("2026-11-01", 650))
    pilot.client("owner").post(
        address(f"indicators/{row.ref}/readings/"),
        {
            "way": "hand",
            "at": "2026-11-01",
            "value": "651",
            "label": "judgement",
            "correction": "on",
        },
    )
    html = page(pilot.client("viewer"), address(f"indicators/{row.ref}/"))
    assert "<b>651</b>" in html
    assert ">650</del>" in html


def upload(pilot, address, row, text, pasted=False):
    data = {"way": "file"}
    if pasted:
        data["text"] = text
    else:
        raw = text if isinstance(text, bytes) else text.encode()
        data["file"] = SimpleUploadedFile("readings.csv", raw, content_type="text/csv")
    return pilot.client("owner").post(address(f"indicators/{row.ref}/readings/"), data)


@pytest.mark.parametrize(
    "text",
    [
        "at,value\n2026-11-01,650\n2026-11-02,660\n",
        "\ufeffat;value\r\n2026-11-01;650\r\n\r\n2026-11-02;660",
        "value\tat\n650\t2026-11-01\n660\t2026-11-02T09:00:00+08:00\n",
        "at,value,source_title,source_url,label,unit\n"
        '2026-11-01,650,"A, b",https://a.example/,sourced,EUR/t\n2026-11-02,660,,,,\n',
    ],
)
def test_a_file_of_readings(pilot, address, text):
    row = make(pilot)
    response = upload(pilot, address, row, text)
    assert response.status_code == 302
    assert [r.value for r in Reading.objects.order_by("at")] == [650, 660]
    assert {r.origin for r in Reading.objects.all()} == {"csv"}
    assert upload(pilot, address, row, text, pasted=True).status_code == 302
    assert Reading.objects.count() == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Choose a file"),
        ("day,price\n1,2\n", "The first line names the columns"),
        ("at,value,colour\n", "The first line names the columns"),
        ("at,value\n", "Send at least one reading."),
        ("at,value\n2026-11-01,1\n2026-11-02,x\n", "Line 3, value"),
        ("at,value\n2026-11-01,1\n2026-11-30,2\n", "Line 3, at"),
        ("at,value,unit\n2026-11-01,1,USD\n", "This indicator is read in EUR/t."),
        ("at,value\n2026-11-01,1,2\n", "Line 2 has more cells"),
        ("at,value\n2026-11-01,1\n2026-11-01,2\n", "Line 3, at"),
        (b"at,value\n\xff\xff\xff\x00\xfe", "not text"),
        ("at,value\n" + "2026-11-01,1\n" * 10_001, "At most 10000 readings"),
    ],
)
def test_a_bad_file_names_the_line_and_records_nothing(pilot, address, text, said):
    row = make(pilot)
    response = upload(pilot, address, row, text)
    assert response.status_code == 400
    assert said in response.content.decode()
    assert Reading.objects.count() == 0


def test_setting_one_up_and_changing_it(pilot, address):
    client = pilot.client("owner")
    owner = str(pilot.users["owner"].uuid)
    response = client.post(address("indicators/new/"), {**FORM, "owner": owner})
    assert response.status_code == 302, response.context["form"].errors
    row = Indicator.objects.get()
    assert (row.name, row.ref, row.amber) == ("Steel price", "K-001", 700)
    edit = address(f"indicators/{row.ref}/edit/")
    html = page(client, edit)
    assert 'value="700"' in html
    bad = client.post(edit, {**FORM, "owner": owner, "amber": "950", "active": "on", "version": 1})
    assert bad.status_code == 400
    assert "Amber must be reached before red" in bad.content.decode()
    good = {**FORM, "owner": owner, "red": "950", "active": "on", "version": 1}
    assert client.post(edit, good).status_code == 302
    slow = client.post(edit, {**good, "red": "980"})
    assert slow.status_code == 409
    assert "980" in slow.content.decode()
    assert "950" in slow.content.decode()
    assert Indicator.objects.get().red == 950


def test_a_pace_is_set_up_and_said(pilot, address):
    client = pilot.client("owner")
    pace = {
        **FORM, "owner": str(pilot.users["owner"].uuid), "unit": "units", "kind": "pace",
        "direction": "lower_is_worse", "amber": "2", "red": "5", "objective": "units",
        "growth": "compound", "start_on": "2025-12-31", "start_value": "5",
    }  # fmt: skip
    assert client.post(address("indicators/new/"), pace).status_code == 302
    row = Indicator.objects.get()
    read(pilot, row, ("2026-10-31", "5.5"))
    html = page(client, address(f"indicators/{row.ref}/"))
    assert "behind the path to “Many units”" in html
    assert "limit path" in html
    assert "behind the path" in html


@pytest.mark.parametrize("who", ["viewer", "leader", "auditor"])
def test_who_only_reads_is_refused_to_write(pilot, address, who):
    row = make(pilot)
    client = pilot.client(who)
    for tail in ("new/", f"{row.ref}/edit/", f"{row.ref}/readings/"):
        tail = f"indicators/{tail}"
        assert client.get(address(tail)).status_code == 403
        assert client.post(address(tail), {}).status_code == 403
    assert Indicator.objects.get().version == 1


def test_the_other_party_does_not_know_of_a_private_one(pilot, address):
    row = make(pilot, visibility="party", names="WARBLER price", risks=["R-001", "N-001"])
    read(pilot, row, ("2026-11-20", 950))
    assert Breach.objects.count() == 2
    for who in ("other", "auditor"):
        client = pilot.client(who)
        for tail in ("indicators/", "work/", "risks/R-001/", "risks/R-001/history/", "heatmap/"):
            assert "WARBLER" not in page(client, address(tail))
        for tail in ("", "edit/", "readings/"):
            assert client.get(address(f"indicators/{row.ref}/{tail}")).status_code == 404
    assert "WARBLER" in page(pilot.client("owner"), address("work/"))


# The drawing --------------------------------------------------------------------------------------


def test_ticks_are_round_and_cover():
    assert y_ticks(60200, 181500) == list(range(50000, 200001, 25000))
    assert y_ticks(-5.5, 3) == [-6, -4, -2, 0, 2, 4]
    assert y_ticks(5, 5)[0] < 5 < y_ticks(5, 5)[-1]
    assert x_ticks(dt.date(2024, 5, 7), dt.date(2026, 11, 24))[0] == dt.date(2024, 7, 1)
    assert 2 <= len(x_ticks(dt.date(2024, 5, 7), dt.date(2026, 11, 24))) <= 9
    assert 2 <= len(x_ticks(dt.date(2026, 11, 20), TODAY)) <= 8
    assert x_ticks(dt.date(2026, 11, 24), TODAY)


def test_a_spike_among_many_is_drawn():
    points = [{"value": n % 7} for n in range(10_000)]
    points[6_543] = {"value": 999}
    kept = thin_out(points)
    assert len(kept) <= 402
    assert {"value": 999} in kept
    assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_everything_drawn_lies_in_the_box():
    rule = Rule("fixed", "higher_is_worse", Decimal(700), Decimal(900))
    readings = [
        {"day": TODAY - dt.timedelta(days=40 - n), "value": 600 + 10 * n, "status": "green"}
        for n in range(40)
    ]
    drawn = chart(readings, rule, [{"day": dt.date(2020, 1, 1)}, {"day": TODAY}], today=TODAY)
    assert drawn is not None
    assert len(drawn["reviews"]) == 1
    for mark in drawn["marks"]:
        assert drawn["left"] <= mark["x"] <= drawn["right"]
        assert drawn["top"] <= mark["y"] <= drawn["bottom"]
    assert [line["tone"] for line in drawn["lines"]] == ["amber", "red"]
    assert chart([], rule, [], today=TODAY) is None
    one = chart(readings[-1:], rule, [], today=readings[-1]["day"])
    assert one is not None
    assert len(one["marks"]) == 1


def test_the_path_and_its_limits_run_behind_one_another():
    path = Path("linear", dt.date(2026, 1, 1), Decimal(100), dt.date(2026, 12, 31), Decimal(200))
    rule = Rule("pace", "lower_is_worse", Decimal(2), Decimal(5), path=path)
    lines = {x["tone"]: x["points"] for x in limit_lines(rule, dt.date(2025, 1, 1), TODAY)}
    assert lines["path"][0] == (dt.date(2026, 1, 1), 100)
    for (_d, required), (_e, amber), (_f, red) in zip(*lines.values(), strict=True):
        assert red < amber < required


def test_queries_do_not_grow_with_rows(pilot, address, query_counts):
    client = pilot.client("owner")
    made = []

    def grow(rows):
        while len(made) < rows:
            row = make(pilot, risks=["R-001"])
            made.append(row)
            days = [f"2026-10-{n:02}" for n in range(1, 4)]
            read(pilot, row, *((day, 600) for day in days))
            read(pilot, made[0], (f"2026-11-{len(made) % 20 + 1:02}", 650))

    query_counts.check_growth("web:indicators", lambda: client.get(address("indicators/")), grow)
    page_url = address(f"indicators/{made[0].ref}/")
    few = query_counts.check("web:indicator", lambda: client.get(page_url))
    grow(28)
    assert query_counts.measure(lambda: client.get(page_url)) == few


def in_chinese(pilot, name):
    pilot.users[name].language = "zh-hans"
    pilot.users[name].save()
    return pilot.client(name)


@pytest.mark.parametrize(
    ("limits", "right", "wrong"),
    [
        ({"direction": "higher_is_worse", "amber": 700, "red": 900}, "回落", "回升"),
        ({"direction": "lower_is_worse", "amber": 900, "red": 700}, "回升", "回落"),
        (
            {"kind": "band", "direction": "", "amber": 800, "red": 900,
             "amber_low": 600, "red_low": 500},
            "回到区间内", "回落",
        ),
    ],
)  # fmt: skip
def test_the_way_back_is_said_in_the_direction_that_is_better(pilot, address, limits, right, wrong):
    row = make(pilot, hysteresis=10, risks=[], **limits)
    client = in_chinese(pilot, "viewer")
    html = page(client, address(f"indicators/{row.ref}/"))
    assert right in html
    assert wrong not in html


def test_no_word_of_the_form_names_a_direction(pilot, address):
    client = in_chinese(pilot, "owner")
    assert "回落" not in page(client, address("indicators/new/"))

"""The demo as its Chinese readers see it, and the words that were settled for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoDbBlocker
from time_machine import travel

from riskreg.accounts.models import User
from riskreg.demo.queries import DEMO_SLUG
from tests.amounts import THOROUGH
from tests.builders import api
from tests.demo.crawling import crawl
from tests.demo.loaded import LOADED, loaded
from tools import chinese

ROOT = Path(settings.BASE_DIR)
# Words, whichever database keeps them.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

HAN = re.compile(r"[\u4e00-\u9fff]")
# Four words or more in a row that no publisher's or product's name has: lower case.
ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z'’]*[ ,]+){2,}[a-z'’]{2,}(?:[ ,]+[A-Za-z'’]+)+")
# Names of columns in a file stay as programs write them.
AS_PROGRAMS_WRITE = re.compile(r"\bat, value(, \w+)*")


def english_in(text: str) -> str:
    """The first English phrase in ``text``; empty for none."""
    found = ENGLISH.search(AS_PROGRAMS_WRITE.sub("", text))
    return found.group() if found else ""


def faults_of(text: str) -> list[str]:
    """What a Chinese reader would stumble over in a text of a page."""
    found = [f"{old} for {new}" for old, new in chinese.RETIRED.items() if old in text]
    if mark := chinese.half_width_in(text):
        found.append(f"half-width {mark!r}")
    if phrase := english_in(text):
        found.append(f"English {phrase!r}")
    return found


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo loaded once for this file, read by people who chose Chinese."""
    with django_db_blocker.unblock(), travel(LOADED, tick=False), transaction.atomic():
        loaded(at=LOADED)
        User.objects.update(language="zh-hans")
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("account", "of_a_kind", "least"),
    [
        ("manager@foton.example", 40, 150) if THOROUGH else ("manager@foton.example", 6, 100),
        ("owner@catl.example", 2, 50),
        *([("leader@foton.example", 2, 50)] if THOROUGH else []),
    ],
)
def test_pages_speak_chinese_with_chinese_marks(
    demo: None, account: str, of_a_kind: int, least: int
) -> None:
    """No English sentence, no half-width mark beside Chinese, no retired word: any page."""
    user = User.objects.get(email=account)
    pages = crawl(user, "zh", f"/r/{DEMO_SLUG}/heatmap/", of_a_kind)
    assert len(pages) > least, sorted(pages)
    faults = {
        f"{fault}: {text[:120]}": address
        for address, blocks in pages.items()
        # Names of the world's time zones and places are as those write them.
        if not address.startswith("/preferences/")
        for text in blocks
        for fault in faults_of(text)
    }
    assert not faults, "\n".join(f"{address} {fault}" for fault, address in faults.items())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "risks/?limit=", 400),
        ("get", "risks/?nonsense=1", 400),
        ("get", "risks/R-999/", 404),
        ("patch", "risks/R-001/", 428),
        ("delete", "risks/R-001/", 405),
        ("get", "heatmap/?as_of=yesterday", 400),
        ("get", "nowhere/", 404),
    ],
)
def test_refusals_of_the_api_are_in_one_language(
    demo: None, method: str, path: str, status: int
) -> None:
    """Title, detail and every error in the reader's language, none left in English."""
    client = api(User.objects.get(email="integration@foton.example"))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    address = f"/api/v1/registers/{DEMO_SLUG}/{path}"
    body: dict[str, Any] = {"content_type": "application/json", "data": {}}
    send = getattr(client, method)
    answer = send(address, **(body if method == "patch" else {}))
    assert answer.status_code == status, answer.content
    told = answer.json()
    texts = [told["title"], told["detail"], *(error["detail"] for error in told["errors"])]
    assert [text for text in texts if not HAN.search(text)] == []
    assert [fault for text in texts for fault in chinese.faults_in(text)] == []


def chinese_texts() -> Iterator[tuple[str, str]]:
    """(where, text) of every Chinese text in the catalogue, the demo, the templates and code."""
    catalogue = polib.pofile(str(ROOT / "riskreg/locale/zh_Hans/LC_MESSAGES/django.po"))
    for entry in catalogue:
        for text in (entry.msgstr, *entry.msgstr_plural.values()):
            yield entry.msgid, text
    for folder, kind in (("riskreg/demo/data", "*.json"), ("riskreg/register/data", "*.json")):
        for path in (ROOT / folder).glob(kind):
            for text in _strings(json.loads(path.read_text(encoding="utf-8"))):
                yield path.name, text
    for path in (ROOT / "templates").rglob("*.html"):
        for text in re.findall(r">([^<>{}]*)<", path.read_text(encoding="utf-8")):
            yield path.name, text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def test_texts_use_the_settled_words_and_marks() -> None:
    faults = [
        f"{where}: {fault}: {text[:80]}"
        for where, text in chinese_texts()
        if HAN.search(text)
        for fault in chinese.faults_in(text)
    ]
    assert not faults, "\n".join(faults)


def test_templates_put_values_together_by_the_language_s_own_marks() -> None:
    """Outside of texts that are translated whole, no mark between two values is half width."""
    whole = re.compile(r"{% blocktrans.*?{% endblocktrans %}", re.DOTALL)
    mark = re.compile(r"(?:}}|%}|</\w+>)[:,;] ?(?:{{|{%|\n)|join:\"[,:;]")
    faults = [
        f"{path.relative_to(ROOT)}: {found.group()!r}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        for found in mark.finditer(whole.sub("", path.read_text(encoding="utf-8")))
    ]
    assert not faults, "\n".join(faults)


def test_the_glossary_says_every_word_in_chinese() -> None:
    """Each word has its Chinese; that is the settled one, and the interface uses it."""
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*) \|", text, re.MULTILINE)
    words = {word: said for word, said in rows if word != "word" and not word.startswith("--")}
    assert len(words) > 40
    assert [word for word, said in words.items() if not HAN.search(said)] == []
    assert [said for said in words.values() if chinese.settle(said) != said] == []
    used = "\n".join(text for _where, text in chinese_texts())
    parts = {
        p for said in words.values() for p in re.split(r"[、：（）]|或 ", said) if HAN.search(p)
    }
    assert sorted(part for part in parts if part not in used) == []


@pytest.mark.parametrize(
    ("text", "settled"),
    [
        ("下次复核于 %(day)s 到期", "下次评审于%(day)s到期"),
        ("%(n)d 项未关闭的风险", "%(n)d项在管风险"),
        ("已完成 %(progress)d %%", "已完成%(progress)d%%"),
        ("由 %(name)s 负责", "由 %(name)s 负责"),
    ],
)
def test_what_is_extracted_is_settled(text: str, settled: str) -> None:
    assert chinese.settle(text) == settled
    assert not chinese.faults_in(settled)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("高, 超出风险偏好", True),
        ("状态: 草稿", True),
        ("费用 (选填)", True),
        ("10高, 超出", True),
        ("格式为 {语言: {字段: 文本}}。", False),
        ("如 market:eu。", False),
        ("高，超出（选填）", False),
    ],
)
def test_half_width_marks_beside_chinese_are_found(text: str, found: bool) -> None:
    assert bool(chinese.half_width_in(text)) is found

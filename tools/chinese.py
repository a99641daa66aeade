"""The Chinese of the interface: words settled once, and what of its form a machine can see.

``docs/glossary.md`` says what each word of ours is in Chinese. ``RETIRED`` are words that were in
use for the same things and are no more; ``settle`` puts the settled ones in their place, wherever
a text is extracted (``tools/messages.py``), and ``faults_in`` says what is left.
"""

import re

RETIRED = {
    "复核": "评审",
    "领导": "管理层",
    "代班人": "代理人",
    "代班": "代理",
    "离岗": "外出",
    "领结图": "蝶形图",
    "提醒阶梯": "分级提醒规则",
    "阶梯": "分级提醒规则",
    "级次": "提醒级别",
    "未关闭的风险": "在管风险",
    "未关闭": "在管",
    "尚未评级": "尚未评估",
    "未评级": "未评估",
    "已评级": "已评估",
    "新评级": "新评估",
    "评级": "等级",
    "读数": "监测值",
    "限值": "预警线",
    "项目群": "合作项目",
    "项目整体": "合作项目",
    "有出处": "有来源",
    "事后补录": "补录",
    "高于风险偏好": "超出风险偏好",
    "处于风险偏好之上": "超出风险偏好",
}
"""Words for which another was settled, longer ones first where one holds the other."""

_HAN = r"[\u3400-\u9fff]"
# Placeholders that stand for a number or a day: no blank is typed beside them, as beside digits.
# A token with a letter (R-001, P95, CSV) is a Latin word.
_NAMES = (
    "n|total|count|shown|size|limit|low|high|number|line|lines|more|day|first|last|until|days"
    "|percent|years|reviewed|deferred|owned|deputised|mitigations|indicators|to|from"
)
_TOKEN = rf"[A-Za-z0-9_.:/+-]+|%d|%\(\w+\)d|%\((?:{_NAMES})\)s"
_BEFORE = re.compile(rf"(?<=[\u3000-\u9fff，。：；！？）])[ \u00a0]({_TOKEN})")
_AFTER = re.compile(rf"({_TOKEN})[ \u00a0](?={_HAN}|%(?![(sd]))")
_HALF_WIDTH = re.compile(
    rf"{_HAN}[ \u00a0]?[,;:?!()][ \u00a0]?(?={_HAN}|$)"
    rf"|(?:^|{_HAN})[ \u00a0]?[,;:?!(][ \u00a0]?{_HAN}"
    rf"|[,;:?!(] ?[“「]{_HAN}|{_HAN}[”」] ?[,;:?!)]|{_HAN}\.(?=\s|$)"
)

# What is written in braces is the form of JSON, with its own marks.
_BRACES = re.compile(r"\{[^{}]*\}")


def settle(text: str) -> str:
    """``text`` in the settled words, without a blank between figures and Chinese."""
    for old, new in RETIRED.items():
        text = text.replace(old, new)
    return _AFTER.sub(_joined, _BEFORE.sub(_joined, text))


def _joined(found: re.Match[str]) -> str:
    """Without its blank where it is a figure."""
    token = found.group(1)
    return token if _is_figure(token) else found.group()


def _is_figure(token: str) -> bool:
    return token.startswith("%") or not re.search("[A-Za-z]", token)


def half_width_in(text: str) -> str:
    """The first place where half-width punctuation stands beside Chinese; empty for none."""
    while _BRACES.search(text):
        text = _BRACES.sub("…", text)
    found = _HALF_WIDTH.search(text)
    return found.group() if found else ""


def faults_in(text: str) -> list[str]:
    """What is wrong with a Chinese text, as far as a machine can see."""
    faults = [f"write {new} for {old}" for old, new in RETIRED.items() if old in text]
    if mark := half_width_in(text):
        faults.append(f"half-width punctuation in “{mark.strip()}”")
    spaced = (*_BEFORE.finditer(text), *_AFTER.finditer(text))
    if any(_is_figure(found.group(1)) for found in spaced):
        faults.append("a blank between a figure and Chinese")
    return faults

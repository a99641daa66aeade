"""Other people's words for dates, amounts, states and responses. Pure."""

import datetime as dt
import html
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from riskreg.exchange.mapping.levels import fold_value
from riskreg.exchange.mapping.words import CURRENCIES, FACTORS, MONTHS, NOTHING
from riskreg.exchange.reading.table import OwnText, Value, as_read_in_sheet

_YEAR_FIRST = re.compile(
    r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号號]?(?:[ t(（].*)?$"
)
_COMPACT = re.compile(r"^(19|20)(\d{2})(\d{2})(\d{2})(?:t\d+z?)?$")
_WEEK = re.compile(r"^(\d{4})-?w(\d{2})-?([1-7])$")
# Years counted from the founding of a state or the coming of an emperor.
_ERA = re.compile(
    r"^(民國|民国|令和|平成|r|h)\.?\s*(\d{1,3}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?$"
)
_ERAS = {"民國": 1911, "民国": 1911, "令和": 2018, "r": 2018, "平成": 1988, "h": 1988}
# What stands before a day and says no more of it: *by*, *Mon,*.
_BEFORE = re.compile(
    r"^(?:by|until|till|before|due|on|bis|am|zum|avant le|le|hasta|até|entro il|il|voor|前|至|"
    r"(?:mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)(?:day|sday|nesday|rsday|urday)?\.?,?|"
    r"(?:mo|di|mi|do|fr|sa|so)\.?,|\w+tag,)\s+(?=\S*\d)",
    re.I,
)
_YEAR_LAST = re.compile(r"^(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})(?:[ t].*)?$")
_NAMED = re.compile(
    r"^(\d{1,2})(?:st|nd|rd|th|er|º|°|o(?=\W))?[ .\-/]+(?:de )?"
    r"([^\W\d]+)\.?[ ,.\-/]+(?:de )?(\d{4}|\d{2})$"
)
_NAMED_FIRST = re.compile(r"^([^\W\d]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?:,? \d.*)?$")
_TAG = re.compile(
    r"</?(?:p|br|div|span|b|i|u|ul|ol|li|strong|em|a|font|table|tr|td|h[1-6])\b[^>]*>", re.I
)


# Blanks within one are folded away.
_STARTS = frozenset(word[0] for word in NOTHING)
_LONGEST_NOTHING = 4 * max(len(word) for word in NOTHING)


class NoSuchDay(ValueError):
    """It is written like a date, and the calendar has no such day."""


class DayOrMonthFirst(ValueError):
    """It is two dates, depending on which comes first."""


def is_nothing(text: str) -> bool:
    """Whether it is a way of writing that there is nothing."""
    text = text.strip()
    if not text:
        return True
    if len(text) > _LONGEST_NOTHING or (text.isascii() and text[0].lower() not in _STARTS):
        return False
    return fold_value(text) in NOTHING


def as_day(value: Value, day_first: bool | None = None) -> dt.date | None:
    """The day that ``value`` is, None for what is no date.

    Raises ``NoSuchDay`` and, unless ``day_first`` says it, ``DayOrMonthFirst``.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, bool) or value is None:
        return None
    text = _BEFORE.sub("", fold_value(as_read_in_sheet(value)).strip(" .~≈"))
    if isinstance(value, int | float) or re.fullmatch(r"\d{5}(\.\d+)?", text):
        serial = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else -1
        # Excel counts days from the last of 1899; these are the years 1954 to 2119.
        if 20000 <= serial < 80000:
            return dt.date(1899, 12, 30) + dt.timedelta(days=int(serial))
        if not _COMPACT.match(text):
            return None
    if found := _YEAR_FIRST.match(text):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _ERA.match(text):
        year = 1 if found[2] == "元" else int(found[2])
        return _day(_ERAS[found[1]] + year, int(found[3]), int(found[4]))
    if found := _WEEK.match(text):
        try:
            return dt.date.fromisocalendar(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            raise NoSuchDay(text) from None
    if found := _COMPACT.match(text):
        return _day(int(found[1] + found[2]), int(found[3]), int(found[4]))
    if found := _NAMED.match(text):
        month = MONTHS.get(found[2])
        return _day(_parse_year(found[3]), month, int(found[1])) if month else None
    if found := _NAMED_FIRST.match(text):
        month = MONTHS.get(found[1])
        return _day(int(found[3]), month, int(found[2])) if month else None
    if found := _YEAR_LAST.match(text):
        first, second, year = int(found[1]), int(found[3]), _parse_year(found[4])
        if found[2] == "." or first > 12 or first == second:
            return _day(year, second, first)
        if second > 12:
            return _day(year, first, second)
        if day_first is None:
            raise DayOrMonthFirst(text)
        return _day(year, second, first) if day_first else _day(year, first, second)
    return None


def day_first_in(values: Iterable[Value]) -> bool | None:
    """Whether a column writes the day first, where one of its dates shows it."""
    found = set()
    for value in values:
        match = (
            _YEAR_LAST.match(fold_value(as_read_in_sheet(value)))
            if isinstance(value, str)
            else None
        )
        if match and match[2] != ".":
            first, second = int(match[1]), int(match[3])
            if first > 12 >= second:
                found.add(True)
            elif second > 12 >= first:
                found.add(False)
    return found.pop() if len(found) == 1 else None


def _parse_year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _day(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise NoSuchDay(f"{year:04}-{month:02}-{day:02}") from None


class Amount(NamedTuple):
    """A number of money; ``currency`` is empty where none is named."""

    number: Decimal
    currency: str


def parse_amount(text: str) -> Amount | None:
    """The amount in ``€ 1.200,50``, ``12,000 CNY``, ``1.2 million``, ``3万元``; None for none."""
    plain = fold_value(text)
    currency = next((code for sign, code in CURRENCIES if sign in plain), "")
    factor = next((n for word, n in FACTORS if re.search(word, plain)), 1)
    found = re.search(r"-?\d[\d.,'’\s]*", plain)
    if not found:
        return None
    digits = re.sub(r"[\s'’]", "", found[0]).strip(".,")
    if "," in digits and "." in digits:
        decimal = max(digits.rfind(","), digits.rfind("."))
        digits = re.sub(r"[.,]", "", digits[:decimal]) + "." + digits[decimal + 1 :]
    elif "," in digits or "." in digits:
        sign = "," if "," in digits else "."
        head, *groups = digits.split(sign)
        # Money has no thousandths: three digits behind a sign are thousands, in every country.
        if len(groups) > 1 or (len(groups[0]) == 3 and 0 < len(head) < 4 and head != "0"):
            digits = head + "".join(groups)
        else:
            digits = head + "." + groups[0]
    try:
        return Amount(Decimal(digits) * factor, currency)
    except InvalidOperation:
        return None


def as_word(text: str, words: dict[str, list[str]]) -> str | None:
    """Which of the keys of ``words`` the text is another word for."""
    plain = fold_value(text).strip(".")
    for key, known in words.items():
        if plain == key or plain in known:
            return key
    first = (
        re.split(r"[\s:：(（,;/–-]+", plain)[0] if not re.match(r"[\u3040-\u9fff]", plain) else ""
    )
    for key, known in words.items():
        if first and (first == key or first in known) and len(plain) < 60:
            return key
    return None


def as_progress(text: str) -> int | None:
    """Per cent, from ``40``, ``40 %`` or ``0.4``."""
    found = re.fullmatch(r"([0-9]+(?:[.,][0-9]+)?)\s*%?", fold_value(text))
    if not found:
        return None
    number = float(found[1].replace(",", "."))
    if number <= 1 and "%" not in text and number not in (0.0, 1.0):
        number *= 100
    elif number == 1.0 and "%" not in text and ("." in text):
        number = 100
    return round(number) if number <= 100 else None


def as_text(value: Value) -> str:
    """A text without the tags of a page and without what no text may hold; one that we have written
    ourselves as it was."""
    text = as_read_in_sheet(value)
    if text.isprintable() and "<" not in text and "_x000D_" not in text:
        return text  # as most are
    if isinstance(value, OwnText):
        return text
    if _TAG.search(text):
        text = re.sub(r"(?i)<br\s*/?>|</(p|div|li|tr)>", "\n", text)
        text = html.unescape(re.sub(r"<[^<>]{1,2000}>", "", text))
    text = text.replace("_x000D_", "").replace("\u00a0", " ").replace("\r\n", "\n")
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", " ", text)
    text = re.sub(r"[\u202a-\u202e\u2066-\u2069]", "", text)
    return re.sub(r"[ \t]*\n[ \t\n]*", "\n", text).strip()


_TITLES = re.compile(r"^(?:(?:mr|mrs|ms|mx|dr|prof|herr|frau|hr|fr|m|mme|sr|sra|ing)\.?\s+)+", re.I)


def spellings_to_find_person_by(text: str) -> list[str]:
    """What somebody can be looked up by, in ``Wang Wei <wei@x.example>``: the address, the name;
    of ``Example, Dr. Ann (finance)`` the name as it is spoken."""
    found = re.search(r"<([^<>]+)>|\(([^()]*@[^()]*)\)", text)
    if found:
        return [(found[1] or found[2]).strip(), text[: found.start()].strip()]
    names = [text.strip()]
    bare = re.sub(r"\s*[(（\[][^)）\]]*[)）\]]\s*$", "", names[0])
    last, comma, first = bare.partition(",")
    turned = (
        f"{_TITLES.sub('', first.strip())} {last.strip()}" if comma and "," not in first else ""
    )
    names += [_TITLES.sub("", bare), turned]
    return [name for name in dict.fromkeys(names) if name]

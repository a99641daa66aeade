"""Lists in pages: {next, previous, results}, with cursors that say nothing and cannot be forged."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import QuerySet, Subquery
from django.http import HttpResponse

from riskreg.api.core.answer import Answer
from riskreg.api.core.base import ApiView
from riskreg.api.core.errors import InvalidQuery
from riskreg.kernel import keyset
from riskreg.kernel.errors import FieldError

DEFAULT_LIMIT, MAX_LIMIT = 50, 500
USUAL_LIMITS = (DEFAULT_LIMIT, 100, 200, MAX_LIMIT)
PARAMS = ("cursor", "limit", "count")
NEWEST_FIRST = keyset.Order("at", tie="id", descending=True, tie_descending=True)


@dataclass(frozen=True)
class Listing:
    """How a list is walked. ``place`` gives a row's value in the order column and its public name;
    ``tie`` finds a row by that name (a value or a subquery). ``start`` gives the first so many rows
    of all by a statement that is written once; asked for where the limit is a usual one."""

    queryset: QuerySet[Any]
    order: keyset.Order
    place: Callable[[Any], tuple[Any, Any]]
    tie: Callable[[Any], Any]
    start: Callable[[int], list[Any]] | None = None


def finder_by_uuid(rows: QuerySet[Any]) -> Callable[[str], Any]:
    """How a list finds the row that a cursor names by its public id, for ``Listing.tie``."""
    plain = rows.order_by().prefetch_related(None)
    return lambda public: Subquery(plain.filter(uuid=uuid.UUID(public)).values("pk"))


def newest_first(rows: QuerySet[Any]) -> Listing:
    """The walk through what has a moment (``at``) and a public id, from the newest on."""
    return Listing(
        queryset=rows,
        order=NEWEST_FIRST,
        place=lambda row: (row.at, str(row.uuid)),
        tie=finder_by_uuid(rows),
    )


def page_response(
    view: ApiView, audience: str, listing: Listing, build: Callable[[list[Any]], list[Any]]
) -> HttpResponse:
    """One page of ``listing``, its rows made JSON by ``build``.

    ``audience`` names who may use the cursors: they carry places in what that audience sees.
    Raises ``InvalidQuery`` for a bad limit and for a cursor that was not made here for this list.
    """
    params = view.request.query_params
    limit, count = parse_limit(params.get("limit")), parse_count_asked(params.get("count"))
    # Titles sort by the language of who asks, so the column is part of what a cursor is for.
    salt = f"{cursor_salt(view, audience)}:{listing.order.column}"
    backward, place = False, None
    if (sent := params.get("cursor")) is not None:
        backward, value, name = read_cursor(sent, salt, 3)
        place = keyset.Place(_unpack_cursor_value(value), listing.tie(name))
    if place is None and listing.start is not None and limit in USUAL_LIMITS:
        found = keyset.first_page(listing.start(limit + 1), limit)
    else:
        found = keyset.page(
            listing.queryset,
            listing.order,
            limit,
            after=None if backward else place,
            before=place if backward else None,
        )

    def link(backward: bool, row: Any) -> str:
        value, name = listing.place(row)
        return page_link(view, make_cursor([backward, _pack_cursor_value(value), name], salt))

    rows = found.rows
    body: dict[str, Any] = {
        "next": link(False, rows[-1]) if rows and found.has_next else None,
        "previous": link(True, rows[0]) if rows and found.has_previous else None,
        "results": build(rows),
    }
    if count:
        body["count"] = listing.queryset.count()
    return Answer.of(body).response()


def cursor_salt(view: ApiView, audience: str) -> str:
    """What ties a cursor to this list, its filters and order, and who may see it."""
    digest = _query_digest(view.request.query_params)
    return f"riskreg.cursor:{view.request.path}:{audience}:{digest}"


def page_link(view: ApiView, cursor: str) -> str:
    """The address of this list at ``cursor``, with the same filters, order and limit."""
    lists = view.request.query_params.lists()
    kept = [(k, v) for k, values in lists for v in values if k != "cursor"]
    return f"{view.site_url}{view.request.path}?{urlencode([*kept, ('cursor', cursor)])}"


def parse_limit(text: str | None) -> int:
    """``?limit=``: 1 to 500, 50 if it is not given. Raises ``InvalidQuery``."""
    if text is None:
        return DEFAULT_LIMIT
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= number <= MAX_LIMIT:
        raise InvalidQuery.one(
            "limit", "out_of_range", f"A page has 1 to {MAX_LIMIT} rows; ask for fewer."
        )
    return number


def make_cursor(parts: list[Any], salt: str) -> str:
    """``parts`` as a signed text."""
    return signing.Signer(salt=salt).sign_object(parts)


def read_cursor(
    text: str, salt: str, part_count: int | tuple[int, ...], name: str = "cursor"
) -> list[Any]:
    """What ``make_cursor`` was given. Raises ``InvalidQuery`` for anything it did not make.

    ``name`` is the parameter that it came in, ``part_count`` how many parts it has, or may have.
    """
    try:
        parts = signing.Signer(salt=salt).unsign_object(text)
    except (signing.BadSignature, ValueError):
        parts = None
    counts = (part_count,) if isinstance(part_count, int) else part_count
    if not isinstance(parts, list) or len(parts) not in counts:
        raise InvalidQuery(
            {
                name: FieldError(
                    "bad_cursor",
                    "This cursor was not made for this list. Follow next and previous as they "
                    "are, or start again without one.",
                )
            }
        )
    return parts


def parse_count_asked(text: str | None) -> bool:
    """``?count=``: true or false, false if it is not given. Raises ``InvalidQuery``."""
    if text not in (None, "true", "false"):
        raise InvalidQuery.one("count", "not_a_boolean", "This must be true or false.")
    return text == "true"


def _query_digest(params: Any) -> str:
    """Filters and order are part of what a cursor is for; how long a page is, is not."""
    rest = sorted((k, values) for k, values in params.lists() if k not in PARAMS)
    return hashlib.sha256(json.dumps(rest).encode()).hexdigest()[:16]


def _pack_cursor_value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return ["t", value.isoformat()]
    if isinstance(value, dt.date):
        return ["d", value.isoformat()]
    if isinstance(value, Decimal):
        return ["n", str(value)]
    return value


def _unpack_cursor_value(value: Any) -> Any:
    if isinstance(value, list):
        kind, text = value
        if kind == "n":
            return Decimal(text)
        return (dt.datetime if kind == "t" else dt.date).fromisoformat(text)
    return value

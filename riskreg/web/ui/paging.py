"""Numbered pages of a list."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest


def page_of(
    request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], size: int, param: str = "page"
) -> Page[Any]:
    """The page that ``?page=`` names (or ``param``); the first or the last for one that is not
    there."""
    return Paginator(rows, size).get_page(request.GET.get(param))

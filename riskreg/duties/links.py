"""Addresses that go into messages: whole ones, because a mail has no page it is relative to."""

from django.conf import settings
from django.urls import reverse


def page_url(name: str, **keys: str) -> str:
    """The address of the page called ``name`` among the pages for people."""
    return f"{settings.BASE_URL}{reverse(f'web:{name}', kwargs=keys)}"


def my_work_url(slug: str) -> str:
    """My work, in that register."""
    return page_url("my_work", slug=slug)


def preferences_url() -> str:
    """Where people choose their language and time zone."""
    return page_url("preferences")

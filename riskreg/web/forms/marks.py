"""What a view may say of its forms where the usual does not fit."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpResponse

View = TypeVar("View", bound=Callable[..., Any])
LEADS_TO = "form_leads_to"
NOT_DONE = "form_not_done"


def mark_done_and_send_repeats_to(response: HttpResponse, address: str) -> HttpResponse:
    """Say of an answer that is itself the result (a secret shown once) that the form was done.

    Who sends the form again is led to ``address``.
    """
    setattr(response, LEADS_TO, address)
    return response


def mark_not_done(response: HttpResponse) -> HttpResponse:
    """Say of a redirection that nothing was done: the form can be sent again."""
    setattr(response, NOT_DONE, True)
    return response


def repeatable(view: View) -> View:
    """A view that only sets what is chosen: pressing it again, after another, is meant."""
    view.form_repeatable = True  # type: ignore[attr-defined]
    return view


def adds_same_contents_once(view: View) -> View:
    """A view that adds something each time it is sent.

    A page must not be stored, so the way back may fetch its form anew, under another key: the same
    contents sent by the same person within ten minutes are the same act (``AGAIN_WITHIN``).
    """
    view.form_adds = True  # type: ignore[attr-defined]
    return view


def without_transaction_around(view: View) -> View:
    """A view that talks to the outside: no transaction may stand open around it."""
    view.form_apart = True  # type: ignore[attr-defined]
    return view

"""Accounts are made by an operator or an invitation, never by strangers."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Sign-in and password reset, without sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

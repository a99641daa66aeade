"""The admin has accounts and nothing else, and no sign-in of its own."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse


class AccountsSite(AdminSite):
    """Leaves out what other packages register of their own accord.

    Groups, second mail addresses, sessions and the like would be ways to more rights, or into an
    account, that no service knows of.
    """

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        ours = [model for model in models if model.__module__.startswith("riskreg.")]
        super().register(ours, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The page where everybody signs in, so that the limits on attempts hold here too."""
        from allauth.account.decorators import secure_admin_login

        page: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return page

"""Accounts in Django's admin, for administrators. Of the domain there are memberships alone, to be
read (``register.admin``).

Nothing is written here but by the services: what an administrator changes is logged, and told to
the owner of the account.
"""

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from riskreg.accounts.models import ApiToken, User
from riskreg.accounts.services import create_user, set_preferences
from riskreg.accounts.services.administration import (
    ACCOUNT_FIELDS,
    change_account,
    check_account_changes,
    set_password,
)
from riskreg.kernel import clock
from riskreg.kernel.errors import Errors

_PREFERENCES = ("language", "time_zone")
# Which model these are for is known to the type checker alone.
if TYPE_CHECKING:
    _UserChangeForm = UserChangeForm[User]
    _PasswordForm = AdminPasswordChangeForm[User]
    _UserAdmin = DjangoUserAdmin[User]
    _TokenAdmin = admin.ModelAdmin[ApiToken]
else:
    _UserChangeForm, _PasswordForm = UserChangeForm, AdminPasswordChangeForm
    _UserAdmin, _TokenAdmin = DjangoUserAdmin, admin.ModelAdmin


class AccountForm(_UserChangeForm):
    """What the services would refuse is said beside the field."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        changed = set(self.changed_data) & set(cleaned) & set(ACCOUNT_FIELDS)
        errors = Errors()
        user = User.objects.get(pk=self.instance.pk)
        check_account_changes(errors, user=user, given={name: cleaned[name] for name in changed})
        for name, noted in errors.fields.items():
            for error in noted:
                self.add_error(name if name in self.fields else None, error.detail)
        return cleaned


class PasswordForm(_PasswordForm):
    """Sets it through the service, in the name of ``actor``."""

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def save(self, commit: bool = True) -> User:
        given = self.cleaned_data
        password = given["password1"] if given["set_usable_password"] else None
        set_password(user=self.user, password=password, at=clock.now(), actor_for_log=self.actor)
        return self.user


@admin.register(User)
class UserAdmin(_UserAdmin):
    """Making, changing and switching off accounts. None is deleted: what they did stays theirs."""

    form = AccountForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("email", "name")
    readonly_fields = ("uuid", "created_at", "last_login")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("email", "password", "name", "language", "time_zone")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("Record", {"fields": ("uuid", "created_at", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Through the services; ``obj`` becomes what they made of it."""
        actor, at = request.user, clock.now()
        assert isinstance(actor, User)  # noqa: S101 - only administrators come here
        if not change:
            given = form.cleaned_data
            password = given["password1"] if obj.has_usable_password() else None
            user = create_user(
                email=given["email"],
                name=given["name"],
                password=password,
                at=at,
                actor_for_log=actor,
            )
        else:
            changed = {name: form.cleaned_data[name] for name in form.changed_data}
            account = {name: v for name, v in changed.items() if name in ACCOUNT_FIELDS}
            user = change_account(user=obj, at=at, actor=actor, **account)
            if own := {name: v for name, v in changed.items() if name in _PREFERENCES}:
                user = set_preferences(user=user, at=at, actor_for_log=actor, **own)
        obj.__dict__.update(user.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """There is nothing beside the account itself."""

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Django's page, whose form is told who sets the password."""
        actor = request.user
        if not (isinstance(actor, User) and actor.is_superuser):
            raise PermissionDenied
        mine = copy.copy(self)
        mine.change_password_form = partial(PasswordForm, actor=actor)
        return DjangoUserAdmin.user_change_password(mine, request, id, form_url)


@admin.register(ApiToken)
class ApiTokenAdmin(_TokenAdmin):
    list_display = ("prefix", "user", "scope", "expires_at", "revoked_at", "last_used_on")
    readonly_fields = [f.name for f in ApiToken._meta.fields]

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False

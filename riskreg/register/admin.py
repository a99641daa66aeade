"""Memberships in Django's admin, for support: who is where, as what. Nothing is written there.

A membership carries what somebody answers for, and every act about it is logged for those whose
register it is: that is done on the register's own pages, by who may.
"""

from typing import TYPE_CHECKING

from django.contrib import admin

from riskreg.register.models import Membership

if TYPE_CHECKING:
    _MembershipAdmin = admin.ModelAdmin[Membership]
else:
    _MembershipAdmin = admin.ModelAdmin


@admin.register(Membership)
class MembershipAdmin(_MembershipAdmin):
    """To be read. What ends somebody everywhere is the switch of their account."""

    list_display = ("user", "register", "party", "role", "created_at", "ended_at")
    list_filter = ("role", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("user", "register", "party")
    search_fields = ("user__email", "user__name", "register__slug")
    ordering = ("register__slug", "user__email", "pk")
    fields = ("user", "register", "party", "role", "created_at", "ended_at")
    readonly_fields = fields

    def has_add_permission(self, request: object) -> bool:
        return False

    def has_change_permission(self, request: object, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        return False

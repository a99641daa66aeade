from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class AccountsConfig(AppConfig):
    name = "riskreg.accounts"
    label = "accounts"
    default = True


class AccountsAdminConfig(django_admin.AdminConfig):
    default = False
    default_site = "riskreg.accounts.site.AccountsSite"

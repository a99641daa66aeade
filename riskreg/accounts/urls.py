"""Sign-in, sign-out and a forgotten password; there is no sign-up."""

from allauth.account import views
from django.urls import path, re_path

from riskreg.accounts import leaving

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", leaving.log_out_and_clear_browser, name="account_logout"),
    path("signup/", views.login, name="account_signup"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
]

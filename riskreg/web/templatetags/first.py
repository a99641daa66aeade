"""What the sign-in page says of a system in which nobody has an account."""

from django import template

from riskreg.accounts.services.first import no_account_exists

register = template.Library()


@register.simple_tag
def nobody_has_an_account() -> bool:
    """Whether there is nobody who could sign in."""
    return no_account_exists()

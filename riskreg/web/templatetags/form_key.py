"""``{% csrf_token %}`` of every template of the system: Django's, and the form's own key."""

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.safestring import SafeString, mark_safe

from riskreg.web.forms.key import key_field

register = template.Library()


class FormKeyNode(CsrfTokenNode):
    """Django's hidden field and one with the key, so that no form can have one without the other.

    The library is a builtin of the template engine: nobody has to load it, or can forget to.
    """

    def render(self, context: Context) -> SafeString:
        token = super().render(context)
        request: Any = context.get("request")
        if not token or request is None:
            return mark_safe(token)
        return mark_safe(token + key_field(request))


@register.tag("csrf_token")
def csrf_token(parser: Parser, token: Token) -> FormKeyNode:
    """Both hidden fields of a form that writes."""
    return FormKeyNode()

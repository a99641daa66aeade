"""Addresses outside that a party's messages go to."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskreg.kernel.models import Base
from riskreg.notify.models import Channel


class EndpointKind(models.TextChoices):
    """What listens at an endpoint."""

    WEBHOOK = "webhook", _("Webhook")
    SLACK = "slack", "Slack"
    MSTEAMS = "msteams", "Microsoft Teams"
    FEISHU = "feishu", pgettext_lazy("chat", "Feishu")
    LARK = "lark", "Lark"
    WECOM = "wecom", pgettext_lazy("chat", "WeCom")
    DINGTALK = "dingtalk", pgettext_lazy("chat", "DingTalk")


class Endpoint(Base):
    """An address of a party's own to which a register's messages go: a program, or a chat room.

    ``address`` and ``secret`` are stored encrypted: both let whoever knows them speak in its name.
    ``disabled_why`` is for people to read.
    """

    register = models.UUIDField()
    party = models.UUIDField()
    kind = models.CharField(max_length=10, choices=EndpointKind.choices)
    name = models.CharField(max_length=100)
    address = models.TextField()
    secret = models.TextField(blank=True)
    language = models.CharField(max_length=10)
    created_by = models.UUIDField()
    version = models.PositiveIntegerField(default=1)
    disabled_at = models.DateTimeField(null=True)
    disabled_why = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "notify_endpoint"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EndpointKind.values), name="endpoint_kind")
        ]
        indexes = [models.Index(fields=["register", "party"], name="endpoint_party")]

    def __str__(self) -> str:
        return self.name

    @property
    def channel(self) -> str:
        """The channel that reaches it."""
        return Channel.WEBHOOK if self.kind == EndpointKind.WEBHOOK else Channel.CHAT

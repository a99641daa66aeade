"""What each chat service wants to be sent: a subject and a body as its documented JSON.

``with_markup`` says that the body is Markdown, of which riskreg writes lists and links only; every
text of a person in it went through ``chat.disarm_markup``.
"""

import re
from typing import Any

_LINK = re.compile(r"\[([^\]]*)\]\((https?://[^)\s]+)\)")
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
Payload = dict[str, Any]


def slack(subject: str, body: str, *, with_markup: bool, urgent: bool) -> Payload:
    """An attachment of an incoming webhook, in Slack's own mark-up.

    https://api.slack.com/reference/messaging/attachments
    """
    text = body.translate(_ESCAPED)
    if with_markup:
        text = _LINK.sub(r"<\2|\1>", text)
    title = subject.translate(_ESCAPED)
    colour = "#E8A33A" if urgent else "#3AA3E3"
    return {"mrkdwn": True, "attachments": [{"title": title, "text": text, "color": colour}]}


def teams(subject: str, body: str, *, with_markup: bool, urgent: bool) -> Payload:
    """A message with one Adaptive Card for a workflow of Teams.

    https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors
    """
    title = {"type": "TextBlock", "text": subject, "weight": "Bolder", "size": "Large"}
    if urgent:
        title["color"] = "Attention"
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "full"},
        "body": [{**title, "wrap": True}, {"type": "TextBlock", "text": body, "wrap": True}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}


def feishu(subject: str, body: str, *, with_markup: bool, urgent: bool) -> Payload:
    """A card for a bot of Feishu or Lark; plain text where there is no Markdown.

    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
    """
    if not with_markup:
        return {"msg_type": "text", "content": {"text": f"{subject}\n{body}"}}
    return {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "title": {"tag": "plain_text", "content": subject},
                "template": "orange" if urgent else "blue",
            },
            "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": body}}],
        },
    }


def wecom(subject: str, body: str, *, with_markup: bool, urgent: bool) -> Payload:
    """Plain text for a group robot of WeCom.

    https://developer.work.weixin.qq.com/document/path/91770
    """
    return {"msgtype": "text", "text": {"content": f"{subject}\n{body}"}}


def dingtalk(subject: str, body: str, *, with_markup: bool, urgent: bool) -> Payload:
    """Markdown or plain text for a robot of DingTalk; nobody is mentioned.

    https://open.dingtalk.com/document/orgapp/custom-robot-access
    """
    nobody = {"atMobiles": [], "isAtAll": False}
    if with_markup:
        text = {"title": subject, "text": f"# {subject}\n{body}"}
        return {"msgtype": "markdown", "markdown": text, "at": nobody}
    return {"msgtype": "text", "text": {"content": f"{subject}\n{body}"}, "at": nobody}

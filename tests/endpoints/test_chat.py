"""Chat services: the very JSON that each documents, to its own host and no other.

A double of the services answers on loopback over TLS; names are answered by a stubbed resolver, and
the only thing bent is where a connection to a judged number ends.
"""

import datetime as dt
import json
import logging
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from riskreg.endpoints import services as endpoints
from riskreg.endpoints.channels import chat
from riskreg.endpoints.channels.chat import Chat
from riskreg.endpoints.models import Endpoint, EndpointKind
from riskreg.endpoints.url_guard import parse_address
from riskreg.events.policy import Audience
from riskreg.kernel.errors import Invalid
from riskreg.notify.models import Message
from riskreg.notify.policy import PassingFailure, PermanentFailure
from tests.builders import AT
from tests.endpoints import receiver
from tests.endpoints.receiver import Receiver

OURS = Audience(uuid.UUID(int=1), uuid.UUID(int=2))
ACTOR = uuid.UUID(int=3)
PUBLIC = "93.184.215.14"
TEAMS = "prod-12.westeurope.logic.azure.com"
NEW_TEAMS = "abc.12.environment.api.powerplatform.com"
# Addresses as people copy them from each service; every token is made up.
ADDRESSES = {
    "slack": "https://hooks.slack.com/services/T0AB/B0CD/x7YzTok3n",
    "msteams": f"https://{TEAMS}:443/workflows/0f3a9c/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=x7YzTok3n",
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/x7Yz-Tok3n",
    "lark": "https://open.larksuite.com/open-apis/bot/v2/hook/x7Yz-Tok3n",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x7Yz-Tok3n",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=x7YzTok3n",
}
FINE = {
    "slack": b"ok", "msteams": b"", "feishu": b'{"code":0,"data":{},"msg":"success"}',
    "lark": b'{"code":0,"data":{},"msg":"success"}', "wecom": b'{"errcode":0,"errmsg":"ok"}',
    "dingtalk": b'{"errcode":0,"errmsg":"ok"}',
}  # fmt: skip
HOSTS = {parse_address(text).host for text in ADDRESSES.values()} | {
    NEW_TEAMS,
    "hooks.slack-gov.com",
}


@dataclass
class Double:
    """All services in one; ``opened`` are the numbers that connections were opened for."""

    server: Receiver
    names: dict[str, list[str]]
    opened: list[str]

    def answers(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.server.answer = (status, {k.replace("_", "-"): v for k, v in headers.items()}, body)

    @property
    def said(self) -> Any:
        """The JSON of the only request."""
        (got,) = self.server.got
        return json.loads(got.body)


@pytest.fixture
def double(db: None, at: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with receiver.serving_tls(*HOSTS) as (server, trust):
        opened = receiver.reach(monkeypatch, server, trust)
        names = receiver.stub_names(monkeypatch)
        names |= {host: [PUBLIC] for host in HOSTS}
        yield Double(server, names, opened)


def added(kind: str, text: str = "") -> Endpoint:
    address = endpoints.check_address(kind, text or ADDRESSES[kind])
    row, secret = endpoints.add_endpoint(
        audience=OURS,
        kind=kind,
        name=kind,
        address=address,
        language="en",
        actor_for_log=ACTOR,
        at=AT,
    )
    assert secret == ""
    return row


def send(row: Endpoint, **changes: Any) -> None:
    message = Message(
        **{
            "uuid": uuid.uuid4(), "created_at": AT, "kind": "duties.due", "recipient": row.uuid,
            "language": "en", "subject": "2 reviews are late", "text": "R-001 风险\nhttps://r.example/1",
            "local_day": AT.date(),
            "payload": {"markdown": "- [R-001 风险](https://r.example/1): late\n\n[All](https://r.example/)"},
            **changes,
        }
    )  # fmt: skip
    Chat().send(message, AT)


MARKED = "- [R-001 风险](https://r.example/1): late\n\n[All](https://r.example/)"


def test_slack_is_sent_what_it_documents(double: Double) -> None:
    double.answers(b"ok")
    send(added("slack"))
    got = double.server.got[0]
    assert got.path == "/services/T0AB/B0CD/x7YzTok3n"
    assert got.headers["host"] == "hooks.slack.com"
    assert double.said == {
        "mrkdwn": True,
        "attachments": [
            {
                "title": "2 reviews are late",
                "text": "- <https://r.example/1|R-001 风险>: late\n\n<https://r.example/|All>",
                "color": "#3AA3E3",
            }
        ],
    }


def test_teams_is_sent_an_adaptive_card(double: Double) -> None:
    double.answers(b"", status=202)
    send(added("msteams"), urgent=True)
    got = double.server.got[0]
    path, _mark, query = got.path.partition("?")
    assert path == "/workflows/0f3a9c/triggers/manual/paths/invoke"
    assert "sig=x7YzTok3n" in query
    assert "api-version=2016-06-01" in query
    card = double.said["attachments"][0]
    assert (double.said["type"], card["contentType"]) == (
        "message", "application/vnd.microsoft.card.adaptive",
    )  # fmt: skip
    blocks = card["content"]["body"]
    assert [b["text"] for b in blocks] == ["2 reviews are late", MARKED]
    assert all(b["type"] == "TextBlock" for b in blocks)
    assert card["content"]["type"] == "AdaptiveCard"
    assert "entities" not in card["content"]["msteams"], "nobody is mentioned"


def test_the_newer_addresses_of_teams_work_too(double: Double) -> None:
    double.answers(b"", status=202)
    path = "/powerautomate/automations/direct/workflows/0f3a9c/triggers/manual/paths/invoke"
    send(added("msteams", f"https://{NEW_TEAMS}:443{path}?api-version=1&sig=x7YzTok3n&sp=x&sv=1.0"))
    assert double.server.got[0].path.startswith(f"{path}?api-version=1&")


@pytest.mark.parametrize("kind", ["feishu", "lark"])
def test_feishu_and_lark_are_sent_a_card(double: Double, kind: str) -> None:
    double.answers(FINE[kind])
    send(added(kind))
    assert double.server.got[0].path.rstrip("/") == "/open-apis/bot/v2/hook/x7Yz-Tok3n"
    assert double.said == {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "title": {"tag": "plain_text", "content": "2 reviews are late"},
                "template": "blue",
            },
            "elements": [{"tag": "div", "text": {"tag": "lark_md", "content": MARKED}}],
        },
    }


@pytest.mark.parametrize("kind", ["feishu", "lark"])
def test_without_marks_they_are_sent_text(double: Double, kind: str) -> None:
    double.answers(FINE[kind])
    send(added(kind), payload=None)
    assert double.said["msg_type"] == "text"
    assert double.said["content"]["text"].split() == (
        ["2", "reviews", "are", "late", "R-001", "风险", "https://r.example/1"]
    )


def test_wecom_is_sent_text(double: Double) -> None:
    double.answers(FINE["wecom"])
    send(added("wecom"))
    assert double.server.got[0].path == "/cgi-bin/webhook/send?key=x7Yz-Tok3n"
    assert set(double.said) == {"msgtype", "text"}
    assert double.said["msgtype"] == "text"
    assert double.said["text"]["content"].split() == (
        ["2", "reviews", "are", "late", "R-001", "风险", "https://r.example/1"]
    )


def test_dingtalk_is_sent_markdown(double: Double) -> None:
    double.answers(FINE["dingtalk"])
    send(added("dingtalk"))
    assert double.server.got[0].path == "/robot/send?access_token=x7YzTok3n"
    assert double.said == {
        "msgtype": "markdown",
        "markdown": {
            "title": "2 reviews are late",
            "text": f"# 2 reviews are late\n{MARKED}",
        },
        "at": {"atMobiles": [], "isAtAll": False},
    }


@pytest.mark.parametrize("kind", ADDRESSES)
def test_nobody_is_mentioned_by_what_somebody_typed(double: Double, kind: str) -> None:
    double.answers(FINE[kind], status=200)
    evil = chat.disarm_markup(
        '<!channel> <at user_id="all">x</at> <at>x</at> [y](https://evil.example) `z`'
    )
    send(added(kind), subject=evil, text=evil, payload={"markdown": evil})
    sent = double.server.got[0].body.decode() + json.dumps(double.said, ensure_ascii=False)
    for mark in ("<!channel", "<at", "&lt;!channel", "](https", "|https", "entities"):
        assert mark not in sent


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize(
    "status, failure",
    [(400, PermanentFailure), (403, PermanentFailure), (404, PermanentFailure),
     (302, PermanentFailure), (429, PassingFailure), (500, PassingFailure), (503, PassingFailure)],
)  # fmt: skip
def test_what_a_status_means(double: Double, kind: str, status: int, failure: type) -> None:
    double.answers(b"because", status=status, Location="https://r.example/")
    with pytest.raises(failure, match=f"{status} because"):
        send(added(kind))
    assert len(double.server.got) == 1


@pytest.mark.parametrize(
    "kind, body, failure",
    [
        ("feishu", b'{"code":19024,"msg":"Key Words Not Found"}', PermanentFailure),
        ("feishu", b'{"code":11232,"msg":"frequency limited"}', PassingFailure),
        ("lark", b'{"code":19001,"msg":"param invalid"}', PermanentFailure),
        ("lark", b'{"code":9499,"msg":"too many request"}', PassingFailure),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', PermanentFailure),
        ("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}', PassingFailure),
        ("dingtalk", b'{"errcode":310000,"errmsg":"keywords not in content"}', PermanentFailure),
        ("dingtalk", b'{"errcode":130101,"errmsg":"send too fast"}', PassingFailure),
        ("dingtalk", b"<html>", PassingFailure),
        ("wecom", b"[]", PassingFailure),
        ("feishu", b'{"code":"x"}', PassingFailure),
    ],
)
def test_a_200_that_did_nothing_is_a_failure(
    double: Double, kind: str, body: bytes, failure: type
) -> None:
    double.answers(body)
    with pytest.raises(failure):
        send(added(kind))


def test_a_server_that_is_away_passes(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    row = added("feishu")
    double.names["open.feishu.cn"] = []
    with pytest.raises(PassingFailure, match="not known"):
        send(row)
    double.names["open.feishu.cn"] = [PUBLIC]
    double.server.hang_up = True
    with pytest.raises(PassingFailure, match="without an answer"):
        send(row)


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_service_whose_name_turned_inward_is_not_called(double: Double, kind: str) -> None:
    row = added(kind)
    double.names[parse_address(ADDRESSES[kind]).host] = ["169.254.169.254"]
    with pytest.raises(PermanentFailure, match="not a public address"):
        send(row)
    assert double.opened == []


@pytest.mark.parametrize("kind", ADDRESSES)
def test_a_message_goes_by_the_guarded_way_alone(
    double: Double, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every connection that is made while a message is sent goes by the guarded way."""
    connected: list[Any] = []
    plain = socket.socket.connect

    def connect(self: socket.socket, where: Any) -> None:
        connected.append(where)
        plain(self, where)

    double.answers(FINE[kind])
    row = added(kind)
    monkeypatch.setattr(socket.socket, "connect", connect)
    send(row)
    assert connected == [("127.0.0.1", double.server.port)]
    assert double.opened == [PUBLIC]


@pytest.mark.parametrize(
    "kind, text",
    [
        ("slack", "https://hooks.slack.com/services/T0AB/B0CD"),
        ("slack", "https://slack.com/services/T0AB/B0CD/x"),
        ("slack", "https://hooks.slack.com.evil.example/services/T0AB/B0CD/x"),
        ("slack", ADDRESSES["feishu"]),
        ("slack", "https://hooks.slack.com/services/T0AB/B0CD/x/../../y"),
        (
            "msteams",
            ADDRESSES["msteams"].replace("logic.azure.com", "logic.azure.com.evil.example"),
        ),
        ("msteams", ADDRESSES["msteams"].replace("&sig=x7YzTok3n", "")),
        ("msteams", ADDRESSES["msteams"].replace("x7YzTok3n", "file%3A%2F%2F%2Fetc%2Fpasswd")),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/"),
        ("feishu", "https://open.larksuite.com/open-apis/bot/v2/hook/x"),
        ("lark", ADDRESSES["feishu"]),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
        ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/other?key=x"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token="),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=a%26b"),
    ],
)
def test_an_address_that_is_not_the_services_own_is_refused(
    double: Double, kind: str, text: str
) -> None:
    with pytest.raises(Invalid) as refused:
        endpoints.check_address(kind, text)
    assert refused.value.fields["address"][0].code == "other_service"
    assert double.names.asked == []


def test_of_an_address_only_what_the_service_has_is_sent(double: Double) -> None:
    double.answers(b"", status=202)
    send(added("msteams", ADDRESSES["msteams"] + "&template=file:///etc/passwd&rto=99&image=yes"))
    assert "passwd" not in double.server.got[0].path
    assert len(double.said["attachments"][0]["content"]["body"]) == 2


def test_no_address_gets_into_the_log(double: Double, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for kind in ADDRESSES:
            double.answers(FINE[kind])
            send(added(kind))
            double.answers(b"x", status=500)
            with pytest.raises(PassingFailure) as failure:
                send(Endpoint.objects.get(kind=kind))
            assert "Tok3n" not in str(failure.value)
    assert "Tok3n" not in caplog.text


def test_every_kind_of_chat_has_a_service() -> None:
    assert set(chat.SERVICES) == set(EndpointKind.values) - {EndpointKind.WEBHOOK}
    assert set(ADDRESSES) == set(chat.SERVICES)


def test_a_long_text_is_shortened_by_whole_lines_and_leads_on() -> None:
    lines = [f"R-{n:03d} 风险风险风险风险风险 https://r.example/{n}" for n in range(100)]
    text = "\n".join([*lines, "https://r.example/all"])
    short = chat.shorten_to_bytes(text, 2000)
    assert len(short.encode()) <= 2000
    assert short.startswith(lines[0])
    assert short.endswith("…\nhttps://r.example/all")
    assert set(short.split("\n")) <= {*lines, "…", "https://r.example/all"}
    assert chat.shorten_to_bytes("short", 2000) == "short"
    assert len(chat.shorten_to_bytes("x" * 5000, 100).encode()) <= 100

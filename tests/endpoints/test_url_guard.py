"""Which addresses this server calls: only public ones, and the very number that was judged.

The resolver is stubbed where the standard library asks the system, and the socket layer is watched:
what is refused must be refused before a packet leaves.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.endpoints import http_client, url_guard
from riskreg.endpoints.url_guard import (
    BlockedAddress,
    Unreachable,
    is_public,
    parse_address,
    parse_and_resolve,
    resolve,
)
from tests.endpoints import receiver
from tests.endpoints.receiver import Receiver

PUBLIC = "93.184.215.14"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the resolver knows; each entry may be changed between two questions."""
    return receiver.stub_names(monkeypatch)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Where sockets were told to connect to; none gets through."""
    seen: list[Any] = []

    def connect(self: socket.socket, where: Any) -> None:
        seen.append(where)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "bad_url"),
        ("hooks.receiver.com", "bad_url"),
        ("ftp://hooks.receiver.com/", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("gopher://hooks.receiver.com/", "bad_url"),
        ("javascript:alert(1)", "bad_url"),
        ("https:///path", "bad_url"),
        ("http://hooks.receiver.com/", "not_https"),
        ("https://user:pass@hooks.receiver.com/", "has_user"),
        ("https://user@hooks.receiver.com/", "has_user"),
        ("https://@hooks.receiver.com/", "has_user"),
        ("https://hooks.receiver.com/#x", "has_fragment"),
        ("https://hooks.receiver.com:22/", "odd_port"),
        ("https://hooks.receiver.com:8443/", "odd_port"),
        ("https://hooks.receiver.com:0/", "odd_port"),
        ("https://hooks.receiver.com:99999/", "bad_url"),
        ("https://hooks.receiver.com:/", "bad_url"),
        ("https://hooks.receiver.com:443x/", "bad_url"),
        ("https://hooks.receiver.com./", "bad_host"),
        ("https://hooks..com/", "bad_host"),
        ("https://-hooks.com/", "bad_host"),
        ("https://ho_oks.com/", "bad_host"),
        ("https://" + "a" * 64 + ".com/", "bad_host"),
        ("https://" + "a." * 130 + "com/", "bad_host"),
        ("https://hooks.receiver.com/a b", "bad_url"),
        ("https://hooks.receiver.com/\n", "bad_url"),
        ("https://hooks.receiver.com/\x00", "bad_url"),
        ("https://hooks.receiver.com\\@evil.com/", "bad_url"),
        ("https://hooks.receiver.com/é", "bad_url"),
        ("https://hooks.receiver.com/<script>", "bad_url"),
        # Names and numbers of the inside
        ("https://localhost/", "not_public"),
        ("https://anything.localhost/", "not_public"),
        ("https://intranet/", "not_public"),
        ("https://printer.local/", "not_public"),
        ("https://metadata.google.internal/", "not_public"),
        ("https://nas.home.arpa/", "not_public"),
        ("https://127.0.0.1/", "not_public"),
        ("https://10.1.2.3/", "not_public"),
        ("https://172.16.0.1/", "not_public"),
        ("https://192.168.1.1/", "not_public"),
        ("https://169.254.169.254/latest/meta-data/", "not_public"),
        ("https://168.63.129.16/", "not_public"),
        ("https://100.100.100.200/", "not_public"),
        ("https://0.0.0.0/", "not_public"),
        ("https://224.0.0.1/", "not_public"),
        ("https://255.255.255.255/", "not_public"),
        ("https://[::1]/", "not_public"),
        ("https://[::]/", "not_public"),
        ("https://[fe80::1]/", "not_public"),
        ("https://[fd00:ec2::254]/", "not_public"),
        ("https://[::ffff:10.0.0.1]/", "not_public"),
        ("https://[::ffff:7f00:1]/", "not_public"),
        ("https://[64:ff9b::a00:1]/", "not_public"),
        ("https://[64:ff9b:1::a00:1]/", "not_public"),
        ("https://[2002:a00:1::]/", "not_public"),
        ("https://[ff02::1]/", "not_public"),
        ("https://[fe80::1%25eth0]/", "bad_host"),
        ("https://[::1/", "bad_url"),
        # The same machine, written so that some readers do not see it
        ("https://0x7f.1/", "bad_host"),
        ("https://0x7f000001/", "bad_host"),
        ("https://2130706433/", "bad_host"),
        ("https://0177.0.0.1/", "bad_host"),
        ("https://127.1/", "bad_host"),
        ("https://127.0.0.01/", "bad_host"),
        ("https://127.0.0.0x1/", "bad_host"),
        ("https://①②⑦.0.0.1/", "bad_url"),
        ("https://127。0。0。1/", "bad_url"),
        ("https://ⓛocalhost/", "bad_url"),
        ("https://hooks.receiver。com/", "bad_url"),
        ("https://xn--a.com/", "bad_host"),
        ("https://xn--.com/", "bad_host"),
        ("https://%6c%6fcalhost/", "bad_host"),
        ("https://hooks.receiver.com/" + "a" * 1000, "too_long"),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_asked(
    names: dict[str, list[str]], calls: list[Any], text: str, code: str
) -> None:
    with pytest.raises(BlockedAddress) as refused:
        parse_address(text)
    assert refused.value.code == code
    assert refused.value.detail
    with pytest.raises(BlockedAddress):
        parse_and_resolve(text)
    assert receiver.asked(names) == []
    assert calls == []


def test_a_plain_address_is_taken_apart_and_shown_without_what_is_secret() -> None:
    address = parse_address("https://Hooks.Receiver.com:443/a/b?key=s3cret")
    assert (address.host, address.port, address.target) == (
        "hooks.receiver.com", 443, "/a/b?key=s3cret",
    )  # fmt: skip
    assert "s3cret" not in f"{address} {address!r}"
    assert address.url == "https://hooks.receiver.com/a/b?key=s3cret"
    assert parse_address("https://hooks.receiver.com").target == "/"
    assert parse_address("https://xn--bcher-kva.example/").host == "xn--bcher-kva.example"
    assert parse_address(f"https://{PUBLIC}/").host == PUBLIC
    assert parse_address("https://[2606:2800:21f::1]/").netloc == "[2606:2800:21f::1]"


@pytest.mark.parametrize(
    "number, public",
    [
        (PUBLIC, True), ("1.1.1.1", True), ("2606:4700::1111", True),
        ("2001:4860:4860::8888", True),
        ("64:ff9b::101:101", True), ("2002:101:101::1", True),
        ("::ffff:127.0.0.1", False), ("::127.0.0.1", False), ("::ffff:169.254.169.254", False),
        ("64:ff9b::7f00:1", False), ("64:ff9b:1::101:101", False), ("2002:7f00:1::", False),
        ("2002:c0a8:101::1", False), ("2606:4700::5efe:10.0.0.1", False),
        ("2606:4700::200:5efe:10.0.0.1", False), ("2001::1", False), ("2001:db8::1", False),
        ("3fff::1", False), ("100::1", False), ("fec0::1", False), ("fc00::1", False),
        ("5f00::1", False), ("4000::1", False), ("fe80::1%eth0", False),
        ("100.64.0.1", False), ("100.127.255.255", False), ("198.18.0.1", False),
        ("192.0.0.192", False), ("192.0.2.1", False), ("198.51.100.1", False),
        ("203.0.113.1", False), ("192.88.99.1", False), ("240.0.0.1", False), ("0.1.2.3", False),
        ("not a number", False), ("", False), ("127.0.0.01", False),
    ],
)  # fmt: skip
def test_which_numbers_are_of_the_open_internet(number: str, public: bool) -> None:
    assert is_public(number) is public


@given(st.ip_addresses(v=4))
def test_what_python_calls_private_is_never_public_however_it_is_wrapped(number: Any) -> None:
    plain = is_public(str(number))
    if number.is_private or number.is_multicast or number.is_reserved or number.is_link_local:
        assert not plain
    packed = int(number)
    assert is_public(f"::ffff:{number}") is plain
    assert is_public(f"64:ff9b::{packed >> 16:x}:{packed & 0xFFFF:x}") is plain
    assert is_public(f"2002:{packed >> 16:x}:{packed & 0xFFFF:x}::1") is plain


@pytest.mark.parametrize(
    "numbers",
    [
        ["10.0.0.8"], ["127.0.0.1"], ["::1"], ["169.254.169.254"], ["::ffff:192.168.0.1"],
        ["fd12::1"], ["100.64.1.1"], [PUBLIC, "10.0.0.8"], ["10.0.0.8", PUBLIC],
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_called(
    names: dict[str, list[str]], calls: list[Any], numbers: list[str]
) -> None:
    names["hooks.receiver.com"] = numbers
    for act in (parse_and_resolve, lambda text: http_client.post(parse_address(text), b"{}", {})):
        with pytest.raises(BlockedAddress) as refused:
            act("https://hooks.receiver.com/")
        assert refused.value.code == "not_public"
        assert numbers[0] not in refused.value.detail, "the inside is not mapped for the asker"
    assert calls == []


def test_a_name_that_changes_after_it_was_saved_is_not_called(
    names: dict[str, list[str]], calls: list[Any]
) -> None:
    names["hooks.receiver.com"] = [PUBLIC]
    address = parse_and_resolve("https://hooks.receiver.com/")
    names["hooks.receiver.com"] = ["127.0.0.1"]
    with pytest.raises(BlockedAddress):
        http_client.post(address, b"{}", {})
    assert calls == []


def test_the_number_that_was_judged_is_the_one_that_is_called(
    names: dict[str, list[str]], calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that says something public first and something private at every later question."""
    names["hooks.receiver.com"] = [PUBLIC]
    judged = url_guard.is_public

    def turn(number: str) -> bool:
        names["hooks.receiver.com"] = ["127.0.0.1"]
        return judged(number)

    monkeypatch.setattr(url_guard, "is_public", turn)
    with pytest.raises(Unreachable):
        http_client.post(parse_address("https://hooks.receiver.com/"), b"{}", {})
    assert calls == [(PUBLIC, 443)]
    assert receiver.asked(names) == ["hooks.receiver.com"], "asked once, and never again"


def test_a_name_that_nobody_knows(names: dict[str, list[str]], calls: list[Any]) -> None:
    with pytest.raises(BlockedAddress) as refused:
        parse_and_resolve("https://nobody.receiver.com/")
    assert refused.value.code == "unknown_host"
    with pytest.raises(Unreachable):
        http_client.post(parse_address("https://nobody.receiver.com/"), b"{}", {})
    assert calls == []


def test_a_resolver_that_does_not_answer_costs_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *rest, **more: held.wait(5) and [])
    monkeypatch.setattr(url_guard, "LOOKUP_SECONDS", 0.1)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="too long"):
        resolve(parse_address("https://hooks.receiver.com/"))
    assert time.monotonic() - started < 2
    held.set()


# Hosts that the operator names -------------------------------------------------------------------
def test_hosts_that_the_operator_named_may_be_inside(settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["erp.factory.internal", "127.0.0.1:8099", "[::1]:8099"]
    assert parse_address("http://erp.factory.internal/").trusted
    assert parse_address("https://erp.factory.internal:8443/").trusted
    assert parse_address("http://127.0.0.1:8099/hook").trusted
    assert parse_address("http://[::1]:8099/hook").trusted
    for text in ("http://127.0.0.1/", "http://127.0.0.1:22/", "https://other.factory.internal/"):
        with pytest.raises(BlockedAddress):
            parse_address(text)
    with pytest.raises(BlockedAddress):
        parse_address("http://u:p@erp.factory.internal/")


def test_no_host_is_named_unless_the_operator_does(settings: Any) -> None:
    assert settings.WEBHOOK_ALLOWED_HOSTS == []


# A real server -----------------------------------------------------------------------------------
@pytest.fixture
def server(settings: Any) -> Iterator[Receiver]:
    with receiver.serving() as found:
        settings.WEBHOOK_ALLOWED_HOSTS = [f"127.0.0.1:{found.port}"]
        yield found


def url(server: Receiver, path: str = "/hook") -> url_guard.Address:
    return parse_address(f"http://127.0.0.1:{server.port}{path}")


def test_a_post_arrives_as_it_was_sent(server: Receiver) -> None:
    server.answer = (201, {"X-Said": "yes"}, b"thanks")
    reply = http_client.post(
        url(server, "/a?b=c"), "{é}".encode(), {"Content-Type": "application/json"}
    )
    assert (reply.status, reply.body, reply.headers["x-said"]) == (201, b"thanks", "yes")
    got = server.got[0]
    assert (got.method, got.path, got.body) == ("POST", "/a?b=c", "{é}".encode())
    assert got.headers["host"] == f"127.0.0.1:{server.port}"
    assert got.headers["content-type"] == "application/json"


def test_a_redirect_is_not_followed(server: Receiver) -> None:
    server.answer = (302, {"Location": f"http://127.0.0.1:{server.port}/elsewhere"}, b"")
    assert http_client.post(url(server), b"{}", {}).status == 302
    assert [got.path for got in server.got] == ["/hook"]


def test_no_more_of_an_answer_is_read_than_is_bounded(server: Receiver) -> None:
    server.answer = (200, {}, b"x" * 5_000_000)
    assert len(http_client.post(url(server), b"{}", {}).body) == http_client.READ_BYTES


@pytest.mark.parametrize("where", ["before", "headers", "body"])
def test_a_server_that_dribbles_is_given_up(server: Receiver, where: str) -> None:
    server.dribble, server.answer = where, (200, {}, b"x" * 1000)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="too long"):
        http_client.post(url(server), b"{}", {}, seconds=0.6)
    assert time.monotonic() - started < 3


def test_a_server_that_is_away_or_hangs_up(server: Receiver, settings: Any) -> None:
    server.hang_up = True
    with pytest.raises(Unreachable, match="without an answer"):
        http_client.post(url(server), b"{}", {})
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with pytest.raises(Unreachable, match="refused"):
        http_client.post(parse_address("http://127.0.0.1:9/"), b"{}", {})


def test_no_proxy_of_the_environment_is_asked(
    server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert http_client.post(url(server), b"{}", {}).status == 200


def test_over_tls_the_name_is_asked_for_and_proved(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection goes to a number; certificate, SNI and Host are about the name."""
    with receiver.serving_tls("hooks.receiver.com") as (found, trust):
        receiver.reach(monkeypatch, found, trust)
        names |= {"hooks.receiver.com": [PUBLIC], "other.receiver.com": [PUBLIC]}
        assert (
            http_client.post(parse_address("https://hooks.receiver.com/x"), b"{}", {}).status == 200
        )
        assert found.got[0].headers["host"] == "hooks.receiver.com"
        assert found.names == ["hooks.receiver.com"]
        with pytest.raises(Unreachable, match="certificate was not accepted"):
            http_client.post(parse_address("https://other.receiver.com/x"), b"{}", {})
        monkeypatch.setattr(http_client, "tls_context", ssl.create_default_context)
        with pytest.raises(Unreachable, match="certificate was not accepted"):
            http_client.post(parse_address("https://hooks.receiver.com/x"), b"{}", {})
        assert len(found.got) == 1

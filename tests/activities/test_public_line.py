"""Where a team's address may lead: the resolver is a stand-in here, all else is real, TLS too."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from httpcore2 import SyncBackend
from pytest_httpserver import HTTPServer

from activities.providers.port import Envelope, Refused, RetryLater, Sent
from activities.providers.public_line import is_public
from activities.providers.webhook import TeamWebhook
from domain.webhooks import checked_url
from tests.activities.faulty import nobody

PUBLIC, ALSO_PUBLIC = "93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
NAME = "hooks.example"
SHORT = timedelta(seconds=0.4)

Resolver = Callable[..., list[list[str]]]
GETADDRINFO = socket.getaddrinfo


def post(url: str, *, private: bool = False) -> Any:
    envelope = Envelope("ref", checked_url(url), None, "{}", None, timedelta(minutes=5), team="support")
    return TeamWebhook("secret", private=private, timeout=SHORT).send(envelope)


def refused(outcome: Any) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Answers for names one after the other, the last one for ever; returns the list of the names asked for."""

    def answering(*answers: list[str]) -> list[str]:
        asked: list[str] = []
        left = list(answers)

        def answer(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            if host.replace(".", "").isdigit() or ":" in host:
                return GETADDRINFO(host, port, *args, **kwargs)
            asked.append(host)
            found = left.pop(0) if len(left) > 1 else left[0]
            return [entry for one in found for entry in GETADDRINFO(one, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return asked

    return answering


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Public addresses lead to a port of this machine; returns the list of the addresses connected to."""

    def leading(port: int) -> list[str]:
        connected: list[str] = []
        real = SyncBackend.connect_tcp

        def connect(self: SyncBackend, host: str, _: int, *args: Any) -> Any:
            connected.append(host)
            return real(self, "127.0.0.1", port, *args)

        monkeypatch.setattr(SyncBackend, "connect_tcp", connect)
        return connected

    return leading


@pytest.mark.parametrize(
    "address", [PUBLIC, ALSO_PUBLIC, f"::ffff:{PUBLIC}", "64:ff9b::5db8:d822", "2002:5db8:d822::1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",  # noqa: S104
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::5db8:d822", "2002:7f00:1::1", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_however_they_are_wrapped(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
def test_loopback_is_refused_in_every_spelling(host: str) -> None:
    assert refused(post(f"https://{host}:8443/")) == "private_address"


@pytest.mark.parametrize("answer", [["127.0.0.1"], ["10.1.2.3"], [PUBLIC, "127.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_a_name_that_leads_inside_with_any_of_its_addresses_is_refused(
    names: Callable[..., list[str]], reached: Callable[[int], list[str]], answer: list[str]
) -> None:
    names(answer)
    connected = reached(1)
    outcome = post(f"https://{NAME}/")
    assert refused(outcome) == "private_address"
    assert connected == []
    assert not any(address in outcome.reason for address in answer)  # what a name leads to inside is not told


def test_the_setting_allows_it(names: Callable[..., list[str]], httpserver: HTTPServer) -> None:
    names(["127.0.0.1"])
    httpserver.expect_request("/").respond_with_data("")
    assert post(f"http://{NAME}:{httpserver.port}/", private=True) == Sent(None)
    assert httpserver.log[0][0].headers["Host"] == f"{NAME}:{httpserver.port}"


def test_plain_http_is_refused_without_it() -> None:
    assert refused(post(f"http://{NAME}/")) == "plain_http"


# A certificate for the name, by an authority that the settings of the machine trust.


def signed_for(name: str, folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate for `name`; the certificate itself is left in `folder`."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], HTTPServer]]:
    """A server with a certificate for a name, which this machine trusts."""
    servers = []

    def serve(name: str) -> HTTPServer:
        server = HTTPServer(ssl_context=signed_for(name, tmp_path))
        server.expect_request("/in").respond_with_data("")
        server.start()
        servers.append(server)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        return server

    yield serve
    for server in servers:
        server.stop()


def test_the_certificate_is_asked_for_the_name(
    names: Callable[..., list[str]], reached: Callable[[int], list[str]], served: Callable[[str], HTTPServer]
) -> None:
    server = served(NAME)
    names([PUBLIC])
    connected = reached(server.port)
    assert post(f"https://{NAME}/in") == Sent(None)
    assert connected == [PUBLIC]
    assert server.log[0][0].headers["Host"] == NAME


def test_a_certificate_for_another_name_is_refused_at_once(
    names: Callable[..., list[str]], reached: Callable[[int], list[str]], served: Callable[[str], HTTPServer]
) -> None:
    server = served("other.example")
    names([PUBLIC])
    reached(server.port)
    outcome = post(f"https://{NAME}/in")
    assert refused(outcome) == "certificate"
    assert NAME in outcome.reason
    assert server.log == []


def test_a_name_that_leads_elsewhere_a_moment_later_changes_nothing(
    names: Callable[..., list[str]], reached: Callable[[int], list[str]], served: Callable[[str], HTTPServer]
) -> None:
    server = served(NAME)
    asked = names([PUBLIC], ["127.0.0.1"])
    connected = reached(server.port)
    assert post(f"https://{NAME}/in") == Sent(None)
    assert (asked, connected) == ([NAME], [PUBLIC])
    assert refused(post(f"https://{NAME}/in")) == "private_address"  # the next message asks anew


def test_where_the_first_address_is_away_the_next_one_is_tried(
    names: Callable[..., list[str]], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/").respond_with_data("")
    names(["127.0.0.2", "127.0.0.1"])
    with nobody():
        assert post(f"http://{NAME}:{httpserver.port}/", private=True) == Sent(None)


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 64}.example"])
def test_a_name_that_nobody_knows_is_tried_again(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise UnicodeError("label too long") if host.startswith("aaa") else socket.gaierror(-2, "Name not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryLater, match="no_answer"):
        post(f"https://{host}/")


def test_a_resolver_that_does_not_answer_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    enough = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: enough.wait(20) or [])
    try:
        with pytest.raises(RetryLater, match="could not be looked up in time"):
            post(f"https://{NAME}/")
    finally:
        enough.set()

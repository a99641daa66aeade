"""What stands before web processes: certificates, and nginx as docs/deploy has it.

Names and addresses are put into the example; everything else is as an operator has it.
"""

import contextlib
import datetime as dt
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.processes import ROOT, find_server
from riskreg.kernel import clock

EXAMPLES = ROOT / "docs" / "deploy"
NAME = "register.example"
_SIGNS = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False,
    key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
    decipher_only=False,
)  # fmt: skip
_LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@dataclass(frozen=True)
class Keys:
    """A certificate and its private key, as files."""

    chain: Path
    private: Path


class Authority:
    """Signs certificates that last a day; ``root`` is the file that others trust it by."""

    def __init__(self, folder: Path, name: str = "Authority of a test") -> None:
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._certificate(self._name, self._key.public_key(), ()).sign(
            self._key, hashes.SHA256()
        )
        self.root = folder / "root.pem"
        self.root.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def keys(self, name: str = NAME, *, loopback: bool = False) -> Keys:
        """A certificate of the host ``name``, and of 127.0.0.1 too if that is asked for."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name), *([_LOOPBACK] if loopback else [])]
        made = self._certificate(subject, key.public_key(), names).sign(self._key, hashes.SHA256())
        found = Keys(self.folder / f"{name}.chain.pem", self.folder / f"{name}.key.pem")
        found.chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        found.private.touch(mode=0o600)
        found.private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return found

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: Sequence[x509.GeneralName],
    ) -> x509.CertificateBuilder:
        now = clock.now()
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = made.add_extension(signer, critical=False)
        if names:
            return made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.add_extension(_SIGNS, critical=True)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on at this moment, each another one."""
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _n in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


def put_in(text: str, *pairs: tuple[str, str]) -> str:
    """``text`` with each first of a pair replaced; all of them have to be there."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def nginx(folder: Path, webs: Sequence[int], plain: int, secure: int, keys: Keys) -> list[str]:
    """The command of nginx before the web processes on the ports ``webs``.

    Raises ``FileNotFoundError`` when it is not installed.
    """
    program = find_server("nginx")
    if program is None:
        raise FileNotFoundError("no nginx found")
    site = put_in(
        (EXAMPLES / "nginx.conf").read_text(),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("    listen [::]:80;\n", ""),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("server 127.0.0.1:8000;", "\n".join(f"server 127.0.0.1:{web};" for web in webs)),
        ("/etc/ssl/riskreg/fullchain.pem", str(keys.chain)),
        ("/etc/ssl/riskreg/privkey.pem", str(keys.private)),
    )
    (folder / "site.conf").write_text(site)
    spools = "".join(
        f"{what}_temp_path {folder}/{what};\n"
        for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\n"
        f"daemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\nworker_processes 1;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{spools}include {folder}/site.conf;\n}}\n"
    )
    return [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]

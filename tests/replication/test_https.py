"""The client over https: an untrusted server receives nothing."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.nimbox.client import Client, PhoneCall, Service, Timing
from tests.loopback import served, speak_tls

TOKEN = "token"
CALL = PhoneCall(datetime(2012, 8, 23, 12, 20, 33), "7222", "02122853348", 45)  # noqa: DTZ001 - UTC


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return an untrusted certificate for 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "crm.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


def test_https_is_verified(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An untrusted certificate ends the exchange before anything is sent. A trusted one does not."""
    server = HTTPServer(("127.0.0.1", 0), type("Https", (_Https,), {}))
    speak_tls(server, certificate)
    service = Service(f"https://127.0.0.1:{server.server_port}", TOKEN)
    with served(server):
        refused = Client(service, Timing()).create(CALL)
        assert (refused.state, refused.lost, refused.halts) == ("pending", False, True)
        assert "CERTIFICATE_VERIFY_FAILED" in refused.reason

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert Client(service, Timing()).create(CALL).state == "delivered"


class _Https(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer one call."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"error": false, "contactId": 1, "phonecallId": 1}')

    def log_message(self, *_: object) -> None:
        """Log nothing."""

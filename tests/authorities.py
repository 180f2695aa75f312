"""A certificate authority for tests, and the certificate of a server."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


def certificate(name: str, key: Key, issuer: str, by: Key, *, authority: bool) -> bytes:
    """Return a certificate for `name` and its key, signed `by` the issuer."""
    above, own = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, word)]) for word in (issuer, name))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(above, own, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(by, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.public_bytes(pem) + key.private_bytes(pem, form, serialization.NoEncryption())


def establish(folder: Path) -> Path:
    """Write `authority.pem` and `server.pem` of a server `localhost` to `folder`, and return the former."""
    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    (folder / "authority.pem").write_bytes(certificate("authority", root, "authority", root, authority=True))
    (folder / "server.pem").write_bytes(certificate("localhost", own, "authority", root, authority=False))
    return folder / "authority.pem"

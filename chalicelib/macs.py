"""Message authentication codes under secrets that rotate: webhook keys and recording links carry them."""

from __future__ import annotations

import hmac
from typing import NamedTuple

from chalicelib.errors import Misconfigured

#: Pairs of generation and secret, the newest first: it makes new codes, and codes of the others stay valid.
Secrets = tuple[tuple[int, str], ...]


class Mac(NamedTuple):
    """HMAC-SHA256 for one purpose, cut to `size` bytes; `variable` names the setting that holds the secrets."""

    variable: str
    purpose: bytes
    size: int

    def newest(self, secrets: Secrets) -> int:
        """Return the generation of the newest secret. Raises Misconfigured when there is none."""
        return self._checked(secrets)[0][0]

    def sign(self, secrets: Secrets, content: bytes) -> bytes:
        """Return the code of `content` under the newest secret. Raises Misconfigured when there is none."""
        return self._code(self._checked(secrets)[0][1], content)

    def verify(self, secrets: Secrets, generation: int, content: bytes, code: bytes) -> bool:
        """Return whether `code` is that of `content` under the secret of `generation`.

        Raises Misconfigured when there are no secrets.
        """
        known = dict(self._checked(secrets))
        # An unknown generation is computed too, so that the time does not reveal which generations exist.
        is_genuine = hmac.compare_digest(code, self._code(known.get(generation, ""), content))
        return is_genuine and generation in known

    def _code(self, secret: str, content: bytes) -> bytes:
        return hmac.digest(secret.encode(), self.purpose + content, "sha256")[: self.size]

    def _checked(self, secrets: Secrets) -> Secrets:
        if not secrets:
            raise Misconfigured(
                f"{self.variable} is not set: pairs generation:secret, the newest first, such as 1:<output of `openssl"
                " rand -hex 32`>; `make run` writes that of its own into .local/environment"
            )
        return secrets

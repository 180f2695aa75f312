"""Integration tokens: looked up by digest, limited by scopes, revocable, and never stored as plain text."""

from __future__ import annotations

import pytest

from chalicelib.authentication import tokens
from chalicelib.authentication.tokens import Token, TokenRefused
from chalicelib.platform.postgres import Connection, Parameters, Row
from chalicelib.settings import Settings
from tests.databases import run


@pytest.fixture
def gate(database: Settings) -> Connection:
    """Return the connection that verifies tokens."""
    return Connection(database.gate_database_url)


def _created(database: Settings, name: str, value: str | None = None) -> str:
    return tokens.create(database.owner_database_url, name, ["statistics", "oktell"], value)


def test_a_created_token_is_valid(database: Settings, gate: Connection) -> None:
    """The value identifies the token's name and scopes."""
    value = _created(database, "created")

    assert tokens.verify(gate, value) == Token("created", ("statistics", "oktell"))


def test_an_existing_value_is_kept(database: Settings, gate: Connection) -> None:
    """A value that clients already use is accepted, even a rather short one."""
    assert _created(database, "existing", "s3cret!" * 3) == "s3cret!" * 3
    assert tokens.verify(gate, "s3cret!" * 3) == Token("existing", ("statistics", "oktell"))


@pytest.mark.parametrize("value", ["", "unknown", "x" * 43, "x" * 257, "nul\0", "line\nbreak", "\udc80", "ключ"])
def test_an_unknown_value_is_invalid(gate: Connection, value: str) -> None:
    """Any text that is not the value of a token is invalid."""
    assert tokens.verify(gate, value) is None


def test_a_revoked_token_is_invalid(database: Settings, gate: Connection) -> None:
    """A revoked token is invalid, and a second revocation changes nothing."""
    value = _created(database, "revoked")
    for _ in range(2):
        tokens.revoke(database.owner_database_url, "revoked")

    assert tokens.verify(gate, value) is None


def test_the_last_use_is_updated_once_a_minute(database: Settings, gate: Connection) -> None:
    """The first use is stored, a use in the same minute is not, and a later use is."""
    value = _created(database, "used")
    owner = database.owner_database_url
    last_used = "SELECT last_used_at FROM ledger.tokens WHERE name = 'used'"

    tokens.verify(gate, value)
    first = run(owner, last_used)
    tokens.verify(gate, value)
    assert run(owner, last_used) == first != [(None,)]

    run(owner, "UPDATE ledger.tokens SET last_used_at = last_used_at - interval '2 minutes' WHERE name = 'used'")
    tokens.verify(gate, value)
    assert run(owner, last_used) > first


class CountingConnection(Connection):
    """A connection that counts its statements."""

    statements = 0

    def execute(self, sql: str, parameters: Parameters | None = None) -> list[Row]:
        """Count and run a statement."""
        self.statements += 1
        return super().execute(sql, parameters)


def test_a_verification_is_one_statement(database: Settings) -> None:
    """Verification takes one round trip, including the update of the last use."""
    value, gate = _created(database, "quick"), CountingConnection(database.gate_database_url)

    assert tokens.verify(gate, value)
    assert gate.statements == 1


def test_the_table_does_not_contain_the_value(database: Settings) -> None:
    """Only digests are stored: fast ones of long values, slow ones of short values."""
    values = (_created(database, "long"), _created(database, "brief", "s-h-o-r-t-s-h-o-r-t"))
    stored = run(database.owner_database_url, "SELECT tokens::text FROM ledger.tokens")

    assert not any(value in str(row) or value.encode().hex() in str(row) for value in values for row in stored)


def test_the_listing_has_times(database: Settings) -> None:
    """The listing has each token once, sorted by name, with its times and without its value."""
    _created(database, "listed")
    tokens.revoke(database.owner_database_url, "listed")
    listing = tokens.listing(database.owner_database_url)
    listed = next(token for token in listing if token.name == "listed")

    assert [token.name for token in listing] == sorted(token.name for token in listing)
    assert listed.created_at is not None
    assert listed.revoked_at is not None
    assert listed.last_used_at is None


def test_new_values_are_strong_and_safe_in_an_address() -> None:
    """A generated value has 256 random bits and needs no escaping."""
    values = {tokens.generate() for _ in range(100)}

    assert len(values) == 100
    assert all(len(value) == 43 and value.replace("-", "").replace("_", "").isalnum() for value in values)


@pytest.mark.parametrize(
    ("name", "scopes", "value", "words"),
    [
        ("", ["oktell"], None, "name has 1 to 64"),
        ("x" * 65, ["oktell"], None, "name has 1 to 64"),
        (" x", ["oktell"], None, "no outer spaces"),
        ("a\nb", ["oktell"], None, "printable"),
        ("nul\0", ["oktell"], None, "printable"),
        ("x", [], None, "needs a scope; the scopes are statistics, reports, recordings, nimbox, oktell, control"),
        ("x", ["oktell", "admin"], None, "Unknown scope admin; the scopes are"),
        ("x", ["oktell"], "", "value is empty"),
        ("x", ["oktell"], "v" * 257, "has 257 characters; at most 256 are allowed"),
        ("x", ["oktell"], "tab\t", "printable characters without spaces"),
        ("x", ["oktell"], "12345678", "has 8 characters and could be guessed"),
        ("x", ["oktell"], "two words", "printable characters without spaces"),
    ],
)
def test_an_invalid_token_is_refused(
    database: Settings, name: str, scopes: list[str], value: str | None, words: str
) -> None:
    """The error states what is allowed."""
    with pytest.raises(TokenRefused, match=words):
        tokens.create(database.owner_database_url, name, scopes, value)


def test_a_name_cannot_be_used_again(database: Settings) -> None:
    """A new token cannot take the name of a revoked integration."""
    _created(database, "taken")
    tokens.revoke(database.owner_database_url, "taken")

    with pytest.raises(TokenRefused, match="named 'taken' already exists"):
        _created(database, "taken")


def test_a_value_belongs_to_one_token(database: Settings) -> None:
    """Two integrations cannot share a value, and the refusal does not quote it."""
    _created(database, "one", "a-value-that-is-shared")

    with pytest.raises(TokenRefused, match="Another token has this value") as caught:
        _created(database, "two", "a-value-that-is-shared")
    assert "a-value-that-is-shared" not in repr(caught.value)


@pytest.mark.parametrize("name", ["unknown", "nul\0", ""])
def test_revoking_an_unknown_token_is_refused(database: Settings, name: str) -> None:
    """A misspelled name is an error, because the intended token would stay valid."""
    with pytest.raises(TokenRefused):
        tokens.revoke(database.owner_database_url, name)

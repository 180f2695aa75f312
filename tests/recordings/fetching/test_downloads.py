"""Downloads: which addresses are refused, and how redirects are followed."""

from __future__ import annotations

import io
import socket
from typing import Any

import pytest

from chalicelib.platform import downloads
from chalicelib.platform.downloads import DownloadFailed, DownloadRefused, Rules
from tests.recordings.fetching.provider import SOUND, provider

LIMIT = 10**6
LITERALS = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0")  # noqa: S104 - addresses that lead inside
SIXES = (
    "::1", "::", "fe80::1", "fec0::1", "fd00::1", "::ffff:10.0.0.1", "::a00:1", "64:ff9b::a00:1", "64:ff9b:1::a00:1",
    "2001::a00:1", "2001:db8::1", "2002:a00:1::", "ff02::1",
)  # fmt: skip


def _refused(url: str, *hosts: str, loopback: bool = False) -> str:
    with pytest.raises(DownloadRefused) as refusal:
        downloads.fetch(url, io.BytesIO(), Rules(hosts, LIMIT, 5, loopback), {})
    return refusal.value.message


@pytest.mark.parametrize("address", LITERALS)
def test_a_private_address_is_refused(address: str) -> None:
    """It is refused also when the settings name it as a host."""
    assert "public internet" in _refused(f"https://{address}/a.mp3", address)


@pytest.mark.parametrize("address", SIXES)
def test_a_private_ipv6_address_is_refused(address: str) -> None:
    """Addresses that embed an IPv4 address are refused too."""
    assert "public internet" in _refused(f"https://[{address}]/a.mp3", address)


def test_a_name_with_a_private_address_is_refused() -> None:
    """The addresses of the name count."""
    assert "public internet" in _refused("https://localhost/a.mp3", "localhost")


@pytest.mark.parametrize(
    "url",
    [
        "http://storage.telphin.ru/a.mp3",
        "ftp://storage.telphin.ru/a.mp3",
        "file:///etc/passwd",
        "//storage.telphin.ru/a.mp3",
        "https://user:word@storage.telphin.ru/a.mp3",
        "https://storage.telphin.ru.evil.example/a.mp3",
        "https://eviltelphin.ru/a.mp3",
        "https://storage.telphin.ru@evil.example/a.mp3",
        "https://evil.example#storage.telphin.ru",
        "https://[::1/a.mp3",
        "https://127.1/a.mp3",
        "https://2130706433/a.mp3",
        "https:///a.mp3",
        "",
    ],
)
def test_other_schemes_and_hosts_are_refused(url: str) -> None:
    """Hosts that look alike and malformed addresses are refused as well."""
    _refused(url, ".telphin.ru", "storage.telphin.ru")


@pytest.mark.parametrize("url", ["http://10.0.0.1/a.mp3", "https://evil.example/a.mp3", "http://169.254.169.254/"])
def test_loopback_allows_no_other_address(url: str) -> None:
    """The setting of the local stack is for the machine itself."""
    _refused(url, loopback=True)


def test_the_target_of_a_redirect_is_checked() -> None:
    """An allowed host cannot redirect to a forbidden address, nor for ever."""
    with provider() as (url, seen, _):
        assert "169.254.169.254" in _refused(f"{url}/files/inward-1", loopback=True)
        assert "redirects" in _refused(f"{url}/files/round-1", loopback=True)
        assert seen["/files/round-1"] == downloads.REDIRECTS + 1


def test_a_token_is_sent_to_its_host_only() -> None:
    """The target of a redirect does not get it."""
    with provider() as (first, _, moods), provider() as (second, _, others):
        moods.elsewhere = f"{second}/files/good"
        into = io.BytesIO()
        rules = Rules((), LIMIT, 5, loopback=True)
        assert downloads.fetch(f"{first}/files/away-1", into, rules, {"Authorization": "Bearer t"}) == len(SOUND)
        assert into.getvalue() == SOUND
        assert (moods.tokens, others.tokens) == (["Bearer t"], [None])


def test_a_path_is_encoded_once() -> None:
    """Non-ASCII letters and blanks are encoded, existing escapes are kept."""
    with provider() as (url, seen, _):
        downloads.fetch(f"{url}/files/good запись%20a?b=c d", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})
        assert list(seen) == ["/files/good%20%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C%20a?b=c%20d"]


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> list[str]:
    """Resolve names to these addresses, one answer after the other; return the names that were resolved."""
    names: list[str] = []
    system = socket.getaddrinfo

    def resolve(name: str, port: int | None, *rest: Any, **options: Any) -> list[Any]:
        if name[0].isdigit():
            return system(name, port, *rest, **options)
        names.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(names) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


def test_a_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked, even when the name changes its address."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        asked = _resolve_to(monkeypatch, ("127.0.0.1",), ("169.254.169.254",))
        assert downloads.fetch(f"{named}/files/good", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0
        assert asked == ["localhost"]


def test_a_name_that_changes_between_redirects_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each redirect is checked, and one private address is enough to refuse the name."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        _resolve_to(monkeypatch, ("127.0.0.1",), ("127.0.0.1", "10.0.0.1"))
        with pytest.raises(DownloadRefused, match="public internet"):
            downloads.fetch(f"{named}/files/onward-1", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with several addresses is reached although one of them does not answer."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        _resolve_to(monkeypatch, ("127.0.0.2", "127.0.0.1"))
        assert downloads.fetch(f"{named}/files/good", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0


def test_the_limit_counts_before_the_connection_is_made() -> None:
    """A slow redirect leaves the next host no time."""
    with provider() as (url, _, _moods), pytest.raises(DownloadFailed, match="longer than 0 seconds"):
        downloads.fetch(f"{url}/files/drip-1", io.BytesIO(), Rules((), LIMIT, 0, loopback=True), {})


def test_a_redirect_may_have_non_ascii_letters() -> None:
    """They are read as UTF-8, as browsers do; a malformed address is refused."""
    with provider() as (url, seen, _):
        assert downloads.fetch(f"{url}/files/letters-1", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0
        assert "/files/good%20%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C" in seen
        assert "address" in _refused(f"{url}/files/nowhere-1", loopback=True)


def test_a_server_that_is_away_is_not_refused() -> None:
    """A later attempt may reach it."""
    with pytest.raises(DownloadFailed):
        downloads.fetch("http://127.0.0.1:1/a", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})

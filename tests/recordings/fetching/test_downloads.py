"""Where files are never fetched from, whatever a provider says."""

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
def test_an_address_of_our_own_network_is_refused(address: str) -> None:
    """Even where the settings name it as a host."""
    assert "public internet" in _refused(f"https://{address}/a.mp3", address)


@pytest.mark.parametrize("address", SIXES)
def test_so_is_one_of_the_newer_protocol(address: str) -> None:
    """Those that stand for an older address too."""
    assert "public internet" in _refused(f"https://[{address}]/a.mp3", address)


def test_a_name_that_leads_to_us_is_refused() -> None:
    """The addresses behind a name are what counts."""
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
def test_only_https_to_configured_hosts(url: str) -> None:
    """Other schemes, hosts that merely look alike, and what is no address."""
    _refused(url, ".telphin.ru", "storage.telphin.ru")


@pytest.mark.parametrize("url", ["http://10.0.0.1/a.mp3", "https://evil.example/a.mp3", "http://169.254.169.254/"])
def test_loopback_opens_nothing_else(url: str) -> None:
    """The local stack's setting is for the machine itself."""
    _refused(url, loopback=True)


def test_a_redirect_is_checked_like_an_address() -> None:
    """A host that may be asked cannot send us where nobody may."""
    with provider() as (url, seen, _):
        assert "169.254.169.254" in _refused(f"{url}/files/inward-1", loopback=True)
        assert "redirects" in _refused(f"{url}/files/round-1", loopback=True)
        assert seen["/files/round-1"] == downloads.REDIRECTS + 1


def test_a_token_stays_with_its_host() -> None:
    """Another host that we are sent to does not see it."""
    with provider() as (first, _, moods), provider() as (second, _, others):
        moods.elsewhere = f"{second}/files/good"
        into = io.BytesIO()
        rules = Rules((), LIMIT, 5, loopback=True)
        assert downloads.fetch(f"{first}/files/away-1", into, rules, {"Authorization": "Bearer t"}) == len(SOUND)
        assert into.getvalue() == SOUND
        assert (moods.tokens, others.tokens) == (["Bearer t"], [None])


def test_a_path_is_sent_as_it_was_meant() -> None:
    """Letters beyond ASCII and blanks are encoded once, what is encoded already is left alone."""
    with provider() as (url, seen, _):
        downloads.fetch(f"{url}/files/good запись%20a?b=c d", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})
        assert list(seen) == ["/files/good%20%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C%20a?b=c%20d"]


def _led(monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, ...]) -> list[str]:
    """Let names lead to these addresses, one answer after the other; the names that were asked for."""
    asked: list[str] = []
    system = socket.getaddrinfo

    def lead(name: str, port: int | None, *rest: Any, **options: Any) -> list[Any]:
        if name[0].isdigit():
            return system(name, port, *rest, **options)
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answers[len(asked) - 1]]

    monkeypatch.setattr(socket, "getaddrinfo", lead)
    return asked


def test_a_name_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked; where the name leads a moment later does not matter."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        asked = _led(monkeypatch, ("127.0.0.1",), ("169.254.169.254",))
        assert downloads.fetch(f"{named}/files/good", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0
        assert asked == ["localhost"]


def test_a_name_that_changes_between_redirects_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each hop is checked anew, and one address inside is enough to refuse all of them."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        _led(monkeypatch, ("127.0.0.1",), ("127.0.0.1", "10.0.0.1"))
        with pytest.raises(DownloadRefused, match="public internet"):
            downloads.fetch(f"{named}/files/onward-1", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with several addresses is reached though one of them is dead."""
    with provider() as (url, _, _moods):
        named = url.replace("127.0.0.1", "localhost")
        _led(monkeypatch, ("127.0.0.2", "127.0.0.1"))
        assert downloads.fetch(f"{named}/files/good", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0


def test_a_time_that_is_over_before_the_connection_stands_ends_it_too() -> None:
    """A slow redirect leaves the next host no time, and that host cannot take it."""
    with provider() as (url, _, _moods), pytest.raises(DownloadFailed, match="longer than 0 seconds"):
        downloads.fetch(f"{url}/files/drip-1", io.BytesIO(), Rules((), LIMIT, 0, loopback=True), {})


def test_a_redirect_may_lead_to_letters() -> None:
    """Bytes beyond ASCII in it are UTF-8, as browsers take them; and what is no address is refused."""
    with provider() as (url, seen, _):
        assert downloads.fetch(f"{url}/files/letters-1", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {}) > 0
        assert "/files/good%20%D0%B7%D0%B0%D0%BF%D0%B8%D1%81%D1%8C" in seen
        assert "address" in _refused(f"{url}/files/nowhere-1", loopback=True)


def test_a_server_that_is_not_there_is_no_refusal() -> None:
    """It may be there later."""
    with pytest.raises(DownloadFailed):
        downloads.fetch("http://127.0.0.1:1/a", io.BytesIO(), Rules((), LIMIT, 5, loopback=True), {})

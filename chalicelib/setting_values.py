"""Readers of the values of settings: each returns a value of its type, or raises ValueError or Misconfigured."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chalicelib.errors import Misconfigured

# A generation is one byte of a key.
LAST_GENERATION = 255
SECRET_LENGTH = 32


def words(text: str) -> tuple[str, ...]:
    """Read words that are separated by blanks or commas."""
    return tuple(text.replace(",", " ").split())


def positive(text: str) -> int:
    """Read a whole number above zero."""
    number = int(text)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def whole(text: str) -> int:
    """Read a whole number that is zero or more."""
    number = int(text)
    if number < 0:
        raise Misconfigured(f"A number of months is 0 or more, not {text}")
    return number


def total(text: str) -> int:
    """Read `40 20`, the numbers of several users of one limit, as their sum."""
    return sum(map(positive, words(text)))


def yes(text: str) -> bool:
    """Read `yes` or `no`."""
    if text.lower() not in {"0", "1", "no", "yes"}:
        raise Misconfigured(f"A setting that is yes or no cannot be {text!r}")
    return text.lower() in {"1", "yes"}


def zone(text: str) -> ZoneInfo:
    """Read the name of a time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misconfigured(f"A time zone is named as America/Caracas is, not {text!r}") from None


def networks(text: str) -> tuple[str, ...]:
    """Read networks such as 10.0.0.0/8."""
    from ipaddress import ip_network  # noqa: PLC0415 - loaded only where the setting is used

    listed = words(text)
    try:
        known = [ip_network(word) for word in listed]
    except ValueError as fault:
        raise Misconfigured(f"Networks are written as 10.0.0.0/8 192.168.0.0/16: {fault}") from None
    if any(network.prefixlen == 0 for network in known):
        raise Misconfigured("A network of all addresses is no restriction")
    return listed


def language(text: str) -> str:
    """Read `ru` or `en`."""
    if text not in {"ru", "en"}:
        raise Misconfigured(f"A language is ru or en, not {text!r}")
    return text


def base_url(text: str) -> str:
    """Read an address without the slash at its end."""
    return text.rstrip("/")


def generations(variable: str, text: str) -> tuple[tuple[int, str], ...]:
    """Read `2:newest 1:older`: a secret that is too short to keep, or a number that is too large, is refused."""
    parsed = [_generation(word) for word in words(text)]
    numbers = {pair[0] for pair in parsed if pair}
    if None in parsed or len(numbers) != len(parsed):
        raise Misconfigured(
            f"{variable} must be pairs generation:secret, the newest first; generations are different numbers up"
            f" to {LAST_GENERATION}, secrets have {SECRET_LENGTH} characters or more"
        )
    return tuple(pair for pair in parsed if pair)


def _generation(word: str) -> tuple[int, str] | None:
    """Read `2:secret`; return None where a part of it is wrong."""
    number, _, secret = word.partition(":")
    is_number = number.isascii() and number.isdigit() and int(number) <= LAST_GENERATION
    return (int(number), secret) if is_number and len(secret) >= SECRET_LENGTH else None


def pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read `name=value name=value`; names are kept in lower case."""
    parsed = tuple((name.lower(), value) for name, _, value in (word.partition("=") for word in words(text)))
    if not all(name and value for name, value in parsed):
        raise Misconfigured(f"A setting of pairs is written name=value name=value, not {text!r}")
    return parsed

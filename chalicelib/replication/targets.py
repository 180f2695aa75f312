"""The CRM, the sources of its calls and the rules for numbers, as the settings define them."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from chalicelib.errors import Misconfigured
from chalicelib.nimbox.client import Service
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import links
from chalicelib.replication import cdr, number_rules
from chalicelib.replication.cdr import Asterisk, Cdr
from chalicelib.replication.sources import CallSource, OwnCalls
from chalicelib.settings import Settings

SOURCES = (OwnCalls.name, Cdr.name)
# A request must end well before its claim expires, and within the time that a Lambda reserves at its end.
LONGEST_ANSWER_SECONDS = 25


def configured(settings: Settings) -> bool:
    """Return whether the settings name a CRM."""
    return bool(settings.crm_url)


def check(settings: Settings) -> None:
    """Check the settings before anything is read or sent. Raise Misconfigured."""
    service(settings)
    number_rules.rules(settings.replication_numbers)
    if settings.crm_seconds > LONGEST_ANSWER_SECONDS:
        raise Misconfigured(f"CRM_SECONDS is at most {LONGEST_ANSWER_SECONDS}")
    _check_sources(settings)


def _check_sources(settings: Settings) -> None:
    unknown = set(settings.replication_sources) - set(SOURCES)
    if unknown or not settings.replication_sources:
        raise Misconfigured(f"REPLICATION_SOURCES are of {', '.join(SOURCES)}, not {', '.join(sorted(unknown))}")
    if OwnCalls.name in settings.replication_sources and _place(settings.crm_url) == _place(settings.public_url):
        raise Misconfigured("CRM_URL is PUBLIC_URL: each call would become a second call of the same Ringledger")
    if Cdr.name in settings.replication_sources and not settings.cdr_url:
        raise Misconfigured("CDR_URL is not set: mysql://user:password@host/asterisk, or postgresql://…")
    if settings.cdr_unanswered not in cdr.UNANSWERED:
        raise Misconfigured(f"CDR_UNANSWERED is one of {', '.join(cdr.UNANSWERED)}, not {settings.cdr_unanswered!r}")


def _place(url: str) -> tuple[str, int | None]:
    place = urlsplit(url)
    return place.hostname or "", place.port or {"http": 80, "https": 443}.get(place.scheme)


def name(settings: Settings) -> str:
    """Return the CRM's name in the ledger: CRM_NAME, or its host. Raise Misconfigured if there is no CRM."""
    if not configured(settings):
        raise Misconfigured("CRM_URL is not set: the address of the CRM that calls go to, and CRM_TOKEN its token")
    return settings.crm_name or urlsplit(settings.crm_url).netloc.rpartition("@")[2]


def service(settings: Settings) -> Service:
    """Return the CRM's service. Raise Misconfigured if its address or its token is missing."""
    name(settings)
    if not settings.crm_token:
        raise Misconfigured("CRM_TOKEN is not set: the token that the CRM gave for its service of phone calls")
    return Service(
        settings.crm_url,
        settings.crm_token,
        settings.crm_user,
        settings.crm_password,
        settings.crm_connections,
        settings.crm_rate,
        settings.crm_seconds,
    )


def source(reader: Connection, settings: Settings, origin: str) -> CallSource:
    """Return the source named `origin`. Raise Misconfigured if the settings do not list it any more."""
    check(settings)
    rule = number_rules.rules(settings.replication_numbers)
    if origin not in settings.replication_sources:
        raise Misconfigured(f"{origin} is no longer one of REPLICATION_SOURCES")
    if origin == OwnCalls.name:
        return OwnCalls(reader, rule, lambda call: _link(settings, call), unanswered=settings.replication_unanswered)
    return cdr_table(settings)


def cdr_table(settings: Settings) -> Cdr:
    """Return the Asterisk's table. Raise Misconfigured if the settings name none."""
    if not settings.cdr_url:
        raise Misconfigured("CDR_URL is not set: mysql://user:password@host/asterisk, or postgresql://…")
    zone = settings.cdr_zone or settings.site_zone
    rule = number_rules.rules(settings.replication_numbers)
    asterisk = Asterisk(settings.cdr_url, settings.cdr_table, zone, settings.cdr_link, settings.cdr_unanswered)
    return Cdr(asterisk, rule)


def _link(settings: Settings, call: UUID) -> str:
    # Without a public address there are no links, and calls are sent without one.
    if not (settings.public_url and settings.link_secrets):
        return ""
    return links.recording_url(settings.public_url, settings.link_secrets, call)

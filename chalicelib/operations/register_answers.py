"""The answers about registers as pydantic models."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from chalicelib.operations.operator_answers import Moment
from chalicelib.platform.models import DeferredModel


class ExtensionLine(DeferredModel):
    """An extension without its address, which is a secret and asked for one at a time."""

    id: int
    provider: str
    client: str
    name: str
    type: str
    owner: str
    external_only: bool
    remote_id: str
    agent_id: str
    trunks: str = Field(description="a whole PBX's lines to the outside")
    events: list[str] = Field(description="the events that `extension subscribe` ordered at the provider")
    mistyped: bool = Field(description="it sends what IVRs and queues alone send")
    created_at: Moment
    revoked_at: Moment | None


class ExtensionsAnswer(DeferredModel):
    """All extensions."""

    extensions: list[ExtensionLine]


class AddressAnswer(DeferredModel):
    """The address that the PBX of an extension posts to. Whoever knows it can post in its name."""

    id: int
    name: str
    url: str


class TokenLine(DeferredModel):
    """A token without its value."""

    name: str
    scopes: list[str]
    scripts: list[str]
    networks: list[str]
    created_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class TokensAnswer(DeferredModel):
    """All tokens."""

    tokens: list[TokenLine]


class UsersAnswer(DeferredModel):
    """The directory of users."""

    users: list[dict[str, Any]]


class ContactsAnswer(DeferredModel):
    """Contacts, their numbers, and how many phone calls they have."""

    contacts: list[dict[str, Any]]


class ContactCallsAnswer(DeferredModel):
    """The newest phone calls of a contact."""

    calls: list[dict[str, Any]]


class FaxLine(DeferredModel):
    """A received fax without its code, by which clients download it."""

    id: str
    name: str
    content_type: str
    added_at: Moment


class FaxesAnswer(DeferredModel):
    """The faxes that were added last."""

    faxes: list[FaxLine]


class RetiredMonthLine(DeferredModel):
    """A month whose retention is over: what the archive has of it, and whether the database still has it."""

    kind: str = Field(description="calls or events")
    month: str = Field(examples=["2024-01"])
    state: str = Field(description="closed, archived, retired, restoring or restored")
    rows: int | None
    files: int | None
    bytes: int | None
    closed_at: Moment
    archived_at: Moment | None
    retired_at: Moment | None
    kept_until: Moment | None = Field(description="when a restored month leaves the database again")


class ArchiveAnswer(DeferredModel):
    """The months whose retention is over."""

    months: list[RetiredMonthLine]


class PhonecallsAnswer(DeferredModel):
    """The phone-call service: the integrations with their calls, what they deleted, and refused numbers."""

    owners: list[dict[str, Any]]
    deletions: list[dict[str, Any]]
    rejected: list[dict[str, Any]]

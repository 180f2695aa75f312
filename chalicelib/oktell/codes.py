"""`getrecordlink` and `getfaxlinks`, which Oktell does not have: the codes that its web socket passes to clients."""

from __future__ import annotations

from uuid import UUID

from chalicelib.edge import Answer
from chalicelib.errors import Forbidden
from chalicelib.oktell import answers, command_parameters, fax_list
from chalicelib.oktell.refusals import CodesDenied, NotFound
from chalicelib.oktell.request import Command, CommandRequest
from chalicelib.platform.postgres import connection
from chalicelib.recordings import links, lookup
from chalicelib.recordings.access import SCOPE, check_link
from chalicelib.recordings.lookup import Recording

FAXES_LIMIT = 100


def record_link(request: CommandRequest) -> Answer:
    """Return the code of a call's recording, for `download/rec` and `downloadrecordbylink`, and the recording's state.

    The id is that of a call in the tables, or a `commutationid` or `chainid` of `wp_getchaincontent`. Raise
    CodesDenied, InvalidParameter, and NotFound if no such call was recorded.
    """
    _check_scope(request)
    inviteid = command_parameters.RecordLinkParameters.of(request).inviteid
    found = lookup.find(connection(request.settings.gate_database_url), inviteid)
    if not found.is_known or (found.state == "none" and not found.is_recorded):
        raise NotFound(f"The call {inviteid} is unknown, still goes on, or was not recorded")
    try:
        check_link(found.links_revoked)
    except Forbidden as fault:
        raise CodesDenied(fault.message) from None
    code = links.call_code(request.settings.link_secrets, inviteid)
    return answers.structure({"inviteid": str(inviteid), "recordlink": code, "state": _state(found)})


def fax_links(request: CommandRequest) -> Answer:
    """Return the newest faxes, FAXES_LIMIT at most, each with its code for `download/fax`: those since `since`, or all.

    Raise CodesDenied and InvalidParameter.
    """
    _check_scope(request)
    since = command_parameters.FaxLinksParameters.of(request).since
    listed = [
        {
            "faxlink": links.call_code(request.settings.link_secrets, UUID(fax.id)),
            "name": fax.name,
            "type": fax.content_type,
            "addedat": fax.added_at.isoformat(timespec="seconds"),
        }
        for fax in fax_list.newest(request.database, since, FAXES_LIMIT)
    ]
    return answers.structure({"faxes": listed})


def _state(found: Recording) -> str:
    """Return the recorder's state of the recording. A PBX that writes rows itself has no recorder."""
    if found.deleted:
        return "deleted"
    return "ready" if found.path else found.state


def _check_scope(request: CommandRequest) -> None:
    # A code opens a recording without any token of the recordings' own surface.
    if request.token is None or SCOPE not in request.token.scopes:
        raise CodesDenied(f"Codes of recordings and faxes need a token with the scope {SCOPE}, too")


COMMANDS: dict[str, Command] = {"getrecordlink": record_link, "getfaxlinks": fax_links}

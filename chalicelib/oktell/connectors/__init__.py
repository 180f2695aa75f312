"""The connectors to a PBX. The first connector that can execute the order of a `wp_` command does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.errors import Misconfigured
from chalicelib.oktell.connectors.orders import CannotDo, Connector, Done, Order
from chalicelib.oktell.connectors.queue import Queue
from chalicelib.oktell.refusals import NotConnected
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings


def _queue(settings: Settings, _database: Connection) -> Connector:
    return Queue(settings)


def _server(settings: Settings, _database: Connection) -> Connector:
    from chalicelib.oktell.connectors.server import Server  # noqa: PLC0415 - loaded only if it is used

    return Server(settings)


def _telphin(settings: Settings, database: Connection) -> Connector:
    from chalicelib.oktell.connectors.telphin_api import TelphinConnector  # noqa: PLC0415 - as above

    return TelphinConnector(settings, database)


#: The connectors by their names in the setting CALL_CONTROL.
CONNECTORS: dict[str, Callable[[Settings, Connection], Connector]] = {
    "queue": _queue,
    "oktell": _server,
    "telphin": _telphin,
}


def carry_out(order: Order, settings: Settings, database: Connection) -> tuple[str, Done]:
    """Execute an order with the first connector that can. Return its name and its result.

    Raise NotConnected if none can, Misconfigured for an unknown connector, and the errors of the connector.
    """
    for name, connector in _chosen(settings, database):
        try:
            return name, connector.do(order)
        except CannotDo:
            continue
    raise NotConnected(
        f"{order.command} cannot be done: none of the connectors in CALL_CONTROL"
        f" ({' '.join(settings.call_control) or 'which is empty'}) can do it for this line"
    )


def _chosen(settings: Settings, database: Connection) -> Iterator[tuple[str, Connector]]:
    for name in settings.call_control:
        if name not in CONNECTORS:
            raise Misconfigured(f"CALL_CONTROL names {name!r}; there are {', '.join(CONNECTORS)}")
        yield name, CONNECTORS[name](settings, database)

"""The connectors to PBXs. The first one that is able to carry out an order does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chalicelib.errors import Misconfigured
from chalicelib.oktell.connectors.orders import CannotDo, Connector, Order, OrderResult
from chalicelib.oktell.connectors.queue import Queue
from chalicelib.oktell.refusals import NotConnected
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings


def _queue(settings: Settings, database: Connection) -> Connector:
    return Queue(settings, database)


def _server(settings: Settings, _database: Connection) -> Connector:
    from chalicelib.oktell.connectors.server import Server  # noqa: PLC0415 - loaded only where it is configured

    return Server(settings)


def _telphin(settings: Settings, database: Connection) -> Connector:
    from chalicelib.oktell.connectors.telphin_api import TelphinConnector  # noqa: PLC0415 - as above

    return TelphinConnector(settings, database)


#: A name in the setting CALL_CONTROL -> its connector.
CONNECTORS: dict[str, Callable[[Settings, Connection], Connector]] = {
    "queue": _queue,
    "oktell": _server,
    "telphin": _telphin,
}


def carry_out(order: Order, settings: Settings, database: Connection) -> tuple[str, OrderResult]:
    """Pass the order to the first connector that is able to carry it out. Return the connector's name and its result.

    Raise NotConnected if there is none, Misconfigured for an unknown name in CALL_CONTROL, and the connector's errors.
    """
    for name, connector in _configured(settings, database):
        try:
            return name, connector.do(order)
        except CannotDo:
            continue
    raise NotConnected(
        f"{order.command} is not possible: no connector in CALL_CONTROL"
        f" ({' '.join(settings.call_control) or 'which is empty'}) supports it for this line"
    )


def _configured(settings: Settings, database: Connection) -> Iterator[tuple[str, Connector]]:
    for name in settings.call_control:
        if name not in CONNECTORS:
            raise Misconfigured(f"CALL_CONTROL has {name!r}; the connectors are {', '.join(CONNECTORS)}")
        yield name, CONNECTORS[name](settings, database)

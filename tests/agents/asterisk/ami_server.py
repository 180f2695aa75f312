"""A small PBX that speaks AMI over TCP: it checks the login, records actions, and answers as Asterisk does."""

from __future__ import annotations

import socket
import socketserver
import threading
from typing import Any

USERNAME, SECRET = "ringledger", "ami-secret"
Fields = dict[str, str]


class AmiServer:
    """The PBX: `channels` are its calls, `refusals` its errors by action, `reason` the result of originated calls."""

    def __init__(self, port: int = 0) -> None:
        """Listen on loopback."""
        self.actions: list[Fields] = []
        self.channels: list[Fields] = []
        self.refusals: dict[str, str] = {}
        self.reason = "4"
        self.logins = 0
        self._connections: list[socket.socket] = []
        self._listeners: list[_Handler] = []
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.pbx = self
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def named(self, action: str) -> list[Fields]:
        """Return the actions of this name."""
        return [fields for fields in self.actions if fields["Action"] == action]

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection."""
        self._connections.append(connection)

    def listens(self, listener: _Handler) -> None:
        """Send events to a connection that is logged in."""
        self._listeners.append(listener)

    def tell(self, event: str, fields: Fields) -> bool:
        """Send an event to those who are logged in, and return False if there are none."""
        for listener in list(self._listeners):
            try:
                listener.send({"Event": event, "Privilege": "call,all", **fields})
            except OSError:
                self._listeners.remove(listener)
        return bool(self._listeners)

    def drop(self) -> None:
        """Close every connection, as a restart of the PBX does."""
        self._listeners.clear()
        while self._connections:
            connection = self._connections.pop()
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def stop(self) -> None:
        """Stop listening, and close every connection."""
        self._server.shutdown()
        self._server.server_close()
        self.drop()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    pbx: AmiServer


class _Handler(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        """Serve one connection."""
        self._pbx: AmiServer = self.server.pbx
        self._pbx.opened(self.request)
        self._is_known = False
        self.wfile.write(b"Asterisk Call Manager/7.0.3\r\n")
        while (fields := self._read()) is not None:
            self._pbx.actions.append(fields)
            self._answer(fields)

    def _read(self) -> Fields | None:
        fields: Fields = {}
        for line in iter(self.rfile.readline, b""):
            if not line.strip():
                return fields
            name, _, value = line.decode().partition(":")
            fields[name.strip()] = value.strip()
        return None

    def _send(self, **fields: str) -> None:
        self.send(fields)

    def send(self, fields: Fields) -> None:
        """Send a message."""
        text = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.wfile.write(f"{text}\r\n".encode())

    def _answer(self, fields: Fields) -> None:
        action, identity = fields["Action"], fields["ActionID"]
        if action == "Login":
            self._is_known = (fields["Username"], fields["Secret"]) == (USERNAME, SECRET)
            self._pbx.logins += self._is_known
        has_just_come = action == "Login" and self._is_known
        if not self._is_known:
            self._send(Response="Error", ActionID=identity, Message="Authentication failed")
        elif action in self._pbx.refusals:
            self._send(Response="Error", ActionID=identity, Message=self._pbx.refusals[action])
        else:
            # An event of a call comes between an action and its answer.
            self._send(Event="Newstate", Channel="PJSIP/1-1")
            self._send(Response="Success", ActionID=identity, Message="ok")
            self._follow(action, identity)
        if has_just_come:
            self._pbx.listens(self)

    def _follow(self, action: str, identity: str) -> None:
        if action == "CoreShowChannels":
            for channel in self._pbx.channels:
                self._send(Event="CoreShowChannel", ActionID=identity, **channel)
            self._send(Event="CoreShowChannelsComplete", ActionID=identity, EventList="Complete")
        if action == "Originate":
            response = "Success" if self._pbx.reason == "4" else "Failure"
            self._send(Event="OriginateResponse", ActionID=identity, Response=response, Reason=self._pbx.reason)

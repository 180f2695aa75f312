"""Random access to a file of any size, with one block of it in memory."""

from __future__ import annotations

from typing import BinaryIO

from chalicelib.errors import RingledgerError

BLOCK_BYTES = 1 << 16


class NotARecording(RingledgerError):
    """The file is not a recording that can be played."""

    code = "not-a-recording"


class CutOff(NotARecording):
    """The file is a recording, but it ends too early."""

    code = "recording-cut-off"

    def __init__(self, size: int, expected: int = 0) -> None:
        """State the `size` in bytes, and how many bytes are `expected` at least, where that is known."""
        needed = f" and needs at least {expected}" if expected else ""
        super().__init__(f"The recording is cut off: it has {size} bytes{needed}")


class Content:
    """The bytes of a file. `size` is their number."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, 2)
        self._begin = 0
        self._block = b""

    def read(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, fewer at the end of the file; `count` is at most BLOCK_BYTES."""
        begin = offset - self._begin
        if begin < 0 or begin + count > len(self._block):
            self._file.seek(offset)
            self._begin, self._block, begin = offset, self._file.read(BLOCK_BYTES), 0
        return self._block[begin : begin + count]

    def number(self, offset: int, count: int, byteorder: str = "big") -> int:
        """Return the unsigned number of `count` bytes at `offset`. Raises CutOff where the file ends before."""
        self.require(offset + count)
        return int.from_bytes(self.read(offset, count), "little" if byteorder == "little" else "big")

    def require(self, end: int) -> None:
        """Raise CutOff when the file ends before the offset `end`."""
        if end > self.size:
            raise CutOff(self.size, end)

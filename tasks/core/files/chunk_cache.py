"""The pieces of a file that were used last, as many as fit."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray


class ChunkCache:
    """Arrays by number, of which those used longest ago make room for others.

    Attributes:
        limit_bytes: Most memory that the arrays may take together [bytes]; 0 keeps none.
        used_bytes: Memory that they take [bytes].
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes, self.used_bytes = limit_bytes, 0
        self._chunks: OrderedDict[int, NDArray[Any]] = OrderedDict()

    def get(self, number: int, load: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return an array; it is loaded where it is not here.

        Args:
            number: Number of the array.
            load: Called without arguments for an array that is not here.
        """
        if number in self._chunks:
            self._chunks.move_to_end(number)
            return self._chunks[number]
        chunk = load()
        if chunk.nbytes <= self.limit_bytes:
            while self.used_bytes + chunk.nbytes > self.limit_bytes:
                self.used_bytes -= self._chunks.popitem(last=False)[1].nbytes
            self._chunks[number] = chunk
            self.used_bytes += chunk.nbytes
        return chunk

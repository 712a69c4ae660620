"""The files of a hub as the checks read them: nothing is trusted, every fault names the file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.report.records.record_model import Record, Text, checked

RUN_AGAIN = "Run the same command again: what is missing or damaged is made anew."
REPORT_AGAIN = "Make the reports again with --report-only."
SHOWN_FAULTS = 5

Model = TypeVar("Model", bound=BaseModel)


class Validation(Record):
    """One thing that was checked: whether it holds, what was found, and the cure of a fault."""

    name: Text
    valid: bool
    detail: Text


@dataclass
class HubFiles:
    """A hub to check; a record of a stage, or the inventory, confirms hashes of `vouched` files."""

    root: Path
    vouched: set[str] = field(default_factory=set)
    _hashes: dict[str, str] = field(default_factory=dict)

    def hash_fault(self, relative: str, size_bytes: int, sha256: str) -> str | None:
        """Return why a file is not the one that was recorded; vouch for it if it is."""
        path = self.root / relative
        if not path.is_file():
            return f"{relative} is missing"
        size = path.stat().st_size
        if size != size_bytes:
            return f"{relative} has {size} bytes, {size_bytes} were recorded"
        if relative not in self._hashes:
            self._hashes[relative] = sha256_of(path)
        found = self._hashes[relative]
        if found != sha256:
            return f"{relative} was changed: SHA-256 {found[:12]}..., recorded {sha256[:12]}..."
        self.vouched.add(relative)
        return None

    def record(self, relative: str, model: type[Model], cure: str = RUN_AGAIN) -> Model:
        """Read JSON as its model has it; raises ValueError, which names the file, if it is none."""
        return checked(model, read_json(self._present(relative)), relative, cure)

    def valid_json(self, relative: str, model: type[BaseModel]) -> Any:
        """Read JSON as `record`, with the keys that the model does not know."""
        content = read_json(self._present(relative))
        checked(model, content, relative, RUN_AGAIN)
        return content

    def text(self, relative: str) -> str:
        """Read a text, byte by byte; raises ValueError if it is missing or not UTF-8."""
        try:
            return self._present(relative).read_bytes().decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"{relative} is not text ({error}). {RUN_AGAIN}") from error

    def check(
        self, name: str, faults: Iterable[str], good: str, cure: str = RUN_AGAIN
    ) -> Validation:
        """Run a check; whatever stops it is a finding.

        Faults are sentences without a full stop, or raise; nothing is read before they are asked
        for.
        """
        try:
            sentences = list(faults)
            shown = sentences[:SHOWN_FAULTS]
            shown += [f"and {len(sentences) - len(shown)} more"] * (len(sentences) > len(shown))
            found = f"{'; '.join(shown)}. {cure}" if sentences else None
        except (ValueError, OSError) as error:
            found = str(error) or f"it cannot be checked. {cure}"
        except Exception as error:  # noqa: BLE001 - what cannot be checked does not hold
            found = f"it cannot be checked ({type(error).__name__}: {error}). {cure}"
        if found is None:
            return Validation(name=name, valid=True, detail=good)
        for place in {str(self.root), str(self.root.absolute()), str(self.root.resolve())}:
            found = found.replace(f"{place}/", "").replace(place, "the hub")
        return Validation(name=name, valid=False, detail=found)

    def _present(self, relative: str) -> Path:
        path = self.root / relative
        if not path.is_file():
            raise ValueError(f"{relative} is missing. {RUN_AGAIN}")
        return path

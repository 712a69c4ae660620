"""The files of a hub as the checks read them: nothing is trusted, every fault names the file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.core.study.hub_layout import PLAN
from tasks.report.records.schema_files import schema_faults

RUN_AGAIN = "Run the same command again: what is missing or damaged is made anew."
REPORT_AGAIN = "Make the reports again with --report-only."
SHOWN_FAULTS = 5


@dataclass(frozen=True)
class Validation:
    """One thing that was checked.

    Attributes:
        name: What was checked.
        valid: Whether it holds.
        detail: What was found, and the cure where it does not hold.
    """

    name: str
    valid: bool
    detail: str


@dataclass
class HubFiles:
    """A hub to check, with what was read of it.

    Attributes:
        root: The hub.
        vouched: Files whose hash a record of a stage or the inventory confirms.
    """

    root: Path
    vouched: set[str] = field(default_factory=set)
    _hashes: dict[str, str] = field(default_factory=dict)
    _judged: dict[str, tuple[Any, list[str]]] = field(default_factory=dict)

    def sha256(self, relative: str) -> str | None:
        """Return the hash of a file, computed once; None if it is not there."""
        path = self.root / relative
        if not path.is_file():
            return None
        if relative not in self._hashes:
            self._hashes[relative] = sha256_of(path)
        return self._hashes[relative]

    def hash_fault(self, relative: str, size_bytes: int, sha256: str) -> str | None:
        """Return why a file is not the one that was recorded; vouch for it if it is."""
        found = self.sha256(relative)
        if found is None:
            return f"{relative} is missing"
        size = (self.root / relative).stat().st_size
        if size != size_bytes:
            return f"{relative} has {size} bytes, {size_bytes} were recorded"
        if found != sha256:
            return f"{relative} was changed: SHA-256 {found[:12]}..., recorded {sha256[:12]}..."
        self.vouched.add(relative)
        return None

    def json(self, relative: str) -> Any:
        """Read JSON.

        Raises:
            ValueError: If it is missing or not JSON; the message names it relative to the hub.
        """
        if not (self.root / relative).is_file():
            raise ValueError(f"{relative} is missing. {RUN_AGAIN}")
        return read_json(self.root / relative)

    def text(self, relative: str) -> str:
        """Read a text.

        Raises:
            ValueError: If it is missing or not UTF-8; the message names it.
        """
        path = self.root / relative
        if not path.is_file():
            raise ValueError(f"{relative} is missing. {RUN_AGAIN}")
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{relative} is not text ({error}). {RUN_AGAIN}") from error

    def judged_json(self, relative: str, schema: str) -> tuple[Any, list[str]]:
        """Read JSON, once; return it with what its schema has against it.

        Raises:
            ValueError: If it is missing or not JSON.
        """
        if relative not in self._judged:
            content = self.json(relative)
            self._judged[relative] = content, schema_faults(schema, content)
        return self._judged[relative]

    def valid_json(self, relative: str, schema: str) -> Any:
        """Read JSON that its schema allows.

        Raises:
            ValueError: If it is missing, not JSON, or not as its schema wants it.
        """
        content, faults = self.judged_json(relative, schema)
        if faults:
            raise ValueError(
                f"{relative} does not fit its schema: {'; '.join(faults)}. {RUN_AGAIN}"
            )
        return content

    def planned_stages(self) -> list[dict[str, Any]]:
        """Return the stages of the plan.

        Raises:
            ValueError: If the plan is missing or not valid.
        """
        stages: list[dict[str, Any]] = self.valid_json(PLAN, "plan")["stages"]
        return stages

    def check(
        self, name: str, find_faults: Callable[[], Iterable[str]], good: str, cure: str = RUN_AGAIN
    ) -> Validation:
        """Run a check; whatever stops it is a finding.

        Args:
            name: What is checked.
            find_faults: Returns sentences without a full stop, or raises.
            good: What to say without a fault.
            cure: What to do about the faults.
        """
        try:
            faults = list(find_faults())
        except (ValueError, OSError) as error:
            return Validation(name, False, self._relative(str(error)))
        except Exception as error:  # noqa: BLE001 - what cannot be checked does not hold
            text = f"it cannot be checked ({type(error).__name__}: {error}). {cure}"
            return Validation(name, False, self._relative(text))
        if not faults:
            return Validation(name, True, good)
        shown = faults[:SHOWN_FAULTS]
        more = len(faults) - len(shown)
        shown += [f"and {more} more"] if more else []
        return Validation(name, False, self._relative(f"{'; '.join(shown)}. {cure}"))

    def _relative(self, text: str) -> str:
        """Return a text without the place of the hub on this machine."""
        for place in {str(self.root), str(self.root.absolute()), str(self.root.resolve())}:
            text = text.replace(f"{place}/", "").replace(place, "the hub")
        return text

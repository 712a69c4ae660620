"""What a hub holds besides numbers: its plan, its reports and its last attempt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import DELTA_SUMMARY, METRICS_SUMMARY, PLAN
from tasks.report.records.attempts import Attempt, last_attempt
from tasks.report.statistics.paired_scores import key_of


@dataclass(frozen=True)
class HubContents:
    """What is told of a hub; each part may be missing.

    Attributes:
        plan: Content of `plan.json`; empty where tables came from another program.
        summary: Content of `metrics_summary.json`.
        delta: Content of `metrics_delta_summary.json`.
        attempt: The last attempt.
    """

    plan: dict[str, Any]
    summary: dict[str, Any] | None
    delta: dict[str, Any] | None
    attempt: Attempt | None

    @classmethod
    def of(cls, hub: Path) -> "HubContents":
        """Read a hub.

        Raises:
            ValueError: If a file is not JSON, or holds no object.
        """
        return cls(
            _object(hub / PLAN) or {},
            _object(hub / METRICS_SUMMARY),
            _object(hub / DELTA_SUMMARY),
            last_attempt(hub),
        )

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the run, nested; empty where they are not known."""
        found = self.plan.get("parameters")
        return found if isinstance(found, dict) else {}

    @property
    def version(self) -> str | None:
        """Version of the software that ran; None where it is not known."""
        return self._text("versions", "phase-g")

    @property
    def commit(self) -> str | None:
        """Commit of the software that ran; None where it is not known."""
        return self._text("git", "commit")

    @property
    def publisher(self) -> str | None:
        """Who publishes the hub; None where the run was not told."""
        found = self.plan.get("publisher")
        return found if isinstance(found, str) and found else None

    @property
    def title(self) -> str:
        """What was run, in a few words."""
        jobs = (self.summary or {}).get("jobs", [])
        names = dict.fromkeys(
            f"{key.dose:g} photons per pattern, {key.view} view" for key in map(key_of, jobs)
        )
        return f"Phase G: {'; '.join(names)}" if names else "Phase G"

    def _text(self, group: str, name: str) -> str | None:
        found = self.plan.get(group)
        value = found.get(name) if isinstance(found, dict) else None
        return value if isinstance(value, str) else None


def leaves(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters flat, by names with dots, such as `probe.n_px`."""
    found: dict[str, Any] = {}
    for name, value in sorted(parameters.items()):
        if isinstance(value, dict):
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def _object(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must hold a JSON object, got {type(content).__name__}. It was edited or "
            f"damaged: delete it and run the same command again."
        )
    return content

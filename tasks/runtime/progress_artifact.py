"""How far a stage is, as a progress artifact in Prefect; it never fails a run."""

import logging
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

INTERVAL_S = 3.0
PERCENT = 100.0


class ProgressArtifact:
    """A progress artifact that is updated at most every few seconds, in the context of its task.

    The first time that Prefect refuses it a warning is logged, and it is left alone from then on.
    """

    def __init__(
        self,
        key: str,
        logger: "logging.Logger | logging.LoggerAdapter[Any]",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the artifact, inside of a task.

        Args:
            key: Its key, kebab-case.
            logger: Told if Prefect refuses it.
            clock: Returns the time [s], from any zero.
        """
        self._key, self._logger, self._clock = key, logger, clock
        self._updated_s = clock()
        self._artifact: UUID | None = None
        self._artifact = self._tried(
            create_progress_artifact, progress=0.0, key=key, description="starting"
        )

    def __call__(self, done: int, total: int, text: str) -> None:
        """Take note of `done` of `total` steps."""
        now_s = self._clock()
        if now_s - self._updated_s >= INTERVAL_S:
            self._updated_s = now_s
            self._update(PERCENT * done / max(1, total), text)

    def finish(self, text: str) -> None:
        """Take note that the stage has ended well."""
        self._update(PERCENT, text)

    def _update(self, percent: float, text: str) -> None:
        if self._artifact is not None:
            self._artifact = self._tried(
                update_progress_artifact,
                artifact_id=self._artifact,
                progress=min(percent, PERCENT),
                description=text,
            )

    def _tried(self, call: Callable[..., Any], **arguments: Any) -> UUID | None:
        try:
            found: UUID = call(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the stage matters more
            self._logger.warning(
                "Prefect does not take the progress of %s (%s: %s); the stage goes on without.",
                self._key,
                type(error).__name__,
                error,
            )
            return None
        return found

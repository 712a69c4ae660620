"""Parameters of a scan."""

from typing import Self

from pydantic import Field, field_validator, model_validator

from tasks.core.files.named_files import with_fingerprint
from tasks.core.scan_patterns.area import ScanKnobs
from tasks.core.scan_patterns.kinds import FILE_KIND, SCAN_PATTERNS


class ScanParams(ScanKnobs):
    """Where the probe goes, and how much its neighbouring exposures overlap."""

    kind: str = Field("raster", description=f"Pattern of the scan: {', '.join(SCAN_PATTERNS)}")
    overlap_ratio: float = Field(
        0.7, ge=0, lt=1, description="Linear overlap of neighbours, 1 - step / diameter"
    )

    file_sha256: str | None = Field(
        None, description="SHA-256 of the file; filled in, so that a changed file is noticed"
    )

    @property
    def is_from_file(self) -> bool:
        """Tell whether the positions come from a file."""
        return self.kind == FILE_KIND

    @model_validator(mode="before")
    @classmethod
    def _know_the_file(cls, values: object) -> object:
        return with_fingerprint(values, "path", "The file of positions")

    @field_validator("kind")
    @classmethod
    def _kind_is_known(cls, value: str) -> str:
        if value not in SCAN_PATTERNS:
            raise ValueError(
                f"Unknown scan kind {value!r}. Choose one of: {', '.join(SCAN_PATTERNS)}."
            )
        return value

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if self.is_from_file != (self.path is not None):
            raise ValueError(
                f"A scan of kind {self.kind!r} came with path {self.path}. A path belongs to the "
                f"kind {FILE_KIND!r} and to no other: set both or neither."
            )
        return self

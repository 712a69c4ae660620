"""What the scoring of files may be told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import Field

from tasks.compare.alignment.region import ComparisonParams
from tasks.compare.reference_object import REFERENCE, TRUTH


class ScoreParams(ComparisonParams):
    """What is scored, and what placement and alignment may remove; the same for every object."""

    held_out_light_fraction: float = Field(
        0.99,
        gt=0,
        le=1,
        description="Least share of a pattern's light that must fall where the object is known, "
        "for its deviance",
    )
    placement: Literal["auto", "file", "search"] = Field(
        "auto",
        description="Where objects lie: as their files say (file), where they are found (search), "
        "or the one and, where that does not fit, the other (auto)",
    )
    orientation: Literal["any", "as-is"] = Field(
        "any",
        description="Whether objects that are looked for may be turned, mirrored or conjugated",
    )


@dataclass(frozen=True)
class ScoreFiles:
    """The files of a comparison without a run.

    Attributes:
        objects: Files of the objects, by the names of their rows.
        base: File of the truth or of a reference; None: the first object is held against.
        is_truth: Whether that is the truth.
        scan: CXI of this project that the objects were made from.
        view: JSON that chooses exposures of it; all without.
        pixel_m: Sides of pixels [m] for files that state none: by row, `truth` or `reference`;
            by "" that of all which are not named.
    """

    objects: dict[str, Path]
    base: Path | None = None
    is_truth: bool = False
    scan: Path | None = None
    view: Path | None = None
    pixel_m: dict[str, float] = field(default_factory=dict)

    @property
    def base_name(self) -> str:
        """What the object is called that others are held against: truth or reference."""
        return TRUTH if self.is_truth else REFERENCE

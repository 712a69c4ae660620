"""Rows that one run alone has: objects of files, and solvers that a person brings as a command.

The catalogue is the same for every run. What a run adds to it stands in its plan, and each process
that plans that run, computes in its hub or reads it takes the rows from there.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError, field_validator

from tasks.catalogue.reconstruction import (
    Planner,
    Reconstruction,
    Role,
    RunOptions,
    StageRole,
    Step,
    check_reconstruction,
)
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core import StrictModel
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import HALVES, OWN_ROWS, PLAN
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall

# Ends of the names of files that lie beside a reconstruction.
TAKEN_ENDS = tuple(f"_{end}" for end in (*HALVES, "iterates", "solution", "network"))
# What functions that write arrays by name call their arguments, and what reports call no arm.
TAKEN_NAMES = ("path", "file", "allow_pickle", "nothing", "object", "model", "metric")
# On white, and on a dark ground; after Paul Tol's muted scheme.
COLOURS = (
    ("#882255", "#D98BB0"),
    ("#999933", "#D6D67A"),
    ("#44AA99", "#7FDDCB"),
    ("#AA4499", "#E08FD2"),
    ("#117733", "#66C285"),
    ("#661100", "#E08A73"),
)


class RowKind(StrEnum):
    """Where a row comes from."""

    FILE = "file"
    COMMAND = "command"


class OwnRow(StrictModel):
    """A row of one run, as its plan records it."""

    name: str
    kind: RowKind
    description: str = Field(min_length=1)
    colour: str
    dark_colour: str
    splits: tuple[Split, ...] = Field(tuple(Split), description="Splits that it is there for")

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, value: str) -> str:
        """Refuse what the files of a run call something else."""
        if value.lower() in TAKEN_NAMES or value.lower().endswith(TAKEN_ENDS):
            raise ValueError(f"the name {value!r} means something else in the files of a run")
        return value


@dataclass(frozen=True, kw_only=True)
class FromFile(Reconstruction):
    """An object of a file; without costs, and no arm: nobody knows what it was made from.

    Attributes:
        splits: Splits that the run has a file for.
    """

    splits: tuple[Split, ...]

    def is_wanted(self, options: RunOptions, split: Split) -> bool:
        """Tell whether the run has a file for a split."""
        del options
        return split in self.splits

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return the stage that places the object."""
        return (Step(StageRole.PREPARE, planner.placement(self.name, split)),)


class FromCommand(Reconstruction):
    """A solver that a person brings: an arm. What it takes to place its object is not its cost."""

    def belongs_to(self, arms: Container[str]) -> bool:
        """Tell that the run which brings it has it."""
        del arms
        return True

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return the command, and the stage that places its object."""
        solution = planner.solution(self.name, split)
        placed = planner.placement(self.name, split, solution)
        return Step(StageRole.RECONSTRUCT, solution), Step(StageRole.PREPARE, placed)

    def half_stages(self, planner: Planner, split: Split, half: str) -> Sequence[StageCall]:
        """Return the same for one half of the exposures."""
        solution = planner.solution(self.name, split, half)
        return solution, planner.placement(self.name, split, solution, half)


def entry_of(row: OwnRow) -> Reconstruction:
    """Return the entry of the catalogue that a row becomes; ValueError if its name won't do."""
    facts = row.model_dump(exclude={"kind", "splits"})
    entry: Reconstruction
    if row.kind is RowKind.FILE:
        entry = FromFile(role=Role.VARIANT, splits=row.splits, **facts)
    else:
        entry = FromCommand(role=Role.ARM, **facts)
    check_reconstruction(entry)
    return entry


def know_rows(rows: Iterable[OwnRow]) -> None:
    """Let the catalogue of this process have these rows beside its own, and no others.

    Of rows with equal names the last is taken; one that the catalogue has itself stays what it is.
    """
    RECONSTRUCTIONS.bring({row.name: entry_of(row) for row in rows}.values())


def know_rows_of(*hubs: Path) -> None:
    """Let the catalogue of this process have the rows of some hubs, and no others.

    A plan that is missing or damaged has none: whoever reads it says what is wrong.
    """
    know_rows(row for hub in hubs for row in rows_of(hub))


def rows_of(hub: Path) -> list[OwnRow]:
    """Return the rows that the run of a hub has beside the catalogue, as its plan says."""
    try:
        planned = read_json(hub / PLAN)
        found = planned.get(OWN_ROWS, ()) if isinstance(planned, dict) else ()
        rows = [OwnRow.model_validate(row) for row in found]
        for row in rows:
            entry_of(row)
    except (OSError, ValueError, TypeError, ValidationError):
        return []
    return rows

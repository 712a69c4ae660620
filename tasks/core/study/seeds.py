"""One tree of seeds: every random draw has a purpose, and every purpose its own stream.

Streams are spawned by purpose (`numpy.random.SeedSequence`), so that one more draw for the
scan's jitter leaves the object, the shot noise and the training untouched.
"""

from enum import Enum, IntEnum

import numpy as np
from pydantic import Field

from tasks.core import StrictModel


class Purpose(IntEnum):
    """What a stream of random numbers is for; the value is its place in the tree.

    The places from 7 on are those of the faults of the instrument (`tasks.simulate.faults`).
    """

    OBJECT = 0
    SCAN_JITTER = 1
    SHOT_NOISE = 2
    GROUPING = 3
    SUBSAMPLING = 4
    TRAINING = 5
    MINIBATCHES = 6


class Split(Enum):
    """The two parts of a simulated sample; the value is its place in the tree."""

    TRAIN = "train"
    TEST = "test"


class Seeds(StrictModel):
    """The three roots of the tree, with the defaults of the study."""

    simulation: int = Field(42, ge=0, description="Root seed of object, scan and shot noise")
    grouping: int = Field(123, ge=0, description="Root seed of groups, training and minibatches")
    subsampling: int = Field(456, ge=0, description="Root seed of the choice of exposures")

    @classmethod
    def from_study_seed(cls, seed: int) -> "Seeds":
        """Return the three roots for one replicate; 42 gives the study's 42, 123 and 456."""
        return cls(simulation=seed, grouping=seed + 81, subsampling=seed + 414)


def spawn(root: int, purpose: int, split: Split | None = None) -> np.random.Generator:
    """Return the generator that a purpose (of one split, where it matters) draws from."""
    return np.random.default_rng(spawn_sequence(root, purpose, split))


def spawn_sequence(root: int, purpose: int, split: Split | None = None) -> np.random.SeedSequence:
    """Return the seed sequence behind `spawn`, for libraries that want a plain integer."""
    branch = 0 if split is None else 1 + list(Split).index(split)
    return np.random.SeedSequence(root, spawn_key=(int(purpose), branch))


def spawn_integer(root: int, purpose: int, split: Split | None = None) -> int:
    """Return a seed below 2**31 for a framework that takes one integer."""
    return int(spawn_sequence(root, purpose, split).generate_state(1)[0] >> 1)

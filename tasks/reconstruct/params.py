"""Parameters of a reconstruction: by a network, by its physics alone, by pty-chi."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from tasks.core import StrictModel
from tasks.core.study.device import Backend, Device


class PredictionParams(StrictModel):
    """Reconstruction of a scan by a trained network."""

    arm: str = Field("network", min_length=1, description="Arm that the model must belong to")
    chunk_size: int = Field(
        256, ge=1, le=65_536, description="Patterns propagated at a time; bounds the memory"
    )
    accept_other_probe: bool = Field(
        False, description="Go on although the model was trained with another probe"
    )
    accept_other_dose: bool = Field(
        False,
        description="Go on although the model was trained at a dose more than 3 times away",
    )
    device: Device = Field(
        Device.AUTO, description="Where to run; auto takes a GPU where there is one"
    )
    backend: Backend = Field(
        Backend.TENSORFLOW, description="Framework to run on; the weights fit both"
    )


class ProjectionParams(StrictModel):
    """The initial guess of the networks and their physics passes, with nothing learned between."""

    passes: int = Field(2, ge=1, le=1000, description="Physics passes after the initial guess")
    longer_factor: int = Field(
        5, ge=2, le=100, description="How many times as many passes the longer control makes"
    )
    chunk_size: int = Field(
        256, ge=1, le=65_536, description="Patterns propagated at a time; bounds the memory"
    )


class Algorithm(StrEnum):
    """Algorithms of pty-chi that the arm PtyChi can be run with.

    rPIE is left out: with every setting tried it was unstable. ePIE, RAAR and the difference map
    with settings chosen for them are arms of their own (`ClassicAlgorithm`).
    """

    LSQML = "lsqml"
    EPIE = "epie"
    AUTODIFF = "autodiff"


class ClassicAlgorithm(StrEnum):
    """Algorithms of pty-chi that are arms of their own, each with the settings chosen for it."""

    EPIE = "epie"
    RAAR = "raar"
    DM = "dm"


class NoiseModel(StrEnum):
    """Statistics that the solver assumes of a detector pixel."""

    GAUSSIAN = "gaussian"
    POISSON = "poisson"


class PtyChiOptions(StrictModel):
    """How pty-chi is run, the probe known; None lets algorithm, dose and overlap decide."""

    algorithm: Algorithm = Field(Algorithm.LSQML, description="lsqml, epie or autodiff")
    plain: bool = Field(
        False, description="LSQML as pty-chi ships it: Gaussian, neither accelerated nor smoothed"
    )
    n_epochs: int | None = Field(
        None, ge=1, le=10_000, description="Passes over all patterns; None: by overlap and size"
    )
    batch_size: int | None = Field(
        None, ge=1, le=4096, description="Patterns of one minibatch; None: by the algorithm"
    )
    noise_model: NoiseModel | None = Field(
        None, description="gaussian or poisson, of lsqml alone; None: by the dose"
    )
    accelerate: bool | None = Field(
        None, description="Nesterov's acceleration between epochs; None: for lsqml, unless plain"
    )
    total_variation_weight: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Strength of the smoothing after each epoch, 0 for none; None: by the dose",
    )
    n_orders: int = Field(
        1, ge=1, le=20, description="Orders of the minibatches to try; the first one's is reported"
    )
    check_orientation: bool = Field(
        True, description="Refuse a scan that fits better with its axes or patterns turned"
    )

    @model_validator(mode="after")
    def _options_fit_each_other(self) -> Self:
        if self.plain and self.algorithm is not Algorithm.LSQML:
            raise ValueError(
                f"plain means lsqml without additions, but algorithm={self.algorithm.value} has "
                f"none anyway. Leave plain out, or choose algorithm=lsqml."
            )
        asked = {
            "noise_model": self.noise_model not in (None, NoiseModel.GAUSSIAN)
            if self.plain
            else self.noise_model is not None,
            "accelerate": bool(self.accelerate),
            "total_variation_weight": bool(self.total_variation_weight),
        }
        unfit = [name for name, is_asked in asked.items() if is_asked]
        if unfit and (self.plain or self.algorithm is not Algorithm.LSQML):
            what = "plain" if self.plain else f"algorithm={self.algorithm.value}"
            raise ValueError(
                f"{' and '.join(unfit)} cannot be had with {what}, which is run as pty-chi ships "
                f"it. Leave {' and '.join(unfit)} out, or choose algorithm=lsqml without plain."
            )
        return self


class PtyChiParams(PtyChiOptions):
    """pty-chi on one scan."""

    seed: int = Field(123, ge=0, description="Root seed of the order of minibatches")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")


class ClassicParams(StrictModel):
    """A classic algorithm of pty-chi on one scan; overlap decides what is not named here."""

    algorithm: ClassicAlgorithm = Field(
        ClassicAlgorithm.EPIE, description="epie, raar or dm (the difference map)"
    )
    n_epochs: int | None = Field(
        None, ge=1, le=10_000, description="Passes over all patterns; None: by algorithm and scan"
    )
    check_orientation: bool = Field(
        True, description="Refuse a scan that fits better with its axes or patterns turned"
    )
    seed: int = Field(123, ge=0, description="Root seed of the order of minibatches")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")


class ReferenceOptions(StrictModel):
    """How probe and reference of a measured scan are found."""

    n_modes: int | None = Field(
        3,
        ge=1,
        le=15,
        description="Incoherent modes of the probe; those that the scan lacks begin as weak "
        "Hermite-Gauss-like ones; none: as many as the scan has",
    )
    probe_epochs: int | None = Field(
        None,
        ge=2,
        le=10_000,
        description="Passes that refine the probe together with the object; none: by the profile",
    )
    object_epochs: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Passes for the object alone, with the refined probe and after those that "
        "refine it; none: as many as the iterative arm makes",
    )
    refine_positions: bool | None = Field(
        None,
        description="Take other positions than the file's: true those that fit best, false never; "
        "none: where they fit patterns held out better, beyond noise",
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Patterns of one minibatch")


class ReferenceParams(ReferenceOptions):
    """The reference of one scan."""

    probe_epochs: int = Field(
        40, ge=2, le=10_000, description="Passes that refine the probe together with the object"
    )
    seed: int = Field(123, ge=0, description="Root seed of the order of minibatches")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")

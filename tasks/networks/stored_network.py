"""A trained network in a folder of a hub: its files, and whether they are what training left.

Nothing here loads Keras, so that a network is refused before a framework is loaded.
"""

from dataclasses import dataclass
from pathlib import Path

from tasks.core import Complex128
from tasks.core.files.named_files import read_record
from tasks.core.files.scan_file import read_scan_header
from tasks.core.physics.probe import probe_sha256
from tasks.core.study.stage_record import StageRecord
from tasks.networks.code_fingerprint import network_code_sha256
from tasks.networks.model_record import (
    CODE_SHA256,
    ModelRecord,
    read_model_record,
    refuse_other_weights,
)

MODEL, WEIGHTS, MANIFEST = "model.json", "*.weights.h5", "manifest.json"
EXAMPLE = "data/phase_e/dose_10000/dense/ptychopinn/gs16"


@dataclass(frozen=True)
class StoredNetwork:
    """A trained network on disk.

    Attributes:
        model: File of its record (JSON).
        weights: File of its weights (HDF5).
        record: Content of the record.
        manifest: Record of the stage that trained it; None where it does not lie beside it.
    """

    model: Path
    weights: Path
    record: ModelRecord
    manifest: StageRecord | None

    @classmethod
    def open(cls, folder: Path) -> "StoredNetwork":
        """Open a folder with `model.json` and one `*.weights.h5`.

        Raises:
            ValueError: If they are not there, are damaged, or are not what training has left.
        """
        model, weights = folder / MODEL, sorted(folder.glob(WEIGHTS))
        if not model.is_file() or len(weights) != 1:
            raise ValueError(
                f"{folder} must hold a trained network, {MODEL} and one {WEIGHTS}, and "
                f"{_what_is_there(folder)}. Name the folder of a network in a hub, such as "
                f"HUB/{EXAMPLE}."
            )
        found = cls(model, weights[0], read_model_record(model), _read_manifest(folder))
        refuse_other_weights(found.weights, found.record)
        found._refuse_changes()
        return found

    def refuse_other_code(self) -> None:
        """Refuse a network that another version of this project was trained for (ValueError).

        A model without a fingerprint, from before there was one, is not refused.
        """
        trained, own = self.code_sha256, network_code_sha256()
        if trained is not None and trained != own:
            raise ValueError(
                f"{self.model} was trained with another version of this project: the code of its "
                f"network has the fingerprint {trained[:12]}, that of this version {own[:12]}, "
                f"and its weights may mean something else here. Train it again, or use the version "
                f"that it was trained with."
            )

    @property
    def code_sha256(self) -> str | None:
        """Fingerprint of the code that it was trained with; None for models of old versions."""
        found = self.record.training.get(CODE_SHA256)
        return None if found is None else str(found)

    def training_scan(self) -> Path | None:
        """Return the scan of its training (CXI), where that is still in the hub."""
        named = self.manifest.inputs.get("scan") if self.manifest else None
        if named is None:
            return None
        places = (parent / named.path for parent in self.model.resolve().parents)
        found = next((path for path in places if path.is_file()), None)
        if found is None:
            return None
        own = self.record.data.probe_sha256
        return found if probe_sha256(read_scan_header(found).probe_modes) == own else None

    def probe_modes(self) -> Complex128 | None:
        """Return the probe that it was trained with, (M, N, N), where its scan is still there."""
        scan = self.training_scan()
        return None if scan is None else read_scan_header(scan).probe_modes

    def _refuse_changes(self) -> None:
        """Refuse files that are not those of the manifest (ValueError)."""
        outputs = self.manifest.outputs if self.manifest else {}
        for name, path in (("model", self.model), ("weights", self.weights)):
            made = outputs.get(name)
            # The name of the file counts, not where its hub lies.
            if made is not None and not made.model_copy(update={"path": path.name}).is_intact(
                path.parent
            ):
                raise ValueError(
                    f"{path} was changed since it was made: its SHA-256 is not that of "
                    f"{MANIFEST} beside it ({made.sha256[:12]}). Put the old file back, or train "
                    f"the network again."
                )


def _what_is_there(folder: Path) -> str:
    """Return what a folder without a network holds, in words."""
    if not folder.is_dir():
        return "is a file" if folder.exists() else "does not exist"
    names = sorted(path.name for path in folder.iterdir())
    return f"holds {', '.join(names[:6]) or 'nothing'}"


def _read_manifest(folder: Path) -> StageRecord | None:
    """Return the record of the training, where there is one; a ValueError if it is damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    cure = "Put the one of the training back, or remove it."
    return read_record(path, StageRecord, "the record of a stage", cure)

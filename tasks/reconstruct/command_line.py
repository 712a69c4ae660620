"""The command line of a trained network: a scan in, its object and a picture of it out."""

import importlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from cyclopts import App

from tasks.commands import EXIT_FAILED, EXIT_SUCCESS, new_app, run_app, say, say_error, tell
from tasks.core.files.scan_record import ScanHeader
from tasks.core.study.device import Backend, Device
from tasks.core.study.stage_record import StageFiles
from tasks.networks.stored_network import StoredNetwork
from tasks.reconstruct.params import PredictionParams, PtyChiParams
from tasks.reconstruct.trained.contract import check_contract
from tasks.reconstruct.trained.files import OutFiles, open_exposures
from tasks.runtime.stage_loading import load

MOST_EPOCHS = 10_000
FIGURE = "tasks.reconstruct.trained.object_figure"


def predict(
    *,
    model: Path,
    scan: Path,
    out: Path,
    refine: int = 0,
    view: Path | None = None,
    device: Device = Device.AUTO,
    accept_other_probe: bool = False,
    force: bool = False,
) -> int:
    """Reconstruct a scan, simulated or measured, with a trained network.

    Parameters
    ----------
    model
        Folder of a trained network, such as data/phase_e/dose_10000/dense/ptychopinn/gs16 of a hub.
    scan
        CXI of this project; `python -m tasks.ingest import` makes one of other formats.
    out
        HDF5 file to write, the object; a PNG of it appears beside it.
    refine
        Epochs of pty-chi that go on from the network's object; 0: none.
    view
        JSON that chooses exposures, such as the view.json of a hub; all without.
    device
        auto, cpu or cuda; auto takes a GPU where there is one.
    accept_other_probe
        Go on although the network was trained with another probe.
    force
        Replace files that are there.
    """
    started = time.perf_counter()
    if not 0 <= refine <= MOST_EPOCHS:
        raise ValueError(
            f"--refine is a number of epochs from 0, for none, to {MOST_EPOCHS}, got {refine}."
        )
    files = OutFiles.beside(out, is_refined=refine > 0, force=force)
    network = StoredNetwork.open(model)
    network.refuse_other_code()
    with tempfile.TemporaryDirectory(prefix="phase-g-predict-") as folder:
        exposures, view_file = open_exposures(scan, view, Path(folder))
        for line in check_contract(network, exposures, accept_other_probe=accept_other_probe):
            say(line)
        job = Job(network, {"scan": scan, "view": view_file}, files, Path(folder), device)
        job.predict(files.network if refine else files.object_)
        if refine:
            job.refine(refine)
    _draw(files, exposures.header, f"{network.record.arm}, {scan.name}", refine)
    for path in (*([files.network] if refine else []), files.object_, files.picture):
        say(path.as_posix())
    say(f"Done in {time.perf_counter() - started:.1f} s")
    return EXIT_SUCCESS


@dataclass(frozen=True)
class Job:
    """A checked reconstruction.

    Attributes:
        network: The trained network.
        exposures: `scan` (CXI) and `view` (JSON).
        files: What is written.
        scratch: Folder for what is not kept.
        device: Where to run.
    """

    network: StoredNetwork
    exposures: dict[str, Path]
    files: OutFiles
    scratch: Path
    device: Device

    def predict(self, out: Path) -> None:
        """Reconstruct by the stage of a run, so that the file is the same to the last byte."""
        say("Loading TensorFlow ...")
        load(["tasks.reconstruct.network_stage"], Backend.TENSORFLOW.value)
        from tasks.reconstruct.network_stage import predict as predict_stage

        inputs = self.exposures | {"model": self.network.model, "weights": self.network.weights}
        # The contract has said what is to be said of probe and dose.
        params = PredictionParams(
            arm=self.network.record.arm,
            accept_other_probe=True,
            accept_other_dose=True,
            device=self.device,
        )
        # What draws takes a second to load, and the network leaves a core to it.
        Thread(target=importlib.import_module, args=(FIGURE,), daemon=True).start()
        facts = predict_stage(params, StageFiles(inputs, {"reconstruction": out}), tell)
        say(
            f"{facts['n_patterns']} patterns in {facts['inference_s']:.2f} s: "
            f"{facts['patterns_per_s']:.0f} patterns per second on {facts['device']}"
        )

    def refine(self, n_epochs: int) -> dict[str, Any]:
        """Go on from the network's object with pty-chi."""
        from tasks.reconstruct.trained.refinement import refine_object

        say(f"Refining by {n_epochs} epochs of pty-chi ...")
        params = PtyChiParams(n_epochs=n_epochs, device=self.device)
        inputs = self.exposures | {"initial": self.files.network}
        facts = refine_object(params, inputs, self.files.object_, self.scratch, tell)
        say(f"Refined in {facts['solve_s']:.1f} s on {facts['device']}")
        return facts


def _draw(files: OutFiles, header: ScanHeader, title: str, n_epochs: int) -> None:
    """Draw the object that was written."""
    from tasks.core.files.object_file import read_object
    from tasks.reconstruct.trained.object_figure import write_object_figure

    geometry = header.geometry
    pixel_m = geometry.object_pixel_m(header.n_px) if geometry.is_known else None
    shown = f"{title}, refined by {n_epochs} epochs" if n_epochs else title
    write_object_figure(files.picture, read_object(files.object_), pixel_m, shown)


def reconstruct_app() -> App:
    """Return the command line of trained networks."""
    app = new_app("tasks.reconstruct", what_it_does="Use a trained network on a scan.")
    app.command(predict)
    return app


def run(words: list[str]) -> int:
    """Run the command line on words; return 0 all good, 1 it failed, 2 bad input."""
    try:
        return run_app(reconstruct_app(), words)
    except FloatingPointError as error:
        say_error(str(error))
        return EXIT_FAILED

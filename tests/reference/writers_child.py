"""Writes a planted scan with the writers of another program, which is found over PYTHONPATH.

Usage: writers_child.py PROGRAM PLANTED.npz FOLDER
"""

import sys
from pathlib import Path

import numpy as np


def cdtools(planted, folder):
    """Write a CXI, and where cdtools itself finds the positions over the object [px]."""
    import torch
    from cdtools.datasets import Ptycho2DDataset
    from cdtools.tools.initializers import exit_wave_geometry
    from cdtools.tools.interactions import translations_to_pixel

    translations = np.c_[planted["positions_m"][:, ::-1], np.zeros(len(planted["patterns"]))]
    # Rows and columns against y and x, as cdtools has it.
    basis = planted["pixel_m"] * np.array([[0.0, -1.0], [-1.0, 0.0], [0.0, 0.0]])
    dataset = Ptycho2DDataset(
        torch.as_tensor(translations),
        torch.as_tensor(planted["patterns"].astype(np.float32)),
        wavelength=torch.as_tensor(planted["wavelength_m"]),
        detector_geometry={
            "distance": torch.as_tensor(planted["distance_m"]),
            "basis": torch.as_tensor(basis, dtype=torch.float32),
            "corner": None,
        },
        mask=torch.as_tensor(~planted["bad"]),
        background=torch.as_tensor(planted["dark"].astype(np.float32)),
    )
    dataset.to_cxi(folder / "cdtools.cxi")
    found = exit_wave_geometry(
        torch.as_tensor(basis, dtype=torch.float32),
        planted["patterns"].shape[-2:],
        torch.as_tensor(planted["wavelength_m"]),
        torch.as_tensor(planted["distance_m"]),
    )
    pixels = translations_to_pixel(found, torch.as_tensor(translations, dtype=torch.float32))
    np.save(folder / "cdtools.npy", pixels.numpy())


def ptychodus(planted, folder):
    """Write patterns and product in every format of Ptychodus, and its PtychoPINN archive."""
    from ptychodus.api import io
    from ptychodus.api.assemble import AssembledDiffractionData
    from ptychodus.api.diffraction import (
        DiffractionDatasetLayoutNode,
        DiffractionMetadata,
        SimpleDiffractionArray,
        SimpleDiffractionDataset,
    )
    from ptychodus.api.geometry import ImageExtent, PixelGeometry
    from ptychodus.api.object import Object, ObjectCenter
    from ptychodus.api.probe import ProbeSequence
    from ptychodus.api.probe_positions import ProbePosition, ProbePositionSequence
    from ptychodus.api.product import Product, ProductMetadata
    from ptychodus.api.reconstruct import ReconstructInput
    from ptychodus.plugins.cxi_file import CXIDiffractionFileWriter, CXIProductFileIO
    from ptychodus.plugins.h5_diffraction_file import H5DiffractionFileWriter
    from ptychodus.plugins.npz_diffraction_file import NPZDiffractionFileIO
    from ptychodus.plugins.npz_product_file import NPZProductFileIO

    patterns, bad, energy_ev = planted["patterns"], planted["bad"], float(planted["energy_ev"])
    count, height, width = patterns.shape
    side = float(planted["pixel_m"])
    data = AssembledDiffractionData(np.arange(count), patterns, PixelGeometry(side, side), bad)
    io.save_diffraction_data(folder / "patterns.h5", data)
    dataset = SimpleDiffractionDataset(
        DiffractionMetadata(
            num_patterns_per_array=[count],
            pattern_dtype=patterns.dtype,
            detector_extent=ImageExtent(width, height),
            detector_distance_m=float(planted["distance_m"]),
            detector_pixel_geometry=PixelGeometry(side, side),
            photon_energy_eV=energy_ev,
        ),
        DiffractionDatasetLayoutNode.create_root(),
        [SimpleDiffractionArray("all", np.arange(count), patterns)],
        bad,
    )
    NPZDiffractionFileIO().write(folder / "patterns.npz", dataset)
    CXIDiffractionFileWriter().write(folder / "patterns.cxi", dataset)
    H5DiffractionFileWriter("/dp").write(folder / "dp.h5", dataset)
    object_pixel = float(planted["wavelength_m"] * planted["distance_m"] / (side * width))
    metadata = ProductMetadata("scan", "", float(planted["distance_m"]), energy_ev, 1e4, 0.1, 0, 0)
    # Positions in another order than the patterns, as a program may keep them.
    points = [ProbePosition(int(i), *planted["positions_m"][i, ::-1]) for i in planted["order"]]
    pixels = PixelGeometry(object_pixel, object_pixel)
    product = Product(
        metadata,
        ProbePositionSequence(points),
        ProbeSequence(planted["probe"], None, pixels),
        Object(np.ones((90, 90), complex), pixels, ObjectCenter(0.0, 0.0)),
        [],
    )
    io.save_product(folder / "product.h5", product)
    NPZProductFileIO().write(folder / "product.npz", product)
    CXIProductFileIO().write(folder / "product.cxi", product)
    parameters = ReconstructInput(patterns[planted["order"]], bad, product)
    io.save_ptychopinn_training_data(folder / "pinn.npz", parameters)


def nexus(planted, folder):
    """Write NXcxi_ptycho with the classes of nexusformat."""
    from nexusformat import nexus as nx

    side = planted["pixel_m"] * 1e6
    detector = nx.NXdetector(
        data=nx.NXfield(planted["patterns"]),
        mask=nx.NXfield(planted["bad"].astype(np.uint32)),
        distance=nx.NXfield(planted["distance_m"] * 1e3, units="mm"),
        x_pixel_size=nx.NXfield(side, units="um"),
        y_pixel_size=nx.NXfield(side, units="um"),
    )
    beam = nx.NXbeam(incident_beam_energy=nx.NXfield(planted["energy_ev"] / 1e3, units="keV"))
    source = nx.NXsource(energy=nx.NXfield(6.0, units="GeV"), probe="x-ray")
    moves = -planted["positions_m"] * 1e9
    sample = nx.NXsample(
        transformations=nx.NXcollection(
            x=nx.NXfield(moves[:, 1], units="nm", vector=[1.0, 0.0, 0.0]),
            y=nx.NXfield(moves[:, 0], units="nm", vector=[0.0, 1.0, 0.0]),
        )
    )
    instrument = nx.NXinstrument(detector_1=detector, beam_1=beam, source_1=source)
    entry = nx.NXentry(definition="NXcxi_ptycho", instrument_1=instrument, sample_1=sample)
    data = nx.NXdata()
    entry["data_1"] = data
    root = nx.NXroot(entry_1=entry)
    data["data"] = nx.NXlink(target="/entry_1/instrument_1/detector_1/data")
    root.save(str(folder / "nexus.nxs"), "w")


def ptylab(_planted, folder):
    """Write PtyLab's own simulation, and what PtyLab reads of it."""
    from PtyLab import ExperimentalData, Params, Reconstruction
    from PtyLab.io.generateSimulationData import generate_simu_hdf5

    np.random.seed(7)  # noqa: NPY002 - PtyLab draws from it
    generate_simu_hdf5(folder / "ptylab.hdf5")
    data = ExperimentalData(folder / "ptylab.hdf5")
    found = Reconstruction(data, Params())
    np.savez(
        folder / "ptylab.npz",
        patterns=data.ptychogram,
        positions_px=found.positions,
        object_pixel_m=found.dxo,
        wavelength_m=data.wavelength,
        distance_m=data.zo,
        detector_pixel_m=data.dxd,
    )


def ptyrad(planted, folder):
    """Write PtyRAD's arrays of patterns; positions it does not write."""
    from ptyrad.io.handlers import save_array

    for kind in ("hdf5", "npy", "tif"):
        named = {"dataset_name": "dp"} if kind == "hdf5" else {}
        patterns = planted["patterns"].astype(np.float32)
        save_array(patterns, str(folder), "meas", kind, append_shape=False, **named)


if __name__ == "__main__":
    with np.load(sys.argv[2]) as file:
        globals()[sys.argv[1]](dict(file), Path(sys.argv[3]))

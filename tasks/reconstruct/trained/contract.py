"""What must hold between a trained network and a scan, and what is to be said of the rest."""

from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import ScanHeader
from tasks.core.physics.probe_likeness import LEAST_LIKENESS, probe_likeness
from tasks.networks.exposures import Exposures
from tasks.networks.model_record import DIAMETER_FACTOR, PHOTONS_FACTOR, DataRecord
from tasks.networks.scan_statistics import ScanStatistics
from tasks.networks.stored_network import StoredNetwork

ACCEPT_PROBE = "or try this one all the same with --accept-other-probe"
NM_PER_M = 1e9


def check_contract(
    network: StoredNetwork, scan: ScanReader, *, accept_other_probe: bool = False
) -> list[str]:
    """Refuse a scan that a network was not made for; return a line on each thing that was checked.

    Patterns must have the size of those that it was trained on, and the probe must be alike. At
    another dose it goes on, and a line says by how much it is another.

    Raises:
        ValueError: If the scan does not fit, or has no photons.
    """
    trained = network.record.data
    if scan.header.n_px != trained.n_px:
        raise ValueError(
            f"The network was trained on patterns of {trained.n_px} x {trained.n_px} px, and the "
            f"scan has {scan.header.n_px} x {scan.header.n_px} px. Crop or bin the scan when it is "
            f"imported (python -m tasks.ingest import), or train a network at this size."
        )
    exposures = Exposures.of(scan)
    offered = DataRecord.of(exposures, ScanStatistics.of(exposures))
    return [
        model_line(network),
        probe_line(network, scan.header, offered, accept_other_probe=accept_other_probe),
        detector_line(scan.header),
        dose_line(trained.photons_per_pattern, offered.photons_per_pattern),
    ]


def model_line(network: StoredNetwork) -> str:
    """Return what the network is, and whether it is of this version."""
    record = network.record
    n_patterns = record.training.get("n_patterns", "an unknown number of")
    known = "" if network.code_sha256 else "; with which version of the code is not recorded"
    return (
        f"Model: {record.arm}, {record.architecture.kind}, trained on {n_patterns} patterns of "
        f"{record.data.n_px} x {record.data.n_px} px; files unchanged{known}"
    )


def probe_line(
    network: StoredNetwork,
    header: ScanHeader,
    offered: DataRecord,
    *,
    accept_other_probe: bool,
) -> str:
    """Return how alike the probe is to that of the training; a ValueError if it is another one."""
    trained = network.record.data
    if trained.probe_sha256 and trained.probe_sha256 == offered.probe_sha256:
        return "Probe: the one that the network was trained with"
    modes = network.probe_modes()
    if modes is not None:
        likeness = probe_likeness(modes, header.probe_modes)
        found = (
            f"alike by {likeness:.3f} (normed inner product; at least {LEAST_LIKENESS} is needed)"
        )
        is_alike = likeness >= LEAST_LIKENESS
    else:
        found = (
            f"of {offered.probe_diameter_px:.1f} px, that of the training was of "
            f"{trained.probe_diameter_px:.1f} px; it is no longer there to be held against it"
        )
        ratio = offered.probe_diameter_px / trained.probe_diameter_px
        # Where no fingerprint was kept, only the size can tell.
        fits = 1 / DIAMETER_FACTOR <= ratio <= DIAMETER_FACTOR
        is_alike = fits and not trained.probe_sha256
    if is_alike or accept_other_probe:
        return f"{'Probe' if is_alike else 'Warning: the probe is another one'}: {found}"
    raise ValueError(
        f"The network was trained with another probe: that of the scan is {found}. Train a network "
        f"with this probe, {ACCEPT_PROBE}."
    )


def detector_line(header: ScanHeader) -> str:
    """Return size and good pixels of the detector, and the object's pixel where it is known."""
    geometry, n_px = header.geometry, header.n_px
    text = f"Detector: {n_px} x {n_px} px, {header.good_pixels.mean():.1%} of them good"
    if not geometry.is_known:
        return f"{text}; the object's pixel is not known"
    return f"{text}; the object's pixel is {NM_PER_M * geometry.object_pixel_m(n_px):.4g} nm"


def dose_line(trained: float, offered: float) -> str:
    """Return whether the photons per pattern lie in the trained range, and else how far outside."""
    low, high = trained / PHOTONS_FACTOR, trained * PHOTONS_FACTOR
    if low <= offered <= high:
        return (
            f"Dose: {offered:.4g} photons per pattern, within the trained range of {low:.4g} to "
            f"{high:.4g}"
        )
    bound, word = (low, "below") if offered < low else (high, "above")
    factor = max(bound / offered, offered / bound)
    return (
        f"Warning: the dose is {offered:.4g} photons per pattern, {factor:.3g} times {word} the "
        f"trained range of {low:.4g} to {high:.4g}; the network was trained at {trained:.4g} and "
        f"may do badly. Train one at this dose to be sure"
    )

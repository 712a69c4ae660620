"""What a comparison says of its own rows: the gauge that was removed, and what was compared."""

from tasks.catalogue.metric import DIAGNOSTIC, Metric
from tasks.core.files.metrics_table import AGAINST_REFERENCE

DOUBLING_GAIN = Metric(
    name="doubling_gain",
    label="gain of twice the epochs",
    family=DIAGNOSTIC,
    higher_is_better=False,
)
# Only of networks that were trained in another hub; 1, 1, 0 and 0 where nothing is different.
TRAINED_DOSE, TRAINED_PROBE, OTHER_VIEW, OTHER_SAMPLE = TRAINED = tuple(
    Metric(name=name, label=label, family=DIAGNOSTIC)
    for name, label in (
        ("trained_dose_ratio", "dose of the training over this one"),
        ("trained_probe_likeness", "likeness of the training's probe"),
        ("trained_other_view", "trained on another view (1: yes)"),
        ("trained_other_sample", "trained on another sample (1: yes)"),
    )
)
# Only of objects that another program wrote, or a command of a person's own.
BY_SEARCH, TURN, MIRRORED, CONJUGATED, SCALE, FIT = PLACED = tuple(
    Metric(name=name, label=label, family=DIAGNOSTIC, unit=unit)
    for name, label, unit in (
        ("placed_by_search", "placed by a search, not by its file (1: yes)", ""),
        ("placed_turn_deg", "turned to place it", "degrees"),
        ("placed_mirrored", "mirrored to place it (1: yes)", ""),
        ("placed_conjugated", "conjugated to place it (1: yes)", ""),
        ("placed_scale", "its pixels over those of the scan", ""),
        ("placed_correlation", "how well it fits where it was placed", ""),
    )
)
METRIC = (
    *(
        Metric(name=name, label=label, family=DIAGNOSTIC, unit=unit)
        for name, label, unit in (
            ("gauge_factor_abs", "modulus of the gauge's factor", ""),
            ("gauge_factor_rad", "phase of the gauge's factor", "rad"),
            ("gauge_ramp_rad_per_px", "ramp of the gauge", "rad/px"),
            ("gauge_shift_px", "shift of the gauge", "px"),
            ("gauge_at_bound", "shift at its bound (1: yes)", ""),
            ("gauge_shift_determined", "shift determined (1: yes)", ""),
            ("coverage_fraction", "share of the region held", ""),
        )
    ),
    DOUBLING_GAIN,
    *TRAINED,
    *PLACED,
    Metric(
        name=AGAINST_REFERENCE,
        label="held against a reference, not the truth (1: yes)",
        family=DIAGNOSTIC,
    ),
)

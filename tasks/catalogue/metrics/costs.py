"""What a network is and its training took; no times, so that equal runs have equal tables.

The names are those of the training in the record of a model.
"""

from tasks.catalogue.metric import COST, Metric

METRIC = tuple(
    Metric(name=name, label=label, family=COST, higher_is_better=False, unit=unit)
    for name, label, unit in (
        ("n_parameters", "parameters", ""),
        ("n_steps", "training steps", ""),
        ("flops_per_step", "operations of a training step", "FLOP"),
        ("training_flops", "operations of the training", "FLOP"),
    )
)

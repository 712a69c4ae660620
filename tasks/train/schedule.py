"""The budget of a training, in steps or in seconds, and the learning rate along it."""

import numpy as np

from tasks.train.params import TrainingParams

SECONDS_GRAIN = 0.005
VALIDATION_SHARE = 0.05
MIN_STEPS_BETWEEN_VALIDATIONS = 20


def budget_share(params: TrainingParams, steps: int, elapsed_s: float) -> float:
    """Return the share of the budget that is spent; 1 or more when it is used up.

    Args:
        params: Budget.
        steps: Steps that were made.
        elapsed_s: Time that they took [s].
    """
    if params.budget_s is None:
        return steps / params.n_steps
    return elapsed_s / params.budget_s


def learning_rate(params: TrainingParams, share: float) -> float:
    """Return the learning rate of a step: a linear warm-up, then a cosine decay towards zero.

    Args:
        params: Highest rate, warm-up and budget.
        share: Share of the budget that is spent before the step, below 1.

    Returns:
        Rate, above zero.
    """
    grain = SECONDS_GRAIN if params.budget_s is not None else 1 / params.n_steps
    warmup = params.warmup_fraction
    if params.budget_s is None:
        warmup = round(warmup * params.n_steps) / params.n_steps
    if share < warmup - grain / 2:
        return params.learning_rate * (share + grain) / (warmup + grain)
    falling = 0.5 + 0.5 * float(np.cos(np.pi * (share - warmup) / (1 - warmup)))
    return params.learning_rate * falling


def is_validation_due(
    params: TrainingParams, steps_since: int, share_since: float, is_last: bool
) -> bool:
    """Tell whether a validation follows a step.

    By default about twenty times a training, but never so often that it costs more than a few
    percent of the time.

    Args:
        params: Interval that was asked for.
        steps_since: Steps since the last time.
        share_since: Share of the budget spent since the last time.
        is_last: Whether the budget is used up.
    """
    if is_last:
        return True
    if params.evaluate_every is not None:
        return steps_since >= params.evaluate_every
    is_spent = share_since >= VALIDATION_SHARE * (1 - 1e-9)
    return is_spent and steps_since >= MIN_STEPS_BETWEEN_VALIDATIONS

"""What the two principles minimise: disagreement with photons, or with the true object."""

from collections.abc import Mapping

from keras import ops

from tasks.networks.architectures.base import Canvases
from tasks.networks.physics import Tensor, multiply_conjugate, squared_modulus

FAINT_INTENSITY = 0.01
ANSCOMBE_OFFSET = 0.375
SMALL_DISTANCE = 0.01
TINY = 1e-12


def poisson_deviance(counts: Tensor, intensity: Tensor, good: Tensor) -> Tensor:
    """Return the mean over good pixels of lambda - I log(lambda) - I + I log(I).

    The Poisson negative log-likelihood less that of a perfect prediction: zero at the least, and
    about one half a pixel for the true intensity of well-lit pixels. Photons I and the predicted
    intensity lambda have shape (J, N, N); `good` is 1 where the detector counts, (N, N).
    """
    logarithm = ops.log(intensity + FAINT_INTENSITY) - ops.log(ops.maximum(counts, TINY))
    return ops.mean(good * (intensity - counts - counts * logarithm)) / ops.mean(good)


def amplitude_distance(counts: Tensor, intensity: Tensor, good: Tensor) -> Tensor:
    """Return twice the mean squared distance of square roots; arguments as `poisson_deviance`.

    Anscombe's transform makes the variance of sqrt(I + 3/8) one quarter (Anscombe, Biometrika 35,
    246 (1948)), so this too is about one half a pixel for the true intensity of well-lit pixels.
    """
    roots = ops.sqrt(counts + ANSCOMBE_OFFSET) - ops.sqrt(intensity + ANSCOMBE_OFFSET)
    return 2.0 * ops.mean(good * ops.square(roots)) / ops.mean(good)


PHYSICS_LOSSES = {"poisson": poisson_deviance, "amplitude": amplitude_distance}


def physics_loss(
    inputs: Mapping[str, Tensor], canvases: Canvases, likelihood: str = "poisson"
) -> Tensor:
    """Return the disagreement of the photons with what the last pass predicts.

    A batch has `target_counts`, shape (J, N, N), and `target_scale`, their exposure over that of
    the photons that are shown, shape (1,); the likelihood is one of `PHYSICS_LOSSES`.
    """
    intensity = inputs["target_scale"] * canvases.intensities[-1]
    return PHYSICS_LOSSES[likelihood](inputs["target_counts"], intensity, inputs["good"])


def supervised_loss(inputs: Mapping[str, Tensor], canvases: Canvases) -> Tensor:
    """Return the weighted mean |O exp(-i theta) - T| of the last pass, zero at the truth.

    The global phase of the canvas, which diffraction cannot tell, is left free:
    theta = arg sum w conj(T) O is where the squared distance is least. The distance itself is not
    squared, so that the few pixels whose phase cannot be known do not outweigh the others; below
    `SMALL_DISTANCE` it is rounded off (Charbonnier et al., Proc. ICIP 2, 168 (1994)). A batch has
    the truth T as `truth_real` and `truth_imaginary` and the weights w as `truth_weight`, (H, W).
    """
    truth = inputs["truth_real"], inputs["truth_imaginary"]
    weight, object_ = inputs["truth_weight"], canvases.objects[-1]
    real, imaginary = (ops.sum(weight * part) for part in multiply_conjugate(truth, object_))
    length = ops.sqrt(ops.square(real) + ops.square(imaginary) + TINY)
    turned = multiply_conjugate((real / length, imaginary / length), object_)
    square = squared_modulus((turned[0] - truth[0], turned[1] - truth[1]))
    distance = ops.sqrt(square + SMALL_DISTANCE**2) - SMALL_DISTANCE
    return ops.sum(weight * distance) / ops.sum(weight)

"""What the two principles minimise: disagreement with photons, or with the true object."""

from collections.abc import Callable, Mapping

from keras import ops

from tasks.networks.fields import Tensor, multiply_conjugate, squared_modulus
from tasks.networks.unrolled import Canvases

Objective = Callable[[Mapping[str, Tensor], Canvases], Tensor]

FAINT_INTENSITY = 0.01
TINY = 1e-12


def poisson_deviance(counts: Tensor, intensity: Tensor) -> Tensor:
    """Return the mean over pixels of lambda - I log(lambda) - I + I log(I).

    The Poisson negative log-likelihood less that of a perfect prediction: zero at the least, and
    about one half a pixel for the true intensity of well-lit pixels.
    """
    logarithm = ops.log(intensity + FAINT_INTENSITY) - ops.log(ops.maximum(counts, TINY))
    return ops.mean(intensity - counts - counts * logarithm)


def physics_loss(inputs: Mapping[str, Tensor], canvases: Canvases) -> Tensor:
    """Return the disagreement of the photons with what each pass predicts, averaged over passes.

    Args:
        inputs: A batch with `target_counts`, shape (J, N, N), and `target_scale`, the exposure of
            the judging photons over that of the seen ones, shape (1,).
        canvases: What the network made of it.

    Returns:
        Scalar.
    """
    losses = [
        poisson_deviance(inputs["target_counts"], inputs["target_scale"] * intensity)
        for intensity in canvases.intensities
    ]
    return ops.mean(ops.stack(losses))


def supervised_loss(inputs: Mapping[str, Tensor], canvases: Canvases) -> Tensor:
    """Return the weighted mean |O exp(-i theta) - T|^2, averaged over passes.

    The global phase of the canvas, which diffraction cannot tell, is left free:
    theta = arg sum w conj(T) O is where the distance is least.

    Args:
        inputs: A batch with the truth T as `truth_real` and `truth_imaginary` and the weights w as
            `truth_weight`, each (H, W).
        canvases: What the network made of it.

    Returns:
        Scalar.
    """
    truth = inputs["truth_real"], inputs["truth_imaginary"]
    weight = inputs["truth_weight"]
    losses = []
    for object_ in canvases.objects:
        real, imaginary = (ops.sum(weight * part) for part in multiply_conjugate(truth, object_))
        length = ops.sqrt(ops.square(real) + ops.square(imaginary) + TINY)
        turned = multiply_conjugate((real / length, imaginary / length), object_)
        distance = squared_modulus((turned[0] - truth[0], turned[1] - truth[1]))
        losses.append(ops.sum(weight * distance) / ops.sum(weight))
    return ops.mean(ops.stack(losses))

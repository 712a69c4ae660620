import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tasks.catalogue.metrics.mae import mae
from tasks.catalogue.metrics.ms_ssim import ms_ssim
from tasks.catalogue.metrics.mse import mse
from tasks.catalogue.metrics.psnr import psnr
from tasks.catalogue.metrics.ssim import ssim
from tasks.catalogue.scoring.image_pair import ImagePair, TrueImage
from tasks.catalogue.scoring.jackknife import (
    block_slices,
    bounding_box,
    pseudo_product,
    pseudo_values,
)
from tasks.catalogue.scoring.similarity import TrueScales, product_of_scales
from tasks.core.files.metrics_table import SCALE_WEIGHTS

SHAPE = (241, 250)


@pytest.fixture(scope="module")
def pair():
    """A smooth truth, and an image with noise that grows from left to right."""
    rng = np.random.default_rng(3)
    truth = gaussian_filter(rng.standard_normal(SHAPE), 3.0)
    truth = (truth - truth.min()) / np.ptp(truth)
    noise = gaussian_filter(rng.standard_normal(SHAPE), 2.0) * np.linspace(0.2, 0.8, SHAPE[1])
    return truth + noise, truth


@pytest.fixture(scope="module")
def mask():
    rows, columns = np.indices(SHAPE)
    return np.hypot(rows - 120, columns - 125) < 115


def score(metric, image, truth, mask=None):
    return metric(ImagePair(image, TrueImage(truth, 1.0, mask)))


def test_blocks_tile_an_image_whatever_its_sides():
    for shape in ((9, 9), (10, 11), (2, 1), (241, 250)):
        counted = np.zeros(shape, dtype=int)
        for block in block_slices(shape):
            counted[block] += 1
        assert np.all(counted == 1)
    assert block_slices((9, 12))[5] == (slice(3, 6), slice(8, 12))


def test_the_mean_of_the_pseudo_values_is_the_metric(pair, mask):
    image, truth = pair
    for chosen in (None, mask):
        inside = ... if chosen is None else chosen
        errors = (image - truth)[inside]
        means = {mae: np.abs(errors).mean(), mse: (errors**2).mean()}
        means[psnr] = -10 * np.log10(means[mse])
        for metric, mean in means.items():
            found = score(metric, image, truth, chosen)
            assert found.value == pytest.approx(mean, rel=1e-12)
            assert found.blocks.mean() == pytest.approx(mean, rel=1e-12)
    for metric in (ssim, ms_ssim):
        found = score(metric, image, truth)
        assert found.blocks.mean() == pytest.approx(found.value, rel=1e-12)


def test_a_block_holds_what_it_adds_to_the_mean():
    values = np.zeros((9, 9))
    values[:3, 3:6] = 1.0
    expected = np.zeros(9)
    expected[1] = 1.0
    np.testing.assert_allclose(pseudo_values(values), expected)
    mask = np.ones((9, 9), dtype=bool)
    mask[:3] = False
    mask[3, 0] = True
    # Blocks of the rows 3 to 8: two rows each.
    values = np.zeros((9, 9))
    values[3:5, :3] = 1.0
    values[:3] = np.nan
    found = pseudo_values(values, mask)
    assert found.mean() == pytest.approx(6 / 54)
    assert found[0] == pytest.approx(1.0)
    np.testing.assert_allclose(found[1:], 0.0, atol=1e-12)


def _jackknife(whole, without):
    """Return the pseudo-values of leaving out one block after another."""
    return 9 * whole - 8 * np.array(without)


def _left_out(shape):
    for block in block_slices(shape):
        kept = np.ones(shape, dtype=bool)
        kept[block] = False
        yield kept


def test_the_spread_is_that_of_leaving_out_one_block_after_another(pair):
    image, truth = pair
    for metric, tolerance in ((mae, 0.03), (psnr, 0.05)):
        whole = score(metric, image, truth)
        without = [score(metric, image, truth, kept).value for kept in _left_out(SHAPE)]
        jackknife = _jackknife(whole.value, without)
        assert whole.blocks.std() == pytest.approx(jackknife.std(), rel=tolerance)

    whole = score(ms_ssim, image, truth)
    factors = TrueScales(truth, 1.0, len(SCALE_WEIGHTS)).maps(image).factors
    parts = zip(*(_left_out(part.shape) for part in factors), strict=True)
    without = [
        product_of_scales([part[kept].mean() for part, kept in zip(factors, masks, strict=True)])
        for masks in parts
    ]
    jackknife = _jackknife(whole.value, without)
    assert whole.blocks.std() == pytest.approx(jackknife.std(), rel=0.03)
    assert np.corrcoef(whole.blocks, jackknife)[0, 1] > 0.99


def test_a_product_that_is_cut_at_zero_has_no_pseudo_values():
    assert pseudo_product(0.0, [np.full(9, -0.1), np.ones(9)], (0.5, 0.5)) is None


def test_the_box_of_a_mask_is_the_smallest(mask):
    rows, columns = bounding_box(mask)
    assert mask[rows, columns].sum() == mask.sum()
    assert (rows.start, rows.stop, columns.start, columns.stop) == (6, 235, 11, 240)
    assert bounding_box(np.zeros((3, 3), dtype=bool)) == (slice(0, 0), slice(0, 0))
    with pytest.raises(ValueError, match="Give a mask that holds some"):
        pseudo_values(np.ones((3, 3)), np.zeros((3, 3), dtype=bool))

"""The smoothing against scikit-image's, an independent implementation (Chambolle 2004)."""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_tv_chambolle

from tasks.reconstruct.total_variation import smooth_by_total_variation


def test_a_real_image_is_smoothed_as_scikit_image_does():
    rng = np.random.default_rng(3)
    image = gaussian_filter(rng.normal(size=(48, 40)), 4) * 10 + 0.1 * rng.normal(size=(48, 40))
    ours = smooth_by_total_variation(image.astype(complex), 0.2, iterations=500)
    theirs = denoise_tv_chambolle(image, weight=0.2, eps=1e-9, max_num_iter=20_000)
    # scikit-image's fixed-point iteration converges slowly; both agree far below the noise.
    np.testing.assert_allclose(ours.real, theirs, atol=2e-3)
    np.testing.assert_allclose(ours.imag, 0, atol=1e-12)

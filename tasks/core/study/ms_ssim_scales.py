"""The scales of MS-SSIM, and the side of an image that they need.

Wang, Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003): five scales, each of
half the side of the one before, and on the last a whole window still fits.
"""

WINDOW_PX = 11
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_MIN_PX = WINDOW_PX * 2 ** (len(SCALE_WEIGHTS) - 1)

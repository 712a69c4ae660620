"""The two halves of a view, as files and stages name them."""

HALVES = ("odd", "even")

"""The architectures: each from a group's counts to its object, on one canvas.

A new one is one new file, its size in `params` and one line of `registry.NETWORKS`.
"""

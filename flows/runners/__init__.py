"""Who runs the conditions of a sweep: this machine, a Dask cluster, or workers."""

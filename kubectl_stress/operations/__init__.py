"""One verb a module: does it with a cluster and returns a result. Prints nothing."""

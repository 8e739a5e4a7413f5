"""From a package to a live function."""

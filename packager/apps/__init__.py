"""The kinds of app: what goes into a package, and what the function needs to run it."""

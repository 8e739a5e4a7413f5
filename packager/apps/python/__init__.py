"""A Python app: its dependencies are installed for the function's runtime and architecture."""

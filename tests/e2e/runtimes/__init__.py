"""AWS's own runtime interface clients, and the side of Lambda that they talk to."""

"""AWS's own runtime interface clients, and an emulator of the Lambda API that they use."""

"""An app's inputs: the packager's settings, and the variables that go into the package."""

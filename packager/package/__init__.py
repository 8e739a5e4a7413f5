"""From an app and its config to one file: the deployment package."""

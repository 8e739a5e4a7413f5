"""Deploys AWS Lambda functions with the config vars of a Heroku app inside their package."""

__version__ = "0.1.0"

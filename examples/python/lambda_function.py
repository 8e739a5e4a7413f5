"""Answers with the config that the function was deployed with."""

import json

import durationpy
from env_properties import env


def lambda_handler(event, context):
    """Greet `name`, and show that every value has arrived as it was set."""
    return {
        "greeting": f"{env['GREETING']} {event.get('name', 'World')}",
        "shop": env["SHOP_URL"],
        "cacheSeconds": int(durationpy.from_str(env["CACHE_TIME"]).total_seconds()),
        "features": json.loads(env["FEATURES"]),
        "signature": env["SIGNATURE"],
    }

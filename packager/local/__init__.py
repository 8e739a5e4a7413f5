"""`packager deploy --local`: an embedded Lambda service, and handlers run on this machine.

A deploy meets the service as it meets AWS. The package is then taken back from it, unpacked as
Lambda does, and its handler is run by the language's own runtime:

    with LocalLambda() as service:
        local_settings = service.settings_for(settings)
        service.ensure_function(local_settings.function_name)
        ...  # deploy as ever, with `local_settings`
        service.take_back(local_settings.function_name, task)
        answer = invoke(find_handler(task), task, b"{}", timeout=30)
"""

from packager.local.handlers import Handler, find_handler
from packager.local.invoke import invoke
from packager.local.service import LocalLambda

__all__ = ["Handler", "LocalLambda", "find_handler", "invoke"]

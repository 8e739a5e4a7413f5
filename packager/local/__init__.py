"""`packager deploy --local`: an embedded Lambda service, and handlers run on this machine.

The service is in this process and has no port: it responds to boto3's requests before they are
sent. The package is then downloaded from it and unpacked as in Lambda, and the language's own
runtime runs its handler:

    service = LocalLambda()
    local_settings = service.settings_for(settings)
    service.ensure_function(local_settings.function_name)
    function = LambdaFunction(local_settings, ..., respond=service.respond)
    ...  # deploy to it as to a function in AWS
    service.download(local_settings.function_name, task, package.code_sha256)
    response = invoke(find_handler(task), task, b"{}", timeout=30)
"""

from packager.local.environment import LocalFunction
from packager.local.handlers import Handler, find_handler
from packager.local.invoke import invoke
from packager.local.service import LocalLambda

__all__ = ["Handler", "LocalFunction", "LocalLambda", "find_handler", "invoke"]

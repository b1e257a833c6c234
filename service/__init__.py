"""The scorer behind HTTP. Imports `features` and `scoring` alone, and the packages of the extra ``service``."""

from service.app import create_app
from service.limits import Limits
from service.server import serve
from service.serving import Serving, load_serving
from service.state import Service

__all__ = ["Limits", "Service", "Serving", "create_app", "load_serving", "serve"]

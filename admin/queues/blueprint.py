"""The blueprint that `views` and `dispositions` put their routes on."""

from flask import Blueprint

blueprint = Blueprint("queues", __name__, url_prefix="/queues")

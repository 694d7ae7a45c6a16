"""The administrator's users page: who may sign in, their extensions, their queues."""

from admin.users.pictures import blueprint as pictures_blueprint
from admin.users.views import blueprint

__all__ = ["blueprint", "pictures_blueprint"]

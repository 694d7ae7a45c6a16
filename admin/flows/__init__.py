"""Voice flows in the browser: the list, versions, and the editor. Files below `instance/flows`, through `ivr.versions`.

`views` has the pages, `api` what the editor's scripts ask; `workshop` holds the store, `reading` tells the scripts what a
text means, `words` has the texts for node types, fields and problems.
"""

from admin.flows import api  # noqa: F401 - its routes
from admin.flows.views import blueprint

__all__ = ["blueprint"]

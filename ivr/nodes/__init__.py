"""The node types, one a file: a new file here with a class named `NODE` is a new type, nothing else to register.

`flow_file` and the JSON Schema ask `node_types`; a test demands sample data of each.
"""

import importlib
import pkgutil
from functools import cache

from ivr.nodes.base import Node


@cache
def node_types() -> dict[str, type[Node]]:
    """The class of each node type, by the word after `type:` in a flow file (the file's name here)."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name != "base")
    return {name: importlib.import_module(f"{__name__}.{name}").NODE for name in names}

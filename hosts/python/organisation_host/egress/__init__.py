"""HTTP as a component gets it: what may be reached, and how requests are sent.

`policy` decides, without clock and network; `client` sends what it let through. `network` makes the connections: it resolves,
looks at every address, and connects to the address that it looked at.
"""

from .allow_list import AllowList
from .client import Client
from .destination import Destination
from .failure import HttpFailure
from .policy import Checked, Operator, Policy

__all__ = ["AllowList", "Checked", "Client", "Destination", "HttpFailure", "Operator", "Policy"]

"""Secrets that a component uses without ever having them.

A secret that is only ever sent is replaced in what the component sees by `secret://KEY?v=FINGERPRINT`. The component writes that
text where the secret belongs; on the way out, behind the policy, the host puts the secret in: as a whole value of the query or of a
form, as a whole JSON string or header value, after `Bearer `, or as the password of `Basic `, and only towards the hosts that it is
tied to. Anywhere else the request is denied. A secret that an answer sends back is masked.
"""

from .injector import Injector, Secret
from .placeholders import SCHEME, extract

__all__ = ["SCHEME", "Injector", "Secret", "extract"]

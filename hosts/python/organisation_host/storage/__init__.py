"""The contract's storage on SQLite, in one file that several processes of a machine share."""

from .quota import Quota
from .sealing import SealingKey
from .store import Scope, Store

__all__ = ["Quota", "Scope", "SealingKey", "Store"]

"""Loads an instance of the Type `auths.loginTypes.WecomElement`."""

from .login import WecomLogin


class Loader:
    def __init__(self, nodes):
        self.nodes = nodes

    def load(self):
        return WecomLogin(self.nodes[0])

"""Loads an instance of the Type `corps.WecomElement`. Cheap: the component is compiled at the first call."""

from .organisation import WecomOrganisation


class Loader:
    def __init__(self, nodes):
        self.nodes = nodes

    def load(self):
        return WecomOrganisation(self.nodes[0])

"""The official name with the component behind it: instances that exist go on working. Optional, see README.md."""

from corps.WecomElement.organisation import WecomOrganisation


class Loader:
    def __init__(self, nodes):
        self.nodes = nodes

    def load(self):
        return WecomOrganisation(self.nodes[0])

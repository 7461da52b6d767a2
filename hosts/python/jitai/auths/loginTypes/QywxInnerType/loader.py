"""The official name with the component behind it: instances that exist go on working. Optional, see README.md."""

from auths.loginTypes.WecomElement.login import WecomLogin


class Loader:
    def __init__(self, nodes):
        self.nodes = nodes

    def load(self):
        return WecomLogin(self.nodes[0])

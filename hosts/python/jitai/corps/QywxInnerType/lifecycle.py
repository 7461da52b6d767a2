"""Hooks of the Type, as those of `corps.WecomElement`: whether an override inherits them is not documented."""

from corps.WecomElement.lifecycle import onCreate, onDelete, onException, onUpdate

__all__ = ["onCreate", "onDelete", "onException", "onUpdate"]

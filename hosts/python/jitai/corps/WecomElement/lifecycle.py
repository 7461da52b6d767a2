"""Hooks of the Type. `initCorp` may come twice or not at all, so it can be repeated; nothing is erased when an instance goes."""

from .hosting import forget
from .platform import log


def onCreate(fullName):
    app.getElement(fullName).initCorp()
    return {"status": "success"}


def onUpdate(fullName):
    forget(fullName)
    return {"status": "success"}


def onDelete(fullName):
    forget(fullName)
    return {"status": "success"}


def onException(fullName, title, exc):
    log.warning("%s (%s): %s", fullName, title, type(exc).__name__)
    return {"status": "success"}

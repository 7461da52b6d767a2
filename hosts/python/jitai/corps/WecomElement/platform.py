"""Everything that exists on the platform alone, in one place."""

import logging

try:
    from jit.errcode import Code
except ImportError:
    # Outside the platform, as in a debugger.
    class Code(Exception):
        def __init__(self, code, reason):
            super().__init__(reason)
            self.code = code
            self.reason = reason

        def formatReason(self, **values):
            return Code(self.code, self.reason.format(**values))


try:
    from jit.commons.utils.logger import log
except ImportError:
    log = logging.getLogger("wecom_element")


def new_row(app, model, values):
    """A row as the platform has it, else an object whose fields have `.value` as those of a row do."""
    try:
        return app.newVariable({"dataType": "RowData", "generic": model}, values)
    except Exception:
        # What `newVariable` raises for a model that is not there is not documented.
        log.debug("no row of %s: a plain one instead", model)
        return PlainRow(values)


class PlainField(str):
    """A text that also answers `.value`."""

    @property
    def value(self):
        return str(self)


class PlainRow:
    def __init__(self, values):
        for name, value in values.items():
            setattr(self, name, PlainField(value))


def native(value):
    """The native value of an argument, which may be one of the platform's data types."""
    value = getattr(value, "value", value)
    if isinstance(value, (list, tuple)):
        return [native(each) for each in value]
    return value


def text(value):
    """An id: texts everywhere, whatever the caller has."""
    value = native(value)
    return "" if value is None else str(value)

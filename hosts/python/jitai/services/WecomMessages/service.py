"""Messages and approvals, as functions that pages and flows can call."""

from corps.WecomElement.platform import native, text
from services.NormalType import NormalService

ORGANISATION = "corps.MyWecom"


class WecomMessages(NormalService):
    def sendText(self, memberIds, content, key=None):
        """Sends a text to members. `invalid` names whoever does not get it."""
        members = [text(member) for member in native(memberIds)]
        sent = app.getElement(ORGANISATION).sendMessage(
            {"members": members}, ("text", text(content)), text(key) or None
        )
        return {
            "delivery": sent["delivery"],
            "messageIds": [part["message_id"] for part in sent["parts"]],
            "invalid": [recipient["id"] for recipient in sent["invalid"]],
        }

    def approval(self, number):
        """How a request stands."""
        found = app.getElement(ORGANISATION).getApproval(text(number))
        return {key: found[key] for key in ("number", "name", "status", "applicants")}

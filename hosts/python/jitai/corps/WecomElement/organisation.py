"""The organisation: the methods of the platform's WeCom organisation under their names, each a call of the component."""

import base64
import json

from .codes import as_codes, refusal
from .hosting import configuration, element_of, self_check
from .organisation_host import Case, Limits, synchronise
from .platform import log, native, new_row, text
from .rows import department_row, local_corp_data, member_row, write_rows

#: Seconds that a sync may wait for WeCom within one request.
LONGEST_WAIT = 30
#: WeCom waits for a second, and a stranger can send to the address as well.
CALLBACK = Limits(wall_ms=5_000, cpu_ms=1_000)
#: What the platform calls a member who is there, and one who is not.
STATUS = {
    "active": "active",
    "1": "active",
    "在职": "active",
    "offline": "resigned",
    "2": "resigned",
    "离职": "resigned",
}


class CorpData(dict):
    """A dict that also answers attributes: pages differ in how they read it."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class WecomOrganisation:
    """What `app.getElement("corps.<name>")` answers."""

    def __init__(self, node):
        self.node = node

    # Properties.

    @property
    def fullName(self):
        return self.node.fullName

    @property
    def corpFullName(self):
        return self.node.fullName

    @property
    def authFullName(self):
        return self.node.fullName.replace("corps.", "auths.loginTypes.", 1)

    @property
    def title(self):
        return self.node.define.get("title") or self.node.name

    @property
    def authConfig(self):
        """Never with the secret."""
        with as_codes():
            document = configuration(self.node)
        nested = document.get("authConfig")
        merged = {**(nested if isinstance(nested, dict) else {}), **document}
        return {key: str(merged.get(key, "")) for key in ("corpId", "agentId")} | {"secret": "***"}

    @property
    def corpId(self):
        return self.authConfig["corpId"]

    @property
    def corpData(self):
        return self.getCorpInfo()

    # The directory.

    def initCorp(self):
        """Prepares and syncs at once; may be repeated."""
        self.syncCorp()

    def syncCorp(self):
        """Brings the copy up to date. Raises a Code where WeCom asks for a longer wait, or a removal has to be approved."""
        with as_codes():
            report = synchronise(self._element, longest_wait=LONGEST_WAIT)
        members = report["members"]
        log.info(
            "%s: %s members, %s changed",
            self.fullName,
            report["members_total"],
            sum(members.values()) - members["unchanged"],
        )

    def approveSync(self, run):
        """Agrees to what a blocked run would remove, and carries it out. Its id stands in the text of the error."""
        with as_codes():
            synchronise(self._element, longest_wait=LONGEST_WAIT, approve=text(run))

    def getThirdCorpData(self):
        """WeCom's organisation as it is in the copy after a sync."""
        self.syncCorp()
        with as_codes():
            departments = [department_row(self.fullName, each) for each in self._element.departments()]
            members = [member_row(self.fullName, each) for each in self._present()]
        return CorpData(
            corpId=self.corpId,
            corpName=self.title,
            userDict={member["userId"]: member for member in members},
            deptDict={department["deptId"]: department for department in departments},
            deptList=departments,
        )

    def bulkRegister(self, corpData, memberList=None):
        """Writes what `getThirdCorpData` answered into the platform's tables, where `rows` is switched on."""
        write_rows(self.node.app, self.fullName, native(corpData), native(memberList))

    def getLocalCorpData(self):
        """The copy as it is, without asking WeCom: `userList` (who is there), `deptList` and what other pages name."""
        with as_codes():
            return local_corp_data(self.fullName, self.title, self._element.departments(), self._element.members())

    def getRootDept(self):
        """The one department at the top; where the app sees several, one that is named like the organisation."""
        with as_codes():
            roots = self._element.departments(level="roots")
        if len(roots) == 1:
            name, number = roots[0]["name"], roots[0]["id"]
        else:
            name, number = self.title, "1"
        values = {"deptId": number, "name": name, "corpFullName": self.fullName}
        return new_row(self.node.app, "corps.models.CorpDept", values)

    def getDepts(self):
        """Rows of all departments of the copy."""
        return self.getLocalCorpData()["deptList"]

    def getDept(self, deptId):
        """The row of one department. Raises a Code where the copy has none."""
        with as_codes():
            return department_row(self.fullName, self._element.call("directory.find-department", text(deptId)))

    def getMembers(self, status=None):
        """Rows of members: of all, or of those with a status, in any spelling of `STATUS`."""
        spelt = text(status)
        wanted = STATUS.get(spelt)
        if spelt and wanted is None:
            known = ", ".join(STATUS)
            raise refusal(
                "invalid-argument", f"没有状态 {spelt}，可用：{known} / there is no status {spelt}, use {known}"
            )
        with as_codes():
            if wanted == "resigned":
                gone = [self._element.members(status=each) for each in ("resigned", "left-range")]
                found = [member for members in gone for member in members]
            else:
                found = self._element.members() if wanted is None else self._present()
            return [member_row(self.fullName, member) for member in found]

    def getMember(self, memberId):
        """The row of one member. Raises a Code where the copy has none."""
        with as_codes():
            return member_row(self.fullName, self._element.call("directory.find-member", text(memberId)))

    def getCorpInfo(self):
        """Title, names, counts and how the last sync ended; never the secret."""
        with as_codes():
            overview = self._element.call("directory.overview")
        last = overview["last_run"]
        return {
            "title": self.title,
            "fullName": self.fullName,
            "corpFullName": self.fullName,
            "corpId": self.corpId,
            "memberCount": sum(overview["members"][key] for key in ("active", "disabled", "not_activated")),
            "deptCount": overview["departments"],
            "sync": None
            if last is None
            else {"state": last["outcome"], "finishedAt": last["finished_at"], "run": last["run"]},
        }

    # What the platform says of members.

    def setUserRole(self, memberId, roleIdList):
        """Clears, then sets. Answers a row for each role."""
        member = text(memberId)
        with as_codes():
            roles = [text(role) for role in native(roleIdList)]
            stored = self._element.call("administration.set-member-roles", member, roles, self._actor())
        values = [{"memberId": member, "roleId": role, "corpFullName": self.fullName} for role in stored["roles"]]
        return [new_row(self.node.app, "corps.models.CorpRoleMember", row) for row in values]

    def offlineMember(self, memberIdList):
        """Says that members have resigned here. Raises a Code that names whoever it cannot be said of; the others have."""
        with as_codes():
            members = [text(member) for member in native(memberIdList)]
            outcomes = self._element.call("administration.retire-members", members, self._actor())
        refused = [outcome for outcome in outcomes if outcome["problem"] is not None]
        if refused:
            shown = "; ".join(f"{outcome['id']}: {outcome['problem']['message']}" for outcome in refused)
            raise refusal(refused[0]["problem"]["reason"].tag, shown)

    def setAdmin(self, memberIdList):
        """These members are the administrators, and nobody else."""
        with as_codes():
            members = [text(member) for member in native(memberIdList)]
            self._element.call("administration.set-administrators", members, self._actor())
        return {}

    def getAdmin(self):
        """Ids of the administrators."""
        with as_codes():
            return self._element.call("administration.administrators")

    def getUserSignature(self, memberId):
        """The address of the picture of a member's signature, empty where there is none."""
        with as_codes():
            return {"signature": self._element.call("administration.signature", text(memberId)) or ""}

    def saveUserSignature(self, memberId, signature):
        """Keeps such an address; an empty one takes it away."""
        with as_codes():
            address = text(signature) or None
            self._element.call("administration.set-signature", text(memberId), address, self._actor())
        return {"status": "success"}

    # WeCom's own API, messages and approvals.

    def getClient(self):
        """Calls of WeCom's API, signed inside the component: `getClient().call("GET", "/cgi-bin/department/list")`."""
        return WecomClient(self)

    def sendMessage(self, to, content, key=None):
        """Sends a message: `sendMessage({"members": ["lisi"]}, ("text", "hello"))`. `content` is a case of `messaging.content`;
        whoever repeats it with the same `key` within a day sends it to nobody twice."""
        recipients = {"everybody": False, "members": [], "departments": [], "tags": [], "roles": [], **native(to)}
        message = {
            "to": recipients,
            "content": Case(*content),
            "sharing": "free",
            "translate_ids": False,
            "idempotency_key": key,
        }
        with as_codes():
            return self._element.call("messaging.send", message)

    def recallMessage(self, messageId):
        """Takes a message back, as long as WeCom allows it."""
        with as_codes():
            self._element.call("messaging.recall", text(messageId))

    def getApprovalTemplate(self, templateId):
        """What a template asks for."""
        with as_codes():
            return self._element.call("approvals.describe-template", text(templateId))

    def submitApproval(self, request):
        """Makes a request (`approvals.approval-request`) and answers its number."""
        with as_codes():
            return self._element.call("approvals.submit", native(request))

    def getApproval(self, number):
        """A request for approval: who, what, and how it stands."""
        with as_codes():
            return self._element.call("approvals.detail", text(number))

    # What WeCom sends.

    def handleCallback(self, route, method, query, headers, body):
        """Hands in a request of WeCom as it arrived: `(response, events, follow_ups)`. The service `WecomCallback` calls it.

        `body`: bytes, or None.
        """
        request = {
            "route": route,
            "method": method,
            "query": query,
            "headers": [{"name": name, "value": value} for name, value in headers],
            "body": _carried(body) if body else None,
        }
        with as_codes():
            handled = self._element.call("callbacks.handle", request, limits=CALLBACK)
        return handled["response"], handled["events"], handled["follow_ups"]

    def followUp(self, task):
        """Does what a callback left; answers what that leaves."""
        with as_codes():
            return self._element.call("callbacks.follow-up", task)

    def checkConnection(self):
        """What WeCom says of the configuration, one line for each aspect."""
        with as_codes():
            verdicts = self._element.check_connection()
        keys = ("status", "code", "message", "hint")
        return [
            {"aspect": each["aspect"].value or each["aspect"].tag, **{key: each[key] for key in keys}}
            for each in verdicts
        ]

    def selfCheck(self):
        """What an engineer wants to know first: component, bridge, folder."""
        with as_codes():
            return self_check(self.node)

    @property
    def _element(self):
        return element_of(self.node)

    def _present(self):
        found = self._element.members()
        return [member for member in found if member["status"] in ("active", "disabled", "not-activated")]

    def _actor(self):
        user = getattr(self.node.app, "currentUser", None)
        return text(getattr(user, "memberId", None)) or "platform"


def _carried(body):
    """Bytes as the contract carries them; what is no text goes on as it is, too."""
    try:
        return Case("text", body.decode())
    except UnicodeDecodeError:
        return Case("base64", base64.b64encode(body).decode())


class WecomClient:
    """WeCom's API without a token: the component adds it."""

    def __init__(self, organisation):
        self._organisation = organisation
        self.department = _Listed(self, "/cgi-bin/department/list", "department")

    def call(self, method, path, query=None, body=None):
        """Answers WeCom's JSON as it is."""
        request = {
            "method": method,
            "path": path,
            "query": [{"name": name, "value": str(value)} for name, value in (query or {}).items()],
            "payload": None if body is None else Case("json", json.dumps(body, ensure_ascii=False)),
        }
        with as_codes():
            kind, content = self._organisation._element.call("vendor.call", request)["body"]
        return json.loads(content) if kind == "text" else content


class _Listed:
    def __init__(self, client, path, key):
        self._client, self._path, self._key = client, path, key

    def list(self):
        return self._client.call("GET", self._path)[self._key]

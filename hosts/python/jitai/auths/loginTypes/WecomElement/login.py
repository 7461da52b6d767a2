"""The login: the methods of the platform's WeCom login under their names."""

from corps.WecomElement.codes import as_codes, refusal
from corps.WecomElement.hosting import configuration, element_of, organisation_of
from corps.WecomElement.organisation_host import synchronise
from corps.WecomElement.platform import native, text
from corps.WecomElement.rows import member_row

from .issue import issue_login

#: Functions that may be called over HTTP, as `functionList` of e.json names them; nothing else of the object is.
FUNCTIONS = ("getLoginConfig", "getLoginCode", "loginByWorkbench")
#: How a configuration says that the login is switched off.
OFF = (False, "0", "false", "False")


class WecomLogin:
    """What `app.getElement("auths.loginTypes.<name>")` answers."""

    def __init__(self, node):
        self.node = node

    @property
    def fullName(self):
        return self.node.fullName

    @property
    def title(self):
        return self.node.define.get("title") or self.node.name

    @property
    def authConfig(self):
        """Never with the secret."""
        with as_codes():
            corp, agent = organisation_of(configuration(self.node)).split("/", 1)
        return {"corpId": corp, "agentId": agent, "corpSecret": "***"}

    def getLoginConfig(self):
        """What a page needs for WeCom's sign-in widget, with a fresh state."""
        with as_codes():
            found = self._element.login_config()
        return {
            "corpId": found["organisation_id"],
            "agentId": found["application_id"],
            "redirectUri": found["redirect_uri"],
            "state": found["state"],
        }

    def getLoginUrl(self, entry="browser", returnTo=None):
        """Where to send a browser: `browser`, `workspace` or `workspace-consent`."""
        with as_codes():
            return self._element.authorization_url(text(entry), return_to=text(returnTo) or None)["url"]

    def getLoginCode(self, authCode=None, state=None, **further):
        """Who it is that came back with this code. Callers spell the code `authCode` or `code`; what else they send is ignored.

        Refuses the constant state of a home page: anybody could have sent this browser here with their own code.
        """
        given = native(authCode)
        if isinstance(given, dict):
            # Front ends of other vendors hand everything over in one object.
            return self.getLoginCode(**given)
        return self._signed_in(given or further.get("code"), state, further.get("corpId"))

    def loginByWorkbench(self, corpId=None, code=None, platform=None, **further):
        """As `getLoginCode`, from the workspace. Answers what `issue_login` makes of it, too.

        Here the constant state is accepted, since the documented home page carries the organisation's id as its state: then
        `stateVerified` is false in what `issue_login` is given.
        """
        state = further.get("state") or corpId or self.authConfig["corpId"]
        identity = self._signed_in(code or further.get("authCode"), state, corpId, constant_state=True)
        return {**identity, **issue_login(self.node, identity)}

    def getUserInfo(self, userId):
        """A member of the copy; asks WeCom where it is not there."""
        with as_codes():
            found = self._element.call("directory.find-members", [text(userId)])[0]
            member = found or self._element.call("directory.sync-member", text(userId))
        return member_row(self.fullName, member)

    def getAccessToken(self):
        """No token leaves the component."""
        raise refusal(
            "unsupported",
            "令牌不外传：用组织元素的 getClient() 调用接口 / no token is handed out: call the API through getClient()",
        )

    def syncUserInfo(self, userId, forceUpdate=False):
        """Fetches a member whom the copy has not, or in any case with `forceUpdate`."""
        with as_codes():
            known = self._element.call("directory.find-members", [text(userId)])[0]
            if known is None or native(forceUpdate):
                self._element.call("directory.sync-member", text(userId))

    def syncDepartmentInfo(self, deptId=None):
        """One department; all of the organisation where none is named."""
        with as_codes():
            if text(deptId):
                self._element.call("directory.sync-department", text(deptId))
            else:
                synchronise(self._element, longest_wait=30)

    def requestHandle(self, request):
        """A call over HTTP: the last part of the path is the function, `argsDict` its arguments."""
        function = request.path.rstrip("/").rsplit("/", 1)[-1]
        if function not in FUNCTIONS:
            raise refusal("unsupported", f"没有函数 {function} / there is no function {function}")
        return getattr(self, function)(**(getattr(request, "argsDict", None) or {}))

    @property
    def _element(self):
        return element_of(self.node)

    def _signed_in(self, code, state, corp, constant_state=False):
        own = self.authConfig["corpId"]
        if text(corp) and text(corp) != own:
            raise refusal("login-rejected", "授权码属于另一家企业 / the code is another organisation's")
        with as_codes():
            if configuration(self.node).get("isActive") in OFF:
                raise refusal("login-rejected", "此登录方式已停用 / this login is switched off")
            exchange = self._element.exchange_code(text(code), text(state) or None)
            if not (exchange["state_verified"] or constant_state):
                raise refusal(
                    "login-rejected",
                    "state 未经验证，只能用于工作台免登 / the state was not verified: it serves the workspace's home page alone",
                )
            tag, who = exchange["outcome"]
            if tag != "member":
                raise refusal("login-rejected", "不是本企业成员 / not a member of this organisation")
            known = self._element.call("directory.find-members", [who["id"]])[0]
        sensitive = who["sensitive"] or {}
        row = {} if known is None else member_row(self.fullName, known)
        return {
            **row,
            "userId": who["id"],
            "name": who["name"] or "",
            "mobile": sensitive.get("mobile") or row.get("mobile", ""),
            "email": sensitive.get("email") or row.get("email", ""),
            "avatar": sensitive.get("avatar") or row.get("avatar", ""),
            "gender": sensitive.get("gender") or row.get("gender", ""),
            "position": row.get("position", ""),
            "department": who["departments"],
            "status": 1 if who["in_visible_range"] else 2,
            "isLeader": row.get("isLeader", False),
            "roles": who["roles"],
            "inDirectory": who["in_directory"],
            "stateVerified": exchange["state_verified"],
            "returnTo": exchange["return_to"] or "",
            "loginCode": "",
            "corpList": [{"corpId": own, "title": self.title, "memberId": who["id"]}],
        }

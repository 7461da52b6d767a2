"""How a sign-in becomes a signed-in user of the platform: not documented, so this is the one place to fill in."""

from corps.WecomElement.codes import refusal


def issue_login(node, identity):
    """Turns an identity (`userId`, `department`, `roles` …) into what the platform's front end wants: a dict with its token.

    Refuse whoever must not enter here: no role, or `inDirectory` false. Where `stateVerified` is false nothing shows that the sign-in
    began in this browser: grant no more than the workspace's home page needs.
    """
    raise refusal(
        "not-decided",
        f"成员 {identity['userId']} 已确认身份，平台登录尚未接入：改写 auths.loginTypes.WecomElement.issue / "
        "the member is known, but how the platform signs somebody in is not filled in: write issue.issue_login",
    )

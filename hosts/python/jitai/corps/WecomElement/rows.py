"""Members and departments as rows of the platform.

The columns of `corps.models.CorpMember` and `CorpDept` are not published: those that pages name stand here, in one table each, and
`write_rows` does nothing before somebody has compared them with the tables of an app and set WRITES.
"""

from .platform import log

#: Whether `bulkRegister` writes into the platform's tables.
WRITES = False

PRESENT = ("active", "disabled", "not-activated")


def member_row(corp, member):
    """One member. Under `userId` for the documented dict, under `memberId` for the platform's tables."""
    return {
        "memberId": member["id"],
        "userId": member["id"],
        "name": member["name"],
        "nick": member["alias"] or "",
        "mobile": member["mobile"] or "",
        "phone": member["mobile"] or "",
        "email": member["email"] or member["business_email"] or "",
        "avatar": member["avatar"] or "",
        "photo": member["avatar"] or "",
        "gender": member["gender"] or "",
        "position": member["position"] or "",
        "department": [place["id"] for place in member["departments"]],
        "mainDepartment": member["main_department"] or "",
        "isLeader": any(place["leader"] for place in member["departments"]),
        "leaders": member["direct_leaders"],
        "status": 1 if member["status"] in PRESENT else 2,
        "corpFullName": corp,
    }


def department_row(corp, department):
    """One department."""
    return {
        "deptId": department["id"],
        "name": department["name"],
        "parentId": department["parent_id"] or "",
        "order": department["order"],
        "leaders": department["leaders"],
        "corpFullName": corp,
    }


def local_corp_data(corp, title, departments, members):
    """All keys that any page documents."""
    rows = {each["id"]: department_row(corp, each) for each in departments}
    for row in rows.values():
        row["path"] = "/".join(_path(rows, row["deptId"]))
    present = [member for member in members if member["status"] in PRESENT]
    return {
        "corp": {"fullName": corp, "title": title},
        "userList": [member_row(corp, member) for member in present],
        "deptList": list(rows.values()),
        "deptMemberList": [
            {"deptId": place["id"], "memberId": member["id"], "isLeader": place["leader"]}
            for member in present
            for place in member["departments"]
        ],
        "roleList": [
            {"roleId": role, "name": role} for role in sorted({role for member in present for role in member["roles"]})
        ],
        "roleGroupList": [],
        "roleMemberSet": {(role, member["id"]) for member in present for role in member["roles"]},
    }


def _path(rows, number):
    path = []
    # A vendor that sends departments in a circle must not keep us here.
    while number in rows and number not in path:
        path.insert(0, number)
        number = rows[number]["parentId"]
    return path


def write_rows(app, corp, data, members=None):
    """Writes departments and members, and marks whoever is missing as resigned."""
    if not WRITES:
        log.info("%s: rows are not written: rows.WRITES is off", corp)
        return
    wanted = data["userDict"] if members is None else {key: data["userDict"][key] for key in members}
    columns = ("deptId", "name", "parentId", "corpFullName")
    _write(app, "corps.models.CorpDept", [{key: row[key] for key in columns} for row in data["deptList"]])
    columns = ("memberId", "name", "nick", "phone", "email", "photo", "gender", "status", "corpFullName")
    _write(app, "corps.models.CorpMember", [{key: row[key] for key in columns} for row in wanted.values()])


def _write(app, model, rows):
    app.getElement(model).createOrUpdateMany(rows, triggerEvent=0)

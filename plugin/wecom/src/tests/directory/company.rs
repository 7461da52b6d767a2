//! A company that answers like WeCom, small enough to be shuffled by a property test. The faithful one is the
//! simulator; this one exists so that kills and races can be placed between any two steps of a native run.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use serde_json::{Value, json};

use crate::fake::{FakePlatform, errcode, ok, path, query};
use organisation_kit::contract::http::{HttpError, Request, Response};

/// Departments by id: parent and name.
pub(super) type Departments = BTreeMap<u64, (u64, String)>;
/// Members by lower-case id.
pub(super) type Members = BTreeMap<String, Person>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) departments: Vec<u64>,
    pub(super) status: u8,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    pub(super) departments: Departments,
    pub(super) members: Members,
    /// Members granted one by one; the others are visible by their departments.
    pub(super) granted: Vec<String>,
    /// Answered once instead of the truth, by path.
    pub(super) fault: Option<(&'static str, i64)>,
    /// Keys of a member's row that come otherwise, or with `null` not at all, by lower-case id.
    pub(super) odd_members: BTreeMap<String, Value>,
    /// The same for departments.
    pub(super) odd_departments: BTreeMap<u64, Value>,
    /// Answered instead of the truth, by path.
    pub(super) instead: BTreeMap<&'static str, &'static str>,
    /// Members and departments of tags.
    pub(super) tags: BTreeMap<String, (Vec<String>, Vec<u64>)>,
    /// Refused whenever it is asked, by path and id.
    pub(super) refused: BTreeMap<(&'static str, String), i64>,
}

pub(super) type Shared = Rc<RefCell<Company>>;

impl Company {
    pub(super) fn person(&mut self, id: &str, name: &str, departments: &[u64]) -> &mut Person {
        let person = Person { id: id.into(), name: name.into(), departments: departments.to_vec(), status: 1 };
        self.members.insert(id.to_lowercase(), person);
        self.members.get_mut(&id.to_lowercase()).unwrap()
    }

    pub(super) fn department(&mut self, id: u64, parent: u64, name: &str) {
        self.departments.insert(id, (parent, name.into()));
    }

    /// What a complete sync must end with.
    pub(super) fn visible(&self) -> Members {
        self.members
            .iter()
            .filter(|(key, person)| self.is_visible(key, person))
            .map(|(k, p)| (k.clone(), p.clone()))
            .collect()
    }

    fn is_visible(&self, key: &str, person: &Person) -> bool {
        person.departments.iter().any(|id| self.departments.contains_key(id)) || self.granted.iter().any(|id| id == key)
    }

    fn answer(&mut self, request: &Request) -> Result<Response, HttpError> {
        let path = path(request);
        let api = path.strip_prefix("/cgi-bin/").unwrap();
        if let Some((_, code)) = self.fault.take_if(|(fault, _)| *fault == api) {
            return errcode(code, "fault");
        }
        if let Some(answer) = self.instead.get(api) {
            return ok(*answer);
        }
        match api {
            "gettoken" => ok(r#"{"errcode":0,"errmsg":"ok","access_token":"token-1","expires_in":7200}"#),
            "agent/get" => ok(json!({
                "errcode": 0, "agentid": 1000073, "name": "app", "close": 0, "redirect_domain": "app.example.com",
                "allow_partys": {"partyid": self.departments.keys().take(1).collect::<Vec<_>>()},
                "allow_userinfos": {"user": self.granted.iter().map(|id| json!({"userid": id})).collect::<Vec<_>>()},
            })
            .to_string()),
            "department/list" => {
                let rows: Vec<Value> =
                    self.departments.iter().rev().map(|(id, row)| self.department_row(*id, row)).collect();
                ok(json!({"errcode": 0, "department": rows}).to_string())
            }
            "department/get" => {
                let id: u64 = query(request, "id").unwrap().parse().unwrap();
                if let Some(code) = self.refused.get(&("department/get", id.to_string())) {
                    return errcode(*code, "refused");
                }
                match self.departments.get(&id) {
                    Some(row) => ok(json!({"errcode": 0, "department": self.department_row(id, row)}).to_string()),
                    None => errcode(60003, "department not found"),
                }
            }
            "user/list" => {
                let id: u64 = query(request, "department_id").unwrap().parse().unwrap();
                if !self.departments.contains_key(&id) {
                    return errcode(60003, "department not found");
                }
                let members = self.members.values().filter(|person| person.departments.contains(&id));
                let rows: Vec<Value> = members.map(|person| self.row(person)).collect();
                ok(json!({"errcode": 0, "userlist": rows}).to_string())
            }
            "user/get" => {
                let id = query(request, "userid").unwrap().to_lowercase();
                if let Some(code) = self.refused.get(&("user/get", id.clone())) {
                    return errcode(*code, "refused");
                }
                match self.members.get(&id).filter(|person| self.is_visible(&id, person)) {
                    Some(person) => ok(self.row(person).to_string()),
                    None => errcode(60111, "userid not found"),
                }
            }
            "tag/get" => {
                let id = query(request, "tagid").unwrap();
                if let Some(code) = self.refused.get(&("tag/get", id.clone())) {
                    return errcode(*code, "refused");
                }
                let Some((members, departments)) = self.tags.get(&id) else { return errcode(40068, "invalid tagid") };
                let members: Vec<Value> = members.iter().map(|id| json!({"userid": id, "name": "x"})).collect();
                ok(json!({"errcode": 0, "tagname": "t", "userlist": members, "partylist": departments}).to_string())
            }
            other => panic!("{other} is not played"),
        }
    }

    fn row(&self, person: &Person) -> Value {
        let visible: Vec<u64> =
            person.departments.iter().copied().filter(|id| self.departments.contains_key(id)).collect();
        let row = json!({"userid": person.id, "name": person.name, "department": visible, "status": person.status});
        patched(row, self.odd_members.get(&person.id.to_lowercase()))
    }

    fn department_row(&self, id: u64, (parent, name): &(u64, String)) -> Value {
        let row = json!({"id": id, "name": name, "parentid": parent, "order": 0, "department_leader": []});
        patched(row, self.odd_departments.get(&id))
    }
}

/// A row with the keys of the patch; `null` takes one away.
fn patched(mut row: Value, patch: Option<&Value>) -> Value {
    let fields = row.as_object_mut().unwrap();
    for (key, value) in patch.and_then(Value::as_object).into_iter().flatten() {
        match value {
            Value::Null => drop(fields.remove(key)),
            value => drop(fields.insert(key.clone(), value.clone())),
        }
    }
    row
}

/// A platform on which this company is WeCom.
pub(super) fn platform(company: Company) -> (FakePlatform, Shared) {
    let shared = Rc::new(RefCell::new(company));
    let fake = FakePlatform::new();
    let server = shared.clone();
    fake.serve(move |request| server.borrow_mut().answer(request));
    (fake, shared)
}

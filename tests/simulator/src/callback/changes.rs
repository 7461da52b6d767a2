//! What the difference of two states of the organisation tells: changes of contacts, and who entered or left the range
//! of an app (fact sheet section 7.6).

use std::collections::{BTreeMap, BTreeSet};

use super::event::{Event, EventValue};
use crate::behaviour::Callbacks;
use crate::corp::{App, Corp, Member, MemberKey, Status, Tag, Visible, key};

/// Ids of members before and after they were renamed.
type Renames = BTreeMap<MemberKey, MemberKey>;

/// Members that are the same but for their id.
fn renames(before: &Corp, after: &Corp) -> Renames {
    let gone: Vec<&Member> = before.members().filter(|member| after.member(&member.id).is_none()).collect();
    let new = after.members().filter(|member| before.member(&member.id).is_none());
    new.filter_map(|new| {
        let same = |old: &&&Member| Member { id: new.id.clone(), ..(**old).clone() } == *new;
        gone.iter().find(same).map(|old| (key(&old.id), key(&new.id)))
    })
    .collect()
}

/// The events of the contact-sync assistant.
pub(crate) fn contact_events(before: &Corp, after: &Corp, how: &Callbacks) -> Vec<Event> {
    let renames = renames(before, after);
    let mut events = Vec::new();
    departments(&mut events, before, after, how);
    for member in after.members() {
        let old_id = renames.iter().find(|(_, new)| **new == key(&member.id)).map(|(old, _)| old.clone());
        let old = before.member(old_id.as_deref().unwrap_or(&member.id));
        match old {
            Some(old) if std::ptr::eq(old, member) || old == member => {}
            Some(old) => events.extend(update_user(old, member, how)),
            None => {
                let create =
                    with_all(Event::change_contact("create_user").with("UserID", member.id.as_str()), member, how);
                events.push(create);
                if how.three_on_create {
                    let update = Event::change_contact("update_user").with("UserID", member.id.as_str());
                    let update = update.with("Department", departments_of(member));
                    events.extend([update.clone(), update]);
                }
            }
        }
    }
    for member in before.members() {
        if after.member(&member.id).is_none() && !renames.contains_key(&key(&member.id)) {
            events.push(Event::change_contact("delete_user").with("UserID", member.id.as_str()));
        }
    }
    for tag in after.tags() {
        events.extend(before.tag(tag.id).and_then(|old| update_tag(old, tag)));
    }
    events
}

fn departments(events: &mut Vec<Event>, before: &Corp, after: &Corp, how: &Callbacks) {
    for department in after.departments() {
        let event = |change: &str| Event::change_contact(change).with("Id", department.id);
        match before.department(department.id) {
            None => {
                let event = event("create_party").with("ParentId", department.parent.to_string());
                events.push(if how.full_contact_events {
                    event.with("Name", department.name.as_str()).with("Order", department.order)
                } else {
                    event
                });
            }
            Some(old) if old.parent != department.parent => {
                events.push(event("update_party").with("ParentId", department.parent.to_string()));
            }
            Some(old) if how.full_contact_events && old.name != department.name => {
                events.push(event("update_party").with("Name", department.name.as_str()));
            }
            Some(_) => {}
        }
    }
    for department in before.departments().filter(|department| after.department(department.id).is_none()) {
        events.push(Event::change_contact("delete_party").with("Id", department.id));
    }
}

/// Addresses saved since August 2022 are told of a department or an id alone.
fn update_user(old: &Member, new: &Member, how: &Callbacks) -> Option<Event> {
    let mut event = Event::change_contact("update_user").with("UserID", old.id.as_str());
    let mut changed = old.id != new.id;
    if changed {
        event = event.with("NewUserID", new.id.as_str());
    }
    if departments_of(old) != departments_of(new) {
        changed = true;
        event = event.with("Department", departments_of(new));
    }
    if how.full_contact_events {
        for ((name, before), (_, after)) in details(old).into_iter().zip(details(new)) {
            if before != after {
                changed = true;
                event = event.with(name, after);
            }
        }
    }
    changed.then_some(event)
}

fn with_all(event: Event, member: &Member, how: &Callbacks) -> Event {
    let event = event.with("Department", departments_of(member));
    if how.full_contact_events {
        details(member).into_iter().fold(event, |event, (name, value)| event.with(name, value))
    } else {
        event
    }
}

fn departments_of(member: &Member) -> String {
    joined(member.departments.iter().map(|place| place.department.to_string()))
}

/// What only addresses saved before August 2022 are told.
fn details(member: &Member) -> Vec<(&'static str, EventValue)> {
    let leads = member.departments.iter().map(|place| if place.leader { "1" } else { "0" }.to_owned());
    vec![
        ("Name", member.name.as_str().into()),
        ("MainDepartment", member.main().unwrap_or_default().into()),
        ("IsLeaderInDept", joined(leads).into()),
        ("DirectLeader", joined(member.direct_leaders.iter().cloned()).into()),
        ("Position", member.position.as_str().into()),
        ("Mobile", member.mobile.as_str().into()),
        ("Gender", member.gender.text().into()),
        ("Email", member.email.as_str().into()),
        ("BizMail", member.biz_mail.as_str().into()),
        ("Status", member.status.number().into()),
        ("Avatar", member.avatar.as_ref().into()),
        ("Alias", member.alias.as_str().into()),
        ("Telephone", member.telephone.as_str().into()),
        ("Address", member.address.as_str().into()),
    ]
}

fn update_tag(old: &Tag, new: &Tag) -> Option<Event> {
    let texts = |tag: &Tag| tag.members().map(str::to_owned).collect::<BTreeSet<_>>();
    let numbers = |tag: &Tag| tag.departments().map(|id| id.to_string()).collect::<BTreeSet<_>>();
    let mut event = Event::change_contact("update_tag").with("TagId", new.id);
    let mut changed = false;
    for (name, before, after) in [
        ("AddUserItems", texts(old), texts(new)),
        ("DelUserItems", texts(new), texts(old)),
        ("AddPartyItems", numbers(old), numbers(new)),
        ("DelPartyItems", numbers(new), numbers(old)),
    ] {
        let items = joined(after.difference(&before).cloned());
        if !items.is_empty() {
            changed = true;
            event = event.with(name, items);
        }
    }
    changed.then_some(event)
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(",")
}

/// Who entered and who left the range of an app.
pub(crate) fn range_events(before: &Corp, after: &Corp, app: &App) -> Vec<Event> {
    let renames = renames(before, after);
    let renamed = |id: MemberKey| renames.get(&id).cloned().unwrap_or(id);
    let was = before.app(app.id).map(|app| present(before, app)).unwrap_or_default();
    let was: BTreeMap<MemberKey, String> = was.into_iter().map(|(id, shown)| (renamed(id), shown)).collect();
    let is = present(after, app);
    let left = was.iter().filter(|(id, _)| !is.contains_key(*id)).map(|(_, shown)| Event::unsubscribe(shown));
    let entered = is.iter().filter(|(id, _)| !was.contains_key(*id)).map(|(_, shown)| Event::subscribe(shown));
    left.chain(entered).collect()
}

/// Members in range who can work with the app.
fn present(corp: &Corp, app: &App) -> BTreeMap<MemberKey, String> {
    let range = Visible::of(corp, app);
    let members = corp.members().filter(|member| !matches!(member.status, Status::Disabled | Status::Resigned));
    members.filter(|member| range.member(member)).map(|member| (key(&member.id), member.id.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::event::Form;
    use super::*;
    use crate::corp::{CorpError, Department, Grant, Resignation};
    use crate::{DEMO_AGENT_ID, demo};

    fn told(events: &[Event]) -> Vec<String> {
        let form = Form { corp: "", agent: None, seconds: 0, message_id: 0, json: false, cdata: false };
        let inner = |event: &Event| {
            let text = event.render(&form);
            let from = text.split("<FromUserName>").nth(1).unwrap().split('<').next().unwrap().to_owned();
            let rest = text.split("</Event>").nth(1).unwrap().trim_end_matches("</xml>").to_owned();
            format!("{} {from} {rest}", event.name())
        };
        events.iter().map(inner).collect()
    }

    type Change = fn(&mut Corp) -> Result<(), CorpError>;

    #[test]
    fn a_change_of_contacts_is_told_by_ids_alone() {
        let member = || Member::new("Neu", "新人", 21);
        let rows: &[(&str, Change, &[&str])] = &[
            ("nothing", |_| Ok(()), &[]),
            ("a name", |c| c.update_member("lisi", |m| m.name = "x".into()), &[]),
            (
                "hired",
                |c| c.add_member(Member::new("Neu", "新人", 21)),
                &["<ChangeType>create_user</ChangeType><UserID>Neu</UserID><Department>21</Department>"],
            ),
            (
                "moved",
                |c| c.move_member("lisi", 4),
                &["<ChangeType>update_user</ChangeType><UserID>lisi</UserID><Department>4</Department>"],
            ),
            (
                "renamed",
                |c| c.rename_member("lisi", "li.si"),
                &["<ChangeType>update_user</ChangeType><UserID>lisi</UserID><NewUserID>li.si</NewUserID>"],
            ),
            (
                "gone",
                |c| c.resign_member("hesan", Resignation::Vanished),
                &["<ChangeType>delete_user</ChangeType><UserID>hesan</UserID>"],
            ),
            (
                "a department",
                |c| c.add_department(Department::new(9, "新部门", 2)),
                &["<ChangeType>create_party</ChangeType><Id>9</Id><ParentId>2</ParentId>"],
            ),
            (
                "a department moved",
                |c| c.move_department(23, 3),
                &["<ChangeType>update_party</ChangeType><Id>23</Id><ParentId>3</ParentId>"],
            ),
            ("a department renamed", |c| c.rename_department(23, "x"), &[]),
            (
                "a tag",
                |c| c.tag_add(7, &["lisi", "wangwu"], &[4]).and_then(|()| c.tag_remove(7, &["youyi"], &[])),
                &["<ChangeType>update_tag</ChangeType><TagId>7</TagId><AddUserItems>lisi,wangwu</AddUserItems>\
                 <DelUserItems>youyi</DelUserItems><AddPartyItems>4</AddPartyItems>"],
            ),
        ];
        for (name, change, expected) in rows {
            let (before, mut after) = (demo(), demo());
            change(&mut after).unwrap();
            let expected: Vec<String> = expected.iter().map(|rest| format!("change_contact sys {rest}")).collect();
            assert_eq!(told(&contact_events(&before, &after, &Callbacks::default())), expected, "{name}");
        }
        let (before, mut after) = (demo(), demo());
        after.add_member(member()).unwrap();
        let three = Callbacks { three_on_create: true, ..Callbacks::default() };
        let events = contact_events(&before, &after, &three);
        assert!(events.len() == 3 && events[1] == events[2], "one of them twice, all in one second");
        let full = Callbacks { full_contact_events: true, ..Callbacks::default() };
        let text = told(&contact_events(&before, &after, &full)).concat();
        assert!(text.contains("<Name>新人</Name>") && text.contains("<MainDepartment>21</MainDepartment>"), "{text}");
        let mut renamed = demo();
        renamed.update_member("lisi", |member| member.name = "x".to_owned()).unwrap();
        assert_eq!(
            told(&contact_events(&before, &renamed, &full)),
            ["change_contact sys <ChangeType>update_user</ChangeType><UserID>lisi</UserID><Name>x</Name>"]
        );
    }

    #[test]
    fn an_app_hears_who_enters_and_leaves_its_range() {
        let rows: &[(&str, Change, &[&str])] = &[
            ("moved within", |c| c.move_member("lisi", 22), &[]),
            ("renamed", |c| c.rename_member("lisi", "li.si"), &[]),
            ("moved out", |c| c.move_member("lisi", 4), &["unsubscribe lisi"]),
            ("moved in", |c| c.move_member("zhangliu", 2), &["subscribe zhangliu"]),
            ("disabled", |c| c.update_member("lisi", |m| m.status = Status::Disabled), &["unsubscribe lisi"]),
            ("gone", |c| c.resign_member("ZhangSan", Resignation::Vanished), &["unsubscribe ZhangSan"]),
            ("granted", |c| c.grant(DEMO_AGENT_ID, Grant::Member("yangba".into())), &["subscribe yangba"]),
            (
                "ungranted",
                |c| c.ungrant(DEMO_AGENT_ID, &Grant::Member("shiwu".into())).map(drop),
                &["unsubscribe shiwu"],
            ),
        ];
        for (name, change, expected) in rows {
            let (before, mut after) = (demo(), demo());
            change(&mut after).unwrap();
            let events = range_events(&before, &after, after.app(DEMO_AGENT_ID).unwrap());
            let told: Vec<String> = events.iter().map(|event| format!("{} {}", event.name(), event.from)).collect();
            assert_eq!(told, *expected, "{name}");
        }
    }
}

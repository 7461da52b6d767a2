//! What happened, of the fields of a message (docs 90239, 90240, 90970 to 90973).

use organisation_kit::contract::callbacks::{
    CardPress, DirectoryChange, Event, Happening, IncomingMessage, JobEnd, MenuUse, OtherEvent, Selection,
};

use super::{
    approval,
    fields::{Fields, field, items, word_of},
};

/// What WeCom calls whoever is no member.
const SYSTEM: &str = "sys";

/// Reads a message. `now` stands for a time that it does not say.
pub(super) fn read(fields: &Fields, id: String, now: u64) -> Event {
    let created = fields.number(&["CreateTime"]).and_then(|seconds| seconds.checked_mul(1_000));
    let member = fields.word(&["FromUserName"]).filter(|member| member != SYSTEM);
    Event { id, at: created.unwrap_or(now), member, happening: happening(fields) }
}

fn happening(fields: &Fields) -> Happening {
    let kind = fields.word(&["MsgType"]).unwrap_or_default();
    let name = fields.word(&["Event"]);
    match name {
        Some(name) if kind.eq_ignore_ascii_case("event") => event(fields, &name),
        _ if kind.is_empty() || kind.eq_ignore_ascii_case("event") => other(fields, name.unwrap_or_default()),
        _ => Happening::Message(message(fields, kind)),
    }
}

fn message(fields: &Fields, kind: String) -> IncomingMessage {
    IncomingMessage {
        id: fields.word(&["MsgId"]),
        text: fields.text(&["Content"]).filter(|_| kind == "text"),
        media_id: fields.word(&["MediaId"]),
        fields: fields.json(),
        kind,
    }
}

/// Events by name. One that lacks what its case needs, or that nobody told of, passes with all its fields.
fn event(fields: &Fields, name: &str) -> Happening {
    let known = match name.to_ascii_lowercase().as_str() {
        "subscribe" => Some(Happening::EnteredRange),
        "unsubscribe" => Some(Happening::LeftRange),
        "enter_agent" => Some(menu(fields, "enter")),
        "click" => Some(menu(fields, "click")),
        "view" => Some(menu(fields, "view")),
        "view_miniprogram" => Some(menu(fields, "view-miniprogram")),
        "scancode_push" | "scancode_waitmsg" => Some(menu(fields, "scan")),
        "pic_sysphoto" | "pic_photo_or_album" | "pic_weixin" => Some(menu(fields, "photo")),
        "location_select" => Some(menu(fields, "location")),
        "template_card_event" | "taskcard_click" => Some(Happening::Card(card(fields, false))),
        "template_card_menu_event" => Some(Happening::Card(card(fields, true))),
        "sys_approval_change" => approval::of_the_app(fields).map(Happening::Approval),
        "open_approval_change" => approval::of_the_engine(fields).map(Happening::Approval),
        "change_contact" => directory(fields).map(Happening::Directory),
        "batch_job_result" => job(fields).map(Happening::Job),
        _ => None,
    };
    known.unwrap_or_else(|| other(fields, name.to_owned()))
}

fn menu(fields: &Fields, kind: &str) -> Happening {
    Happening::Menu(MenuUse { kind: kind.to_owned(), key: fields.word(&["EventKey"]), fields: fields.json() })
}

fn card(fields: &Fields, from_menu: bool) -> CardPress {
    let selection = |item: &serde_json::Value| {
        let item = item.as_object()?;
        let chosen = field(item, "OptionIds").and_then(|ids| field(ids.as_object()?, "OptionId"));
        Some(Selection {
            question: field(item, "QuestionKey").and_then(word_of)?,
            choices: chosen.map(items).unwrap_or_default().into_iter().filter_map(word_of).collect(),
        })
    };
    CardPress {
        task_id: fields.word(&["TaskId"]).unwrap_or_default(),
        key: fields.word(&["EventKey"]).unwrap_or_default(),
        selections: fields.list(&["SelectedItems", "SelectedItem"]).into_iter().filter_map(selection).collect(),
        response_code: fields.word(&["ResponseCode"]),
        from_menu,
    }
}

fn directory(fields: &Fields) -> Option<DirectoryChange> {
    let (kind, id) = match fields.word(&["ChangeType"])?.to_ascii_lowercase().as_str() {
        "create_user" => ("member-created", "UserID"),
        "update_user" => ("member-updated", "UserID"),
        "delete_user" => ("member-deleted", "UserID"),
        "create_party" => ("department-created", "Id"),
        "update_party" => ("department-updated", "Id"),
        "delete_party" => ("department-deleted", "Id"),
        "update_tag" => ("tag-updated", "TagId"),
        _ => return None,
    };
    Some(DirectoryChange { kind: kind.to_owned(), id: fields.word(&[id])?, new_id: fields.word(&["NewUserID"]) })
}

fn job(fields: &Fields) -> Option<JobEnd> {
    Some(JobEnd {
        id: fields.word(&["BatchJob", "JobId"])?,
        kind: fields.word(&["BatchJob", "JobType"]).unwrap_or_default().replace('_', "-"),
        succeeded: fields.number(&["BatchJob", "ErrCode"]) == Some(0),
    })
}

fn other(fields: &Fields, name: String) -> Happening {
    Happening::Other(OtherEvent { name, fields: fields.json() })
}

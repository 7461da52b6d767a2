//! Judges a request before WeCom does, and writes it in WeCom's form. Pure.
//!
//! WeCom answers one number for whatever is wrong with a request, so everything that the template and the documentation say
//! is looked at here, and the first thing that is wrong is told with the name of the field.

use organisation_kit::{
    contract::approvals::{
        ApprovalRequest, Consent, Control, Field, FieldValue, LocalisedText, NodeKind, PlainControl, PlainValue,
        ProcessNode, TableRow, Template,
    },
    failure::Failure,
    invalid_argument,
    locale::Text,
};
use serde_json::{Value, json};

use super::{kind, language, limit, template, value::write};
use place::FieldPlace;

mod place;
mod plain;
#[cfg(test)]
mod tests;

/// The body of `oa/applyevent`; `now` in milliseconds is written where WeCom wants a time that nobody gave.
///
/// # Errors
/// `invalid-argument` for the first thing that is wrong.
pub(super) fn body(request: &ApprovalRequest, template: &Template, now: u64) -> Result<Value, Failure> {
    let mut body = json!({
        "creator_userid": request.applicant,
        "template_id": request.template,
        "use_template_approver": u8::from(request.process.is_none()),
        "apply_data": { "contents": contents(&request.fields, &template.controls, now)? },
        "summary_list": summary(&request.summary)?,
    });
    if let Some(department) = &request.department {
        body["choose_department"] = json!(number_of_department(department)?);
    }
    if let Some(nodes) = &request.process {
        body["process"] = json!({ "node_list": process(nodes)? });
    }
    Ok(body)
}

/// What can be judged without the template, so that nobody asks WeCom for nothing.
///
/// # Errors
/// As [`body`].
pub(super) fn early(request: &ApprovalRequest) -> Result<(), Failure> {
    for (path, value) in [("template", &request.template), ("applicant", &request.applicant)] {
        if value.is_empty() {
            return Err(Failure::invalid_argument(path, ("不能为空", "must not be empty")));
        }
    }
    summary(&request.summary)?;
    if let Some(nodes) = &request.process {
        process(nodes)?;
    }
    request.department.as_deref().map(number_of_department).transpose().map(drop)
}

fn number_of_department(id: &str) -> Result<u32, Failure> {
    id.parse().map_err(|_| {
        invalid_argument!("department":
        "部门 ID 须为小于 4294967296 的整数", "a department id is a whole number below 4294967296")
    })
}

fn summary(lines: &[Vec<LocalisedText>]) -> Result<Value, Failure> {
    let most = limit::SUMMARY_LINES;
    if !(1..=most).contains(&lines.len()) {
        return Err(invalid_argument!("summary": "摘要须为 1 至 {most} 行", "the summary has 1 to {most} lines"));
    }
    let mut list = Vec::new();
    for (index, texts) in lines.iter().enumerate() {
        let most = limit::SUMMARY_CHARACTERS;
        let is_sound =
            |text: &LocalisedText| !text.language.is_empty() && (1..=most).contains(&text.text.chars().count());
        if texts.is_empty() || !texts.iter().all(is_sound) {
            let message = (
                format!("摘要每行须注明语言，且为 1 至 {most} 个字符"),
                format!("each line of the summary has a language and 1 to {most} characters"),
            );
            return Err(Failure::invalid_argument(&format!("summary.{index}"), message));
        }
        let texts = texts.iter();
        let info = texts.map(|text| json!({ "text": text.text, "lang": language::spelling(&text.language) }));
        list.push(json!({ "summary_info": info.collect::<Vec<_>>() }));
    }
    Ok(list.into())
}

/// WeCom's number for how those of a node decide. In older fields 1 and 2 mean the opposite.
fn relation(consent: Consent) -> u8 {
    match consent {
        Consent::All => 1,
        Consent::Any => 2,
        Consent::InTurn => 3,
    }
}

fn process(nodes: &[ProcessNode]) -> Result<Vec<Value>, Failure> {
    if nodes.is_empty() {
        return Err(invalid_argument!("process": "流程没有节点", "the process has no nodes"));
    }
    let written = nodes.iter().enumerate().map(|(index, node)| {
        let wrong = |zh: &str, en: &str| Failure::invalid_argument(&format!("process.{index}"), (zh, en));
        if node.members.is_empty() || node.members.iter().any(String::is_empty) {
            return Err(wrong("流程节点缺少成员", "a node of the process has no members"));
        }
        let kind = match node.kind {
            NodeKind::Approve => 1,
            NodeKind::Copy => 2,
            NodeKind::Handle => 3,
        };
        match (node.kind, node.consent, node.members.len()) {
            (NodeKind::Copy, None, _) => Ok(json!({ "type": kind, "userid": node.members })),
            (NodeKind::Copy, Some(_), _) => {
                Err(wrong("抄送节点没有审批方式", "who gets a copy does not decide, so there is no consent"))
            }
            (_, None, 2..) => Err(wrong(
                "有多名成员的节点须说明审批方式：all、any 或 in-turn",
                "a node of several members says how they decide: all, any or in-turn",
            )),
            (_, consent, _) => {
                let relation = relation(consent.unwrap_or(Consent::All));
                Ok(json!({ "type": kind, "apv_rel": relation, "userid": node.members }))
            }
        }
    });
    written.collect()
}

/// What goes on from field to field.
struct SoFar {
    now: u64,
    /// Of the whole request.
    files: usize,
}

/// The fields in the order of the template.
fn contents(fields: &[Field], controls: &[Control], now: u64) -> Result<Vec<Value>, Failure> {
    for (index, field) in fields.iter().enumerate() {
        let place = FieldPlace::of(&field.id, &field.titles);
        if !controls.iter().any(|control| control.control.id == field.id) {
            return Err(place.wrong("不在审批模板中", "is not in the template"));
        }
        if fields[..index].iter().any(|other| other.id == field.id) {
            return Err(place.wrong("出现了多次", "stands there more than once"));
        }
    }
    let related = shown_by_choice(controls);
    let (mut contents, mut so_far) = (Vec::new(), SoFar { now, files: 0 });
    for control in controls {
        let plain = &control.control;
        let place = FieldPlace::of(&plain.id, &plain.titles);
        let field = fields.iter().find(|field| field.id == plain.id);
        match field.filter(|field| field.value != FieldValue::Plain(PlainValue::Empty)) {
            None if plain.required && !kind::is_filled_by_vendor(&plain.kind) && !related.contains(&plain.id) => {
                return Err(place.wrong("必填", "is required"));
            }
            None => {}
            Some(field) => {
                same_kind(&place, field.kind.as_deref(), &plain.kind)?;
                let value = match &field.value {
                    FieldValue::Table(rows) => table(&place, control, rows, &mut so_far)?,
                    FieldValue::Plain(value) => filled(&place, plain, value, &mut so_far)?,
                };
                contents.push(content(plain, value));
            }
        }
    }
    Ok(contents)
}

/// Ids of controls that are shown only where something is chosen in another one. They may be left out although they are
/// required; whether the choice was made, WeCom judges.
fn shown_by_choice(controls: &[Control]) -> Vec<String> {
    let mut ids = Vec::new();
    for control in controls {
        let config = template::config(&control.control);
        let relations = crate::wire::json_tree::JsonTree(&config).at("selector").at("op_relations");
        for related in relations.list().flat_map(|relation| relation.at("relation_list").list()) {
            ids.extend(related.at("related_control_id").text());
        }
    }
    ids
}

fn same_kind(place: &FieldPlace, said: Option<&str>, kind: &str) -> Result<(), Failure> {
    let Some(said) = said.filter(|said| *said != kind) else { return Ok(()) };
    Err(place.wrong(&format!("的类型是 {kind}，而不是 {said}"), &format!("is of kind {kind}, not {said}")))
}

fn content(control: &PlainControl, value: Value) -> Value {
    json!({ "control": kind::control_of(&control.kind), "id": control.id, "value": value })
}

fn table(place: &FieldPlace, control: &Control, rows: &[TableRow], so_far: &mut SoFar) -> Result<Value, Failure> {
    if control.control.kind != "table" {
        return Err(place.wrong("不是明细", "is no table"));
    }
    if rows.is_empty() {
        return Err(place.wrong("至少须有一行", "has at least one row"));
    }
    let mut children = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let place = place.below(&index.to_string(), None);
        for (position, field) in row.fields.iter().enumerate() {
            let place = place.below(&field.id, None);
            if !control.columns.iter().any(|column| column.id == field.id) {
                return Err(place.wrong("不是该明细的列", "is no column of the table"));
            }
            if row.fields[..position].iter().any(|other| other.id == field.id) {
                return Err(place.wrong("出现了多次", "stands there more than once"));
            }
        }
        let mut list = Vec::new();
        for column in control.columns.iter().filter(|column| !kind::is_filled_by_vendor(&column.kind)) {
            let place = place.below(&column.id, Some(&column.titles));
            let field = row.fields.iter().find(|field| field.id == column.id);
            let value = match field.filter(|field| field.value != PlainValue::Empty) {
                None if column.required => return Err(place.wrong("必填", "is required")),
                // A row has all columns.
                None => write::empty(column),
                Some(field) => {
                    same_kind(&place, field.kind.as_deref(), &column.kind)?;
                    filled(&place, column, &field.value, so_far)?
                }
            };
            list.push(content(column, value));
        }
        children.push(json!({ "list": list }));
    }
    Ok(json!({ "children": children }))
}

fn filled(
    place: &FieldPlace,
    control: &PlainControl,
    value: &PlainValue,
    so_far: &mut SoFar,
) -> Result<Value, Failure> {
    let value = &plain::completed(control, value);
    plain::judge(control, value).map_err(|Text { zh, en }| place.wrong(&zh, &en))?;
    if let PlainValue::Files(ids) = value {
        let most = limit::FILES;
        so_far.files += ids.len();
        if so_far.files > most {
            return Err(place.wrong(
                &format!("超出附件数量：一个申请最多 {most} 个附件"),
                &format!("has too many files: a request has at most {most}"),
            ));
        }
    }
    let mut written = write::plain(value, control.multiple);
    if matches!(value, PlainValue::Place(place) if place.at.is_none()) {
        written["location"]["time"] = json!(so_far.now / 1_000);
    }
    Ok(written)
}

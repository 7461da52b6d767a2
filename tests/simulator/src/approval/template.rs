//! Templates: the form of a request, control by control (fact sheet section 6.1). A corp starts with a few that use
//! every control.

use serde_json::{Value, json};

/// 采购申请: every control that is not about attendance.
pub const PURCHASE_TEMPLATE: &str = "3TkSimPurchase00000001";
/// 请假: a leave.
pub const LEAVE_TEMPLATE: &str = "3TkSimLeave0000000000001";
/// 外出: an attendance with a place and a range of dates.
pub const OUT_TEMPLATE: &str = "3TkSimOut000000000000001";
/// 打卡补卡: cannot be submitted by an app.
pub const PUNCH_TEMPLATE: &str = "3TkSimPunch000000000001";
/// 旧模板: a very old one, whose id has numbers joined by underscores.
pub const OLD_TEMPLATE: &str = "1970320000000001_1688850000000001_1000000001_1500000000";

/// Who decides when a request leaves the flow to its template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateFlow {
    /// The applicant's leader; else a leader of the department; else the first other member of the corp.
    Leader,
    /// These members, any of them.
    Members(Vec<String>),
    /// Whom the applicant chooses: such a flow cannot be used by an app.
    ChosenByApplicant,
}

/// One template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// `template_id`.
    pub id: String,
    /// `template_names`: texts by language, `zh_CN` first.
    pub names: Vec<(String, String)>,
    /// `template_content.controls`, as `oa/gettemplatedetail` shows them.
    pub controls: Vec<Value>,
    /// Who decides when a request leaves that to the template.
    pub flow: TemplateFlow,
    /// `record_type` of its requests: 1 leave, 2 punch, 3 trip, 4 out, 5 overtime …
    pub record_type: Option<u64>,
}

impl Template {
    /// The Chinese name.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", |(text, _)| text.as_str())
    }
}

/// A control: kind, a number that makes its id unique, title, whether it is required, and its configuration.
fn control(kind: &str, number: u64, title: &str, require: u64, config: &Value) -> Value {
    let text = |text: &str| json!([{"text": text, "lang": "zh_CN"}]);
    let id = format!("{kind}-{}", 1_700_000_000_000_u64 + number);
    let property = json!({
        "control": kind, "id": id, "title": text(title), "placeholder": text(""), "require": require, "un_print": 0,
    });
    // Only some controls have a configuration; the others lack the key.
    if config.is_null() { json!({ "property": property }) } else { json!({"property": property, "config": config}) }
}

fn selector(kind: &str, first: u64, options: &[&str]) -> Value {
    let option = |(n, text): (u64, &&str)| json!({"key": format!("option-{}", first + n), "value": [{"text": text, "lang": "zh_CN"}]});
    let options: Vec<Value> = (0..).zip(options).map(option).collect();
    json!({"selector": {"type": kind, "exp_type": 0, "options": options}})
}

/// The templates of every corp.
pub(super) fn standard() -> Vec<Template> {
    let none = Value::Null;
    let template = |id: &str, name: &str, english: &str, record_type, controls| Template {
        id: id.to_owned(),
        names: vec![(name.to_owned(), "zh_CN".to_owned()), (english.to_owned(), "en".to_owned())],
        controls,
        flow: TemplateFlow::Leader,
        record_type,
    };
    let contact = |kind: &str, mode: &str| json!({"contact": {"type": kind, "mode": mode}});
    let tips = json!({"tips": {"tips_content": [{"lang": "zh_CN", "text": {"sub_text": [
        {"type": 1, "content": {"plain_text": {"content": "请先询价"}}},
        {"type": 2, "content": {"link": {"title": "制度", "url": "https://example.com/rules"}}},
    ]}}]}});
    let table = json!({"table": {"stat_field": [], "children": [
        control("Text", 31, "品名", 1, &none), control("Number", 32, "数量", 1, &none),
    ]}});
    let purchase = vec![
        control("Money", 1, "金额", 1, &none),
        control("Selector", 2, "类别", 0, &selector("single", 1_700_000_000_100, &["硬件", "软件"])),
        control("Selector", 3, "用途", 0, &selector("multi", 1_700_000_000_200, &["研发", "办公", "市场"])),
        control("Text", 4, "事由", 0, &none),
        control("Textarea", 5, "说明", 0, &none),
        control("Number", 6, "数量", 0, &none),
        control("Date", 7, "交付日期", 0, &json!({"date": {"type": "day"}})),
        control("Contact", 8, "使用人", 0, &contact("multi", "user")),
        control("Contact", 9, "使用部门", 0, &contact("single", "department")),
        control("Tips", 10, "提示", 0, &tips),
        control("File", 11, "附件", 0, &json!({"file": {"is_only_photo": 0}})),
        control("Table", 12, "明细", 0, &table),
        control("RelatedApproval", 13, "关联审批", 0, &json!({"related_approval": {"template_id": []}})),
        control("Formula", 14, "合计", 0, &none),
        control("BankAccount", 15, "收款账户", 0, &none),
        control("PhoneNumber", 16, "电话", 0, &none),
    ];
    let names = |names: &[&str]| -> Vec<Value> {
        let name = |(n, text): (u64, &&str)| json!({"id": n, "name": [{"text": text, "lang": "zh_CN"}]});
        (1..).zip(names).map(name).collect()
    };
    let leave = vec![
        control("Vacation", 1, "请假", 1, &json!({"vacation_list": {"item": names(&["年假", "事假"])}})),
        control("Textarea", 2, "请假事由", 0, &none),
        control("File", 3, "说明附件", 0, &json!({"file": {"is_only_photo": 1}})),
    ];
    let out = json!({"attendance": {"date_range": {"type": "hour"}, "type": 4}});
    let range = json!({"date_range": {"type": "halfday", "official_holiday": 0, "perday_duration": 86400}});
    let outing = vec![
        control("Attendance", 1, "外出", 1, &out),
        control("Location", 2, "地点", 0, &json!({"location": {"distance": 100}})),
        control("DateRange", 3, "预定日期", 0, &range),
    ];
    vec![
        template(PURCHASE_TEMPLATE, "采购申请", "Purchase", None, purchase),
        template(LEAVE_TEMPLATE, "请假", "Leave", Some(1), leave),
        template(OUT_TEMPLATE, "外出", "Out of office", Some(4), outing),
        template(
            PUNCH_TEMPLATE,
            "打卡补卡",
            "Punch correction",
            Some(2),
            vec![control("PunchCorrection", 1, "补卡", 1, &none)],
        ),
        template(OLD_TEMPLATE, "旧模板", "Old", None, vec![control("Text", 1, "内容", 1, &none)]),
    ]
}

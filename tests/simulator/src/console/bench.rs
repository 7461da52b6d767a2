//! Actions at the workbench: clock, tokens, latency, faults, snapshots.

use std::time::Duration;

use serde_json::{Value, json};

use super::action::{Action, action, done, ok};
use super::fields::{ActionError, Fields};
use crate::control::Control;
use crate::faults::{Effect, Fault, FaultId, When};
use crate::file::OrganisationFile;

pub(super) static ACTIONS: &[Action] = &[
    action("advance-clock", "seconds", |control, fields| {
        control.advance(Duration::from_secs(fields.number("seconds")?));
        Ok(json!({"ok": true, "now": control.now()}))
    }),
    action("freeze-clock", "", |control, _| {
        control.freeze_clock();
        ok()
    }),
    action("thaw-clock", "", |control, _| {
        control.thaw_clock();
        ok()
    }),
    action("revoke-tokens", "", |control, _| {
        control.revoke_tokens();
        ok()
    }),
    action("expire-tokens", "", |control, _| {
        control.expire_tokens();
        ok()
    }),
    action("latency", "milliseconds", |control, fields| {
        let latency = Duration::from_millis(fields.number("milliseconds")?);
        control.configure(|behaviour| behaviour.latency = latency);
        ok()
    }),
    action("inject-fault", "effect [value] [api] [calls] (effects: GET /sim/actions)", inject_fault),
    action("remove-fault", "fault (its number, as the answer of inject-fault has it)", |control, fields| {
        control.remove_fault(FaultId(fields.number("fault")?));
        ok()
    }),
    action("clear-faults", "", |control, _| {
        control.clear_faults();
        ok()
    }),
    action("take-snapshot", "name", |control, fields| done(control.take_snapshot(fields.text("name")?))),
    action("restore-snapshot", "name", |control, fields| done(control.restore_snapshot(fields.text("name")?))),
    action("remove-snapshot", "name", |control, fields| done(control.remove_snapshot(fields.text("name")?))),
    action("reset", "(everything as at the start, but for clock and snapshots)", |control, _| {
        control.reset();
        ok()
    }),
];

/// Its body is a file, or a form that holds one, so that it is no row of [`ACTIONS`].
pub(super) const LOAD: (&str, &str) =
    ("load-organisation", "(the body is the file itself; a form has it as the field `file`)");

/// Puts the organisation of a file in place of the present one, with the latency and the faults that it names; all of it or nothing.
pub(super) fn load(control: &Control, body: &[u8]) -> Result<Value, ActionError> {
    let file = if body.trim_ascii_start().starts_with(b"{") {
        OrganisationFile::parse(body)?
    } else {
        OrganisationFile::parse(Fields::read(body)?.text("file")?.as_bytes())?
    };
    let faults = faults_of(&file)?;
    let members = control.load(&file)?;
    for fault in faults {
        control.inject(fault);
    }
    Ok(json!({"ok": true, "members": members}))
}

/// The faults that a file names.
pub(crate) fn faults_of(file: &OrganisationFile) -> Result<Vec<Fault>, ActionError> {
    let fields = file.faults.iter().map(|fault| Fields::read(fault.to_string().as_bytes()));
    fields.map(|fields| read_fault(&fields?)).collect()
}

/// One effect that `inject-fault` knows.
pub(crate) struct NamedEffect {
    pub(crate) name: &'static str,
    /// What its value is; "" where it has none.
    pub(crate) value: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

const fn effect(name: &'static str, value: &'static str, zh: &'static str, en: &'static str) -> NamedEffect {
    NamedEffect { name, value, zh, en }
}

/// Every effect with its meaning.
pub(crate) const EFFECTS: &[NamedEffect] = &[
    effect("code", "ERRCODE", "返回此错误码，什么也不做", "answers this errcode and does nothing"),
    effect(
        "block",
        "SECONDS",
        "该接口被限频（45009），直到时钟走过这么久",
        "the API is limited (45009) until the clock has gone so far",
    ),
    effect("delay", "MILLISECONDS", "回答迟到", "the answer is late"),
    effect("edge-page", "STATUS", "网关的 HTML 错误页（如 502）", "an HTML error page of the edge (such as 502)"),
    effect("disconnect", "", "未处理即断开连接", "the connection closes, nothing is done"),
    effect("disconnect-after", "", "已处理但断开连接", "the connection closes, yet the call took effect"),
    effect("html", "", "HTTP 200 却是 HTML 页", "an HTML page with HTTP 200"),
    effect("truncated", "", "JSON 被截断", "JSON that is cut in the middle"),
    effect("wrong-types", "", "字段类型错误", "fields of wrong types"),
    effect("missing-errcode", "", "缺少 errcode", "no errcode"),
    effect("warning", "", "成功但带 wrong json format 警告", "success with the warning of a wrong json format"),
    effect("root-array", "", "最外层是数组", "the answer inside an array"),
    effect("gzip", "", "gzip 压缩", "compressed by gzip"),
    effect("oversized", "BYTES", "回答至少这么多字节", "an answer of at least so many bytes"),
    effect("redirect", "URL", "重定向到别处", "a redirect to elsewhere"),
    effect("invalid-utf8", "", "含非 UTF-8 字节", "a byte that is not UTF-8"),
    effect("corrupted", "", "中间一个字节被改", "another byte in the middle"),
    effect("cut-off", "", "下载到一半断开", "a download that stops half way"),
];

fn inject_fault(control: &Control, fields: &Fields) -> Result<Value, ActionError> {
    let fault = control.inject(read_fault(fields)?);
    Ok(json!({"ok": true, "fault": fault.0}))
}

/// A fault by the fields that describe it.
fn read_fault(fields: &Fields) -> Result<Fault, ActionError> {
    let seconds = || fields.number("value").map(Duration::from_secs);
    let effect = match fields.text("effect")? {
        "code" => Effect::Code(fields.text("value")?.parse().map_err(|_| fields.invalid("value", "an error code"))?),
        "block" => Effect::Block(seconds()?),
        "delay" => Effect::Delay(Duration::from_millis(fields.number("value")?)),
        "edge-page" => {
            let status = fields.number("value")?;
            Effect::EdgePage(u16::try_from(status).map_err(|_| fields.invalid("value", "an HTTP status"))?)
        }
        "oversized" => {
            let bytes = fields.number("value")?;
            Effect::Oversized(usize::try_from(bytes).map_err(|_| fields.invalid("value", "a number of bytes"))?)
        }
        "redirect" => Effect::Redirect(fields.text("value")?.to_owned()),
        "disconnect" => Effect::Disconnect { processed: false },
        "disconnect-after" => Effect::Disconnect { processed: true },
        "html" => Effect::HtmlWithOk,
        "truncated" => Effect::Truncated,
        "wrong-types" => Effect::WrongTypes,
        "missing-errcode" => Effect::MissingErrcode,
        "warning" => Effect::Warning,
        "root-array" => Effect::RootArray,
        "gzip" => Effect::Gzip,
        "invalid-utf8" => Effect::InvalidUtf8,
        "corrupted" => Effect::Corrupted,
        "cut-off" => Effect::CutOff,
        _ => return Err(fields.invalid("effect", "one of the effects that GET /sim/actions lists")),
    };
    let when = if fields.given("calls").is_none_or(str::is_empty) {
        When::Always
    } else {
        When::First(fields.number("calls")?)
    };
    let api = fields.given("api").filter(|api| !api.is_empty()).map(str::to_owned);
    Ok(Fault { api, query: None, when, effect })
}

//! Calls of the tenant's element on this host: what became of the last ones, what they cost, and what each may cost.

use axum::response::Response;
use maud::{Markup, html};

use super::{
    super::call_history::CallLine,
    asked::{Asked, when},
    failure::Failure,
};

/// The page.
pub async fn page(asked: &Asked) -> Result<Response, Failure> {
    let calls = asked.service.calls().of(&asked.tenant.name);
    let say = |chinese, english| asked.say(chinese, english);
    let content = html! {
        section {
            h2 { (say("每次调用的限额", "Limits of a call")) }
            (limits(asked, &calls.last))
        }
        @if !calls.troubled.is_empty() {
            section {
                h2 { (say("未成功的调用", "Calls without success")) }
                (table(asked, &calls.troubled))
            }
        }
        section {
            h2 { (say("最近的调用", "The last calls")) }
            p.hint {
                (say("仅本主机、自启动以来的最近一批，保存在内存中；完整报告见主机的 --reports。打开本控制台也会产生调用。",
                     "Of this host alone and since it started, kept in memory; whole reports come by --reports. To open this console makes calls as well."))
            }
            @if calls.last.is_empty() { p.hint { (say("还没有调用。", "There was none yet.")) } } @else { (table(asked, &calls.last)) }
        }
    };
    Ok(asked.page(say("调用", "Calls"), content))
}

/// What a call may use, and the most that one of the last has used.
fn limits(asked: &Asked, calls: &[std::sync::Arc<CallLine>]) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let limits = asked.tenant.element.limits();
    let most = |of: fn(&CallLine) -> u64| calls.iter().map(|call| of(call)).max().unwrap_or_default();
    let rows = [
        ("cpu_ms", ["CPU 时间（毫秒）", "CPU time (ms)"], limits.cpu_ms, most(|call| call.cpu_us.div_ceil(1_000))),
        ("wall_ms", ["时长（毫秒）", "Time (ms)"], limits.wall_ms, most(|call| call.wall_us.div_ceil(1_000))),
        ("memory_bytes", ["内存（字节）", "Memory (bytes)"], limits.memory_bytes, most(|call| call.memory_bytes)),
        ("host_calls", ["对主机的调用", "Calls of the host"], limits.host_calls, most(|call| call.host_calls)),
        ("requests", ["对厂商的请求", "Requests to the vendor"], limits.requests.into(), most(|call| call.requests)),
        ("bytes_in", ["接收字节", "Bytes received"], limits.bytes_in, most(|call| call.bytes_in)),
        ("bytes_out", ["发送字节", "Bytes sent"], limits.bytes_out, most(|call| call.bytes_out)),
    ];
    html! {
        table.stacked {
            thead { tr { th { (say("限额", "Limit")) } th.number { (say("允许", "Allowed")) } th.number { (say("最近最多", "Most of late")) } } }
            tbody {
                @for (name, [chinese, english], allowed, used) in rows {
                    tr {
                        td data-label=(say("限额", "Limit")) { div { (say(chinese, english)) " " code { (name) } } }
                        td.number data-label=(say("允许", "Allowed")) { (allowed) }
                        td.number data-label=(say("最近最多", "Most of late")) { (used) }
                    }
                }
            }
        }
        p.hint { (say("由运营者在声明的 limits 中更改；登录与控制台的调用最长 20 秒。", "The operator changes them by limits in the declaration; calls of sign-ins and of this console take 20 s at most.")) }
    }
}

fn table(asked: &Asked, calls: &[std::sync::Arc<CallLine>]) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    html! {
        div.scroll {
            table.stacked {
                thead {
                    tr {
                        th { (say("时间", "When")) } th { (say("功能", "Function")) } th { (say("结果", "Outcome")) }
                        th.number { (say("毫秒", "ms")) } th.number { "CPU ms" }
                        th.number { (say("厂商请求", "Vendor requests")) } th.number { (say("收/发字节", "Bytes in / out")) }
                        th { (say("参考号", "Reference")) }
                    }
                }
                tbody { @for call in calls { (row(asked, call)) } }
            }
        }
    }
}

fn row(asked: &Asked, call: &CallLine) -> Markup {
    let say = |chinese, english| asked.say(chinese, english);
    let (look, words) = match call.outcome {
        "answered" => ("tag good", say("已应答", "answered")),
        "refused" => ("tag warn", say("被拒绝", "refused")),
        "abandoned" => ("tag", say("已放弃", "given up")),
        _ => ("tag bad", say("失败", "failed")),
    };
    html! {
        tr {
            td data-label=(say("时间", "When")) { (when(call.begun_ms)) }
            td data-label=(say("功能", "Function")) { code { (call.function) } }
            td data-label=(say("结果", "Outcome")) {
                div {
                    span class=(look) { (words) }
                    @if let Some(reason) = &call.reason { " " (reason) }
                    @if let Some(code) = call.vendor_code { " " (code) }
                }
            }
            td.number data-label=(say("毫秒", "ms")) { (thousandths(call.wall_us)) }
            td.number data-label="CPU ms" { (thousandths(call.cpu_us)) }
            td.number data-label=(say("厂商请求", "Vendor requests")) {
                (call.requests) @if call.failures > 0 { " (" (call.failures) " " (say("失败", "failed")) ")" }
            }
            td.number data-label=(say("收/发字节", "Bytes in / out")) { (call.bytes_in) " / " (call.bytes_out) }
            td data-label=(say("参考号", "Reference")) { code { (call.call) } }
        }
    }
}

/// Microseconds as milliseconds with one digit behind the point.
fn thousandths(microseconds: u64) -> String {
    format!("{}.{}", microseconds / 1_000, microseconds % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::thousandths;

    #[test]
    fn times_are_in_milliseconds() {
        for (microseconds, expected) in [(0, "0.0"), (99, "0.0"), (1_250, "1.2"), (60_000_000, "60000.0")] {
            assert_eq!(thousandths(microseconds), expected);
        }
    }
}

//! The clock and its leaps, tokens, latency, snapshots, and the way back to the start.

use maud::{Markup, html};

use super::super::scene::{Scene, field, hidden};

/// Leaps of the clock, in seconds, with what ends by then.
const LEAPS: &[(u64, &str, &str, &str, &str)] = &[
    (60, "1 分钟", "1 minute", "频率窗口", "rate windows"),
    (300, "5 分钟", "5 minutes", "登录 code、扫码", "login codes, QR codes"),
    (1800, "30 分钟", "30 minutes", "user_ticket", "user tickets"),
    (7200, "2 小时", "2 hours", "access_token、导出文件", "access tokens, exported files"),
    (86_400, "1 天", "1 day", "消息撤回期限", "recall of messages"),
    (259_200, "3 天", "3 days", "素材、response_code", "media, response codes"),
];

pub(super) fn page(scene: &Scene) -> Markup {
    let frozen = scene.control.clock_is_frozen();
    let latency = scene.control.configure(|behaviour| behaviour.latency.as_millis());
    html! {
        h2 { (scene.say("时钟", "Clock")) }
        p.figure { (scene.time(scene.now)) }
        p {
            @if frozen { span.tag.warn { (scene.say("已停住", "standing still")) } " " }
            (scene.say("时间只能前进。", "Time only moves forward."))
        }
        div.row {
            @if frozen {
                (scene.button("thaw-clock", &[], "quiet", scene.say("让时钟继续走", "Let it run on")))
            } @else {
                (scene.button("freeze-clock", &[], "quiet", scene.say("停住时钟", "Stop it")))
            }
        }
        table.stacked {
            thead { tr { th scope="col" { (scene.say("前进", "Leap")) } th scope="col" { (scene.say("到期的有", "Ends the life of")) } } }
            tbody {
                @for (seconds, zh, en, ends_zh, ends_en) in LEAPS {
                    tr {
                        td data-label=(scene.say("前进", "Leap")) {
                            (scene.button("advance-clock", &[("seconds", &seconds.to_string())], "quiet", scene.say(zh, en)))
                        }
                        td data-label=(scene.say("到期的有", "Ends the life of")) { (scene.say(ends_zh, ends_en)) }
                    }
                }
            }
        }
        (scene.form("advance-clock", &html! {
            (field(scene.say("前进若干秒", "Leap by seconds"), "seconds", "", ""))
            button.quiet { (scene.say("前进", "Leap")) }
        }))
        h2 { (scene.say("令牌与延迟", "Tokens and latency")) }
        div.row {
            (scene.button("revoke-tokens", &[], "quiet", scene.say("吊销所有令牌（40014）", "Revoke every token (40014)")))
            (scene.button("expire-tokens", &[], "quiet", scene.say("令牌全部过期（42001）", "Expire every token (42001)")))
        }
        (scene.form("latency", &html! {
            (field(scene.say("每次调用的延迟（毫秒）", "Latency of each call (milliseconds)"), "milliseconds", &latency.to_string(), ""))
            button.quiet { (scene.say("保存", "Save")) }
        }))
        (snapshots(scene))
    }
}

fn snapshots(scene: &Scene) -> Markup {
    html! {
        h2 { (scene.say("快照", "Snapshots")) }
        ul.plain {
            @for (name, members) in scene.control.snapshots() {
                li.row {
                    strong { (name) } span.hint { (members) " " (scene.say("名成员", "members")) }
                    (scene.button("restore-snapshot", &[("name", &name)], "quiet", &format!("{} · {name}", scene.say("恢复", "Restore"))))
                    (scene.button("remove-snapshot", &[("name", &name)], "quiet", &format!("{} · {name}", scene.say("删除", "Remove"))))
                }
            }
        }
        (scene.form("take-snapshot", &html! {
            (field(scene.say("名称", "Name"), "name", "", scene.say("保存此刻的组织", "keeps the organisation as it is now")))
            button.quiet { (scene.say("保存快照", "Take a snapshot")) }
        }))
        h2 { (scene.say("组织文件", "The organisation as a file")) }
        p {
            a href="/sim/organisation" download="organisation.json" { (scene.say("下载当前组织（JSON，不含密钥）", "Download the organisation (JSON, without secrets)")) }
        }
        details.card {
            summary { (scene.say("载入组织文件", "Load a file")) }
            (scene.form("load-organisation", &html! {
                div.field {
                    label { (scene.say("文件内容", "Contents of the file")) textarea name="file" rows="8" spellcheck="false" {} }
                    div.hint { (scene.say("取代当前组织；有误则什么也不改。", "It takes the place of the organisation; with an error nothing is changed.")) }
                }
                button { (scene.say("载入", "Load")) }
            }))
        }
        h2 { (scene.say("回到开始", "Back to the start")) }
        p { (scene.say(
            "组织、令牌、故障、消息、审批与日志恢复为启动时的样子；时钟继续，快照保留。",
            "Organisation, tokens, faults, messages, approvals and logs become what they were at the start. The clock goes on, and snapshots stay.",
        )) }
        (scene.form("reset", &html! { (hidden("sure", "1")) button.danger { (scene.say("全部重置", "Reset everything")) } }))
    }
}

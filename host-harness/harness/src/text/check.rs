//! The verdicts of `check`.

use console::measure_text_width;

use super::{Paint, clean, indented};
use crate::view::aspect::{AspectView, CheckView};

/// One line for each aspect, with the next step below it.
pub fn check(view: &CheckView, paint: Paint) -> String {
    let width = view.aspects.iter().map(|aspect| measure_text_width(&aspect.aspect)).max().unwrap_or(0);
    let mut text: String = view.aspects.iter().map(|aspect| line(aspect, width, paint)).collect();
    text.push_str(&match view.ok {
        true => paint.good("连接正常 the connection works"),
        false => paint.bad("连接有问题，请按提示处理 the connection does not work; follow the hints"),
    });
    text.push('\n');
    text
}

fn line(aspect: &AspectView, width: usize, paint: Paint) -> String {
    let status = match aspect.status {
        "ok" => paint.good("正常 ok     "),
        "warning" => paint.warn("注意 warning"),
        "failed" => paint.bad("失败 failed "),
        _ => paint.dim("跳过 skipped"),
    };
    let name = clean(&aspect.aspect);
    let room = width.saturating_sub(measure_text_width(&name));
    let indent = 2 + 12 + 2 + width + 2;
    let mut text = format!("  {status}  {name}{:room$}  {}", "", indented(&aspect.message, indent));
    if let Some(code) = aspect.vendor_code {
        text.push_str(&format!(" ({code})"));
    }
    text.push('\n');
    for (mark, detail) in [("→ ", &aspect.hint), ("  ", &aspect.console_url)] {
        if let Some(detail) = detail {
            text.push_str(&format!("{:indent$}{mark}{}\n", "", indented(detail, indent + 2)));
        }
    }
    text
}

//! What became of a tenant as a whole.

use super::{Paint, clean};
use crate::view::tenant::{DeletedView, ExportedView, ImportedView};

/// What an export wrote.
pub fn exported(view: &ExportedView, paint: Paint) -> String {
    let mut text = format!(
        "{} {}: {}\n",
        paint.good("已导出 exported"),
        clean(&view.tenant),
        counts(view.elements, view.entries),
    );
    text.push_str(&format!("  文件 file: {}\n", clean(&view.file)));
    if view.sealed > 0 {
        text.push_str(&format!("  以传输密钥加密 sealed with the transfer key: {}\n", view.sealed));
    }
    text.push_str(&left_out(view.left_out));
    text.push_str(&format!(
        "  {}\n",
        paint.warn("文件含个人信息, 未加密 the file holds personal data and is not encrypted")
    ));
    text
}

/// What an import carried over.
pub fn imported(view: &ImportedView, paint: Paint) -> String {
    let mut text = format!(
        "{} {}: {}\n",
        paint.good("已导入 imported"),
        clean(&view.tenant),
        counts(view.elements, view.entries),
    );
    if view.exported_as != view.tenant {
        text.push_str(&format!("  导出时的租户名 exported as: {}\n", clean(&view.exported_as)));
    }
    if view.expired > 0 {
        text.push_str(&format!("  已过期 expired since the export: {}\n", view.expired));
    }
    text.push_str(&left_out(view.left_out));
    text
}

/// What was removed.
pub fn deleted(view: &DeletedView, paint: Paint) -> String {
    let counted = counts(view.elements, view.entries);
    let mut text = format!("{} {}: {counted}\n", paint.good("已删除 deleted"), clean(&view.tenant));
    if view.came_back > 0 {
        let number = view.came_back;
        text.push_str(&format!("  其间又被写入并再次删除的元素 elements written meanwhile, deleted again: {number}\n"));
    }
    text.push_str(&format!("  {}\n", paint.warn(view.hint)));
    text
}

fn counts(elements: u64, entries: u64) -> String {
    format!("元素 elements {elements}, 条目 entries {entries}")
}

fn left_out(number: u64) -> String {
    match number {
        0 => String::new(),
        _ => format!("  未导出的密封值, 将重新获取 sealed values left out, to be fetched again: {number}\n"),
    }
}

//! What an element says of itself.

use super::{Paint, clean, indented};
use crate::view::description::DescriptionView;

/// Title, summary and configuration fields.
pub fn description(view: &DescriptionView, paint: Paint) -> String {
    let mut text = format!("{} ({} {})\n", paint.bold(&clean(&view.title)), clean(&view.id), clean(&view.version));
    text.push_str(&format!("{}\n\n", indented(&view.summary, 0)));
    for field in &view.fields {
        let mut marks = Vec::new();
        if field.required {
            marks.push("required".to_owned());
        }
        if field.secret {
            marks.push("secret".to_owned());
        }
        if let Some(default) = &field.default {
            marks.push(format!("default {}", clean(default)));
        }
        let marks = if marks.is_empty() { String::new() } else { format!(" [{}]", marks.join(", ")) };
        text.push_str(&format!("{}  {}{marks}\n", paint.bold(&clean(&field.key)), clean(&field.label)));
        text.push_str(&format!("    {}\n", indented(&field.help, 4)));
        if let Some(place) = &field.where_to_find {
            text.push_str(&format!("    {}\n", paint.dim(&format!("↳ {}", indented(place, 6)))));
        }
    }
    let case = if view.ids_ignore_case { "不区分大小写 ignore case" } else { "区分大小写 case-sensitive" };
    text.push_str(&format!("\n成员 ID ids of members: {case}\n"));
    text.push_str(&format!("可用函数 capabilities: {}\n", clean(&view.capabilities.join(", "))));
    text
}

//! The findings about a configuration.

use super::{Paint, Table, clean, indented};
use crate::view::problem::{ProblemView, ValidationView};

/// The findings, and what was understood.
pub fn validation(view: &ValidationView, paint: Paint) -> String {
    let mut text = match view.valid {
        true => format!("{}\n", paint.good("配置有效 the configuration is valid")),
        false => format!("{}\n", paint.bad("配置无效 the configuration is invalid")),
    };
    text.push_str(&problems(&view.problems, paint));
    if !view.summary.is_empty() {
        text.push('\n');
        let rows: Vec<_> = view.summary.iter().map(|one| vec![one.key.clone(), one.value.clone()]).collect();
        text.push_str(&Table::new(&["配置项 key", "值 value"], paint).page(&rows));
    }
    if !view.destinations.is_empty() {
        text.push('\n');
        let row = |one: &crate::view::problem::DestinationView| {
            vec![format!("{}://{}:{}", one.scheme, one.host, one.port), one.purpose.clone()]
        };
        let mut rows: Vec<_> = view.destinations.iter().map(row).collect();
        if let Some(proxy) = &view.proxy {
            rows.push(vec![format!("{}://{}:{}", proxy.scheme, proxy.host, proxy.port), "proxy".to_owned()]);
        }
        text.push_str(&Table::new(&["须访问 needs to reach", "用途 purpose"], paint).page(&rows));
    }
    if !view.routes.is_empty() {
        text.push('\n');
        let rows: Vec<_> = view.routes.iter().map(|one| vec![one.name.clone(), one.label.clone()]).collect();
        text.push_str(&Table::new(&["接收推送 receives", "控制台名称 in the console"], paint).page(&rows));
    }
    for file in &view.files {
        text.push_str(&format!("\n根目录文件 file at the root: {}\n", clean(&file.name)));
    }
    text
}

/// Findings one below the other.
pub fn problems(problems: &[ProblemView], paint: Paint) -> String {
    let mut text = String::new();
    for problem in problems {
        let severity = match problem.severity {
            "error" => paint.bad("错误 error"),
            _ => paint.warn("警告 warning"),
        };
        let path =
            if problem.path.is_empty() { String::new() } else { format!(" {}", paint.bold(&clean(&problem.path))) };
        text.push_str(&format!("  {severity}{path}: {} [{}]\n", indented(&problem.message, 4), clean(&problem.code)));
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("    → {}\n", indented(hint, 6)));
        }
    }
    text
}

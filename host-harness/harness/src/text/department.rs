//! Departments as the tree they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Paint, clean};
use crate::view::department::DepartmentView;

/// The forest: a department whose parent is not in the copy is a root. Siblings stand in the vendor's order.
pub fn tree(departments: &[DepartmentView], paint: Paint) -> String {
    let ids: BTreeSet<&str> = departments.iter().map(|department| department.id.as_str()).collect();
    let mut children: BTreeMap<Option<&str>, Vec<&DepartmentView>> = BTreeMap::new();
    for department in departments {
        let parent = department.parent_id.as_deref().filter(|parent| ids.contains(parent));
        children.entry(parent).or_default().push(department);
    }
    for siblings in children.values_mut() {
        siblings.sort_by(|a, b| b.order.cmp(&a.order).then_with(|| a.id.cmp(&b.id)));
    }
    let mut text = String::new();
    // By hand and not by recursion: depth is the vendor's to choose.
    let mut next: Vec<(&DepartmentView, String, &str)> = Vec::new();
    push(&mut next, children.remove(&None), "", true);
    while let Some((department, lead, branch)) = next.pop() {
        text.push_str(&format!("{lead}{branch}{}\n", line(department, paint)));
        let lead = match branch {
            "" => String::new(),
            "├─ " => format!("{lead}│  "),
            _ => format!("{lead}   "),
        };
        push(&mut next, children.remove(&Some(department.id.as_str())), &lead, false);
    }
    // A circle has no root; what is in it is shown all the same.
    for department in children.into_values().flatten() {
        text.push_str(&format!("? {}\n", line(department, paint)));
    }
    text
}

fn push<'a>(
    next: &mut Vec<(&'a DepartmentView, String, &'static str)>,
    siblings: Option<Vec<&'a DepartmentView>>,
    lead: &str,
    are_roots: bool,
) {
    let siblings = siblings.unwrap_or_default();
    let last = siblings.len().saturating_sub(1);
    for (index, department) in siblings.into_iter().enumerate().rev() {
        let branch = match (are_roots, index == last) {
            (true, _) => "",
            (false, true) => "└─ ",
            (false, false) => "├─ ",
        };
        next.push((department, lead.to_owned(), branch));
    }
}

fn line(department: &DepartmentView, paint: Paint) -> String {
    let english = department.name_en.as_deref().map(|name| format!(" {name}")).unwrap_or_default();
    let leaders = match department.leaders.as_slice() {
        [] => String::new(),
        leaders => format!(" · 负责人 led by {}", leaders.join(", ")),
    };
    let note = clean(&format!("({}){leaders}", department.id));
    format!("{} {}", clean(&format!("{}{english}", department.name)), paint.dim(&note))
}

/// One department.
pub fn department(department: &DepartmentView, paint: Paint) -> String {
    let parent = department.parent_id.as_deref().unwrap_or("(根部门 root)");
    format!("{}\n  上级 parent: {}\n", line(department, paint), clean(parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(id: &str, parent: Option<&str>, order: u64) -> DepartmentView {
        DepartmentView {
            id: id.to_owned(),
            name: format!("部{id}"),
            name_en: None,
            parent_id: parent.map(str::to_owned),
            order,
            leaders: Vec::new(),
        }
    }

    #[test]
    fn a_forest_is_drawn_in_the_vendors_order() {
        let departments = [
            view("21", Some("2"), 1),
            view("22", Some("2"), 9),
            view("221", Some("22"), 1),
            view("2", Some("1"), 5),
            view("3", Some("1"), 7),
        ];
        let expected = "部3 (3)\n部2 (2)\n├─ 部22 (22)\n│  └─ 部221 (221)\n└─ 部21 (21)\n";
        assert_eq!(tree(&departments, Paint::plain()), expected);
    }

    #[test]
    fn a_circle_is_shown_and_ends() {
        let departments = [view("1", Some("2"), 1), view("2", Some("1"), 1)];
        assert_eq!(tree(&departments, Paint::plain()), "? 部2 (2)\n? 部1 (1)\n");
    }
}

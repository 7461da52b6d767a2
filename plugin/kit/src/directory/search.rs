//! Whether a text holds what somebody typed into a search box.

use super::{department::Department, member::Member};

/// What is searched for, in the form in which texts are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(String);

impl Search {
    /// Reads what somebody typed. Space around it is none of it.
    pub fn new(typed: &str) -> Self {
        Self(plain(typed.trim()))
    }

    /// Whether a member is found.
    pub fn finds_member(&self, member: &Member) -> bool {
        self.is_in(&member.id) || self.is_in(&member.name) || member.alias.as_deref().is_some_and(|it| self.is_in(it))
    }

    /// Whether a department is found. Ids of departments are numbers as a rule, of which a part says nothing.
    pub fn finds_department(&self, department: &Department) -> bool {
        plain(&department.id) == self.0
            || self.is_in(&department.name)
            || department.name_en.as_deref().is_some_and(|it| self.is_in(it))
    }

    fn is_in(&self, text: &str) -> bool {
        plain(text).contains(&self.0)
    }
}

/// Lower case and half width. Chinese input methods write full-width letters and digits, which look alike. Normalisation
/// as a whole (NFKC) would also fold what nobody types, at the price of its tables in every component.
fn plain(text: &str) -> String {
    text.chars().map(half_width).flat_map(char::to_lowercase).collect()
}

/// The ASCII character of which this is the full-width form, else the character itself.
fn half_width(character: char) -> char {
    match character {
        '\u{3000}' => ' ',
        // The block repeats ASCII from `!` to `~` in order.
        '！'..='～' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::directory::MemberStatus;

    #[test]
    fn members_are_found_as_people_expect() {
        let named = Member { name: "张三 Émile".into(), ..Member::new("Zhang.San-7".into(), MemberStatus::Active) };
        let member = Member { alias: Some("Ｓａｎｍａｏ３号".into()), ..named };
        for (typed, is_found) in [
            ("", true),
            (" \u{3000}", true),
            ("张三", true),
            ("三", true),
            ("  张三 ", true),
            ("ZHANG", true),
            ("ｚｈａｎｇ．ｓａｎ", true),
            ("g.san-7", true),
            ("sanmao3号", true),
            ("éMILE", true),
            ("三\u{3000}é", true),
            ("张 三", false),
            ("张四", false),
            ("zhang.san-77", false),
        ] {
            assert_eq!(Search::new(typed).finds_member(&member), is_found, "{typed:?}");
        }
    }

    #[test]
    fn departments_are_found_by_part_of_a_name_or_the_whole_id() {
        let department = Department {
            id: "12A".into(),
            name: "研发中心（Ａ区）".into(),
            name_en: Some("R&D".into()),
            ..Department::default()
        };
        for (typed, is_found) in [
            ("", true),
            ("研发", true),
            ("(a区)", true),
            ("r&d", true),
            ("Ｒ＆Ｄ", true),
            ("１２ａ", true),
            ("12", false),
            ("研发部", false),
        ] {
            assert_eq!(Search::new(typed).finds_department(&department), is_found, "{typed:?}");
        }
    }
}

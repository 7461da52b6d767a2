//! How the ids of one vendor's members compare.

/// Whether two spellings of an id can mean the same member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdRule {
    /// Upper and lower case make no difference; the spelling that was seen first is kept.
    IgnoreCase,
    /// Every byte counts.
    Exact,
}

impl IdRule {
    /// The form of an id under which it is compared and stored.
    pub fn key(self, id: &str) -> String {
        match self {
            Self::Exact => id.to_owned(),
            // Nearly all are ASCII, and need no tables.
            Self::IgnoreCase if id.is_ascii() => id.to_ascii_lowercase(),
            Self::IgnoreCase => id.to_lowercase(),
        }
    }

    /// Whether both spellings mean the same member.
    pub fn is_same(self, one: &str, other: &str) -> bool {
        one == other || (self == Self::IgnoreCase && self.key(one) == self.key(other))
    }

    /// Takes over the spelling of the one known id that means the same, so that spelling alone is never a change.
    pub fn keep_spelling(self, id: &mut String, known: &[String]) {
        if self == Self::IgnoreCase
            && let Some(known) = known.iter().find(|known| *known != id && self.is_same(known, id))
        {
            id.clone_from(known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_is_taken_over_where_it_means_nothing() {
        for (rule, id, known, expected) in [
            (IdRule::IgnoreCase, "ZhangSan", "zhangsan", "zhangsan"),
            (IdRule::IgnoreCase, "neu", "zhangsan", "neu"),
            (IdRule::IgnoreCase, "Émile", "émile", "émile"),
            (IdRule::Exact, "ZhangSan", "zhangsan", "ZhangSan"),
        ] {
            let mut found = id.to_owned();
            rule.keep_spelling(&mut found, &[known.to_owned()]);
            assert_eq!(found, expected);
            assert_eq!(rule.is_same(id, known), rule.key(id) == rule.key(known), "{id}");
        }
    }
}

//! What a list that comes page by page may do: an element whose cursors go round, or lead to nothing for ever, ends a
//! command instead of keeping it.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use crate::command_error::CommandError;

/// So many pages without a record are believed, one after the other: a page may be empty while it searches a large copy.
const MOST_EMPTY: u32 = 10_000;

/// The cursors of one list.
pub struct Cursors {
    function: &'static str,
    /// Of each cursor 64 bits: enough to know it again, whatever its length.
    seen: HashSet<u64>,
    state: RandomState,
    empty: u32,
}

impl Cursors {
    /// Those of a function's pages, read after this cursor.
    pub fn of(function: &'static str, start: Option<&str>) -> Self {
        let state = RandomState::new();
        Self { function, seen: start.map(|cursor| state.hash_one(cursor)).into_iter().collect(), state, empty: 0 }
    }

    /// Whether to go on to the page after this cursor, which came with so many records.
    ///
    /// # Errors
    /// The cursor came before, or too many pages were empty.
    pub fn follow(&mut self, cursor: &str, records: usize) -> Result<(), CommandError> {
        if !self.seen.insert(self.state.hash_one(cursor)) {
            return Err(CommandError::BrokenPromise(format!(
                "{} answered a cursor that it had answered before: the contract promises that none comes twice",
                self.function
            )));
        }
        self.empty = if records == 0 { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY {
            return Err(CommandError::BrokenPromise(format!(
                "{} answered {} pages in a row with no record in them and no end: a list that is read to its end must come to one",
                self.function, self.empty
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_that_comes_again_ends_the_list() {
        for (start, cursors, is_followed) in [
            (None, &["a", "b", "c"][..], true),
            (Some("a"), &["b", "c"], true),
            (None, &["a", "a"], false),
            (None, &["a", "b", "a"], false),
            (Some("a"), &["a"], false),
            (Some("a"), &["b", "a"], false),
            (None, &["", ""], false),
        ] {
            let mut list = Cursors::of("directory.members", start);
            let followed = cursors.iter().try_for_each(|cursor| list.follow(cursor, 1));
            assert_eq!(followed.is_ok(), is_followed, "{start:?} {cursors:?}");
            if let Err(error) = followed {
                assert_eq!(error.reason(), "broken-promise");
                assert!(error.to_string().starts_with("directory.members answered a cursor"), "{error}");
            }
        }
    }

    #[test]
    fn a_list_may_be_empty_for_long_but_not_for_ever() {
        let mut list = Cursors::of("directory.departments", None);
        let mut numbers = 0..;
        let mut follow = |records| list.follow(&numbers.next().unwrap_or_default().to_string(), records);
        for _ in 0..MOST_EMPTY {
            follow(0).unwrap();
        }
        follow(1).unwrap();
        for _ in 0..MOST_EMPTY {
            follow(0).unwrap();
        }
        let error = follow(0).unwrap_err();
        assert_eq!(error.reason(), "broken-promise");
        assert!(error.to_string().contains("10001 pages in a row"), "{error}");
    }
}

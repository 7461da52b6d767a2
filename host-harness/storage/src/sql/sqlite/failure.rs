//! What SQLite's own errors mean to a caller.

use super::super::failure::{Kind, SqlFailure};

impl From<rusqlite::Error> for SqlFailure {
    fn from(error: rusqlite::Error) -> Self {
        let code = match &error {
            rusqlite::Error::SqliteFailure(code, _) | rusqlite::Error::SqlInputError { error: code, .. } => {
                code.extended_code
            }
            _ => 0,
        };
        Self::database(kind(code), error.to_string())
    }
}

/// What a result code of SQLite means ("Result and Error Codes" in its documentation): the low byte of an extended
/// code.
fn kind(code: i32) -> Kind {
    match code & 0xFF {
        5 | 6 => Kind::Locked,
        8 => Kind::ReadOnly,
        // 9: its time was up.
        9 | 10 | 14 => Kind::Lost,
        11 => Kind::Damaged,
        13 => Kind::Full,
        26 => Kind::NotADatabase,
        _ => Kind::Other,
    }
}

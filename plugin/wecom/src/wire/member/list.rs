//! Lists of members: `user/list`, whose answers can be megabytes, and `user/simplelist`, which has ids alone.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    super::tolerant::{Items, WireField, object, parse},
    RawMember, is_id,
};
use organisation_kit::directory::member::MemberRow;

/// Why reading a list ended early.
#[derive(Debug)]
pub(crate) enum Broken<E> {
    /// The answer is not of the documented shape.
    Unreadable {
        /// Where it broke.
        error: serde_json::Error,
        /// The last member before that.
        after: Option<String>,
    },
    /// Whoever took the members could not.
    Refused(E),
}

/// Reads a `user/list` answer and hands its rows on, `portion` at a time, so that a department of any size takes no
/// more memory than its text. What comes before a fault was handed on when the fault is reached.
pub(crate) fn each<E>(
    text: &str,
    portion: usize,
    mut take: impl FnMut(Vec<MemberRow>) -> Result<(), E>,
) -> Result<(), Broken<E>> {
    let (mut refused, mut after) = (None, None);
    let list = List(Portions { portion, refused: &mut refused, after: &mut after, take: &mut take });
    let mut answer = serde_json::Deserializer::from_str(text);
    let read = answer.deserialize_map(list).and_then(|()| answer.end());
    match (refused, read) {
        (Some(error), _) => Err(Broken::Refused(error)),
        (None, read) => read.map_err(|error| Broken::Unreadable { error, after }),
    }
}

/// An answer with a `userlist`.
struct List<'a, F, E>(Portions<'a, F, E>);

/// Takes the members of a `userlist` in portions.
struct Portions<'a, F, E> {
    portion: usize,
    /// What `take` refused with: an error of the deserialiser cannot carry it.
    refused: &'a mut Option<E>,
    /// The last member that was read before the answer broke off.
    after: &'a mut Option<String>,
    take: &'a mut F,
}

impl<'de, E, F: FnMut(Vec<MemberRow>) -> Result<(), E>> Visitor<'de> for List<'_, F, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut portions = Some(self.0);
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match portions.take_if(|_| key == "userlist") {
                Some(portions) => map.next_value_seed(portions)?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

impl<'de, E, F: FnMut(Vec<MemberRow>) -> Result<(), E>> DeserializeSeed<'de> for Portions<'_, F, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E, F: FnMut(Vec<MemberRow>) -> Result<(), E>> Visitor<'de> for Portions<'_, F, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of members")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        loop {
            let mut rows: Vec<MemberRow> =
                Vec::with_capacity(sequence.size_hint().unwrap_or_default().min(self.portion));
            while rows.len() < self.portion {
                match sequence.next_element::<WireField<RawMember>>() {
                    Ok(Some(row)) => {
                        rows.push(row.value().map_or(MemberRow::Unreadable { id: None }, RawMember::normalise));
                    }
                    Ok(None) => break,
                    Err(error) => {
                        *self.after = rows.last().and_then(id_of).or(self.after.take());
                        return Err(error);
                    }
                }
            }
            let is_last = rows.len() < self.portion;
            *self.after = rows.last().and_then(id_of);
            if !rows.is_empty()
                && let Err(error) = (self.take)(rows)
            {
                *self.refused = Some(error);
                return Err(A::Error::custom("the members were refused"));
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn visit_unit<E2: Error>(self) -> Result<(), E2> {
        Ok(())
    }
}

fn id_of(row: &MemberRow) -> Option<String> {
    match row {
        MemberRow::Fetched(fetched) => Some(fetched.member.id.clone()),
        MemberRow::Unreadable { id } => id.clone(),
    }
}

/// The ids of a `user/simplelist` answer, and how many cannot be read.
pub(crate) fn ids(text: &str) -> Result<(Vec<String>, usize), serde_json::Error> {
    object! {
        struct User {
            userid: String,
        }
    }
    object! {
        struct List {
            userlist: Items<User>,
        }
    }
    let Items { read, odd } = parse::<List>(text)?.userlist.or_fail("userlist")?.unwrap_or_default();
    let sent = read.len() + odd;
    let ids: Vec<String> = read.into_iter().filter_map(|user| user.userid.text()).filter(|id| is_id(id)).collect();
    let unreadable = sent - ids.len();
    Ok((ids, unreadable))
}

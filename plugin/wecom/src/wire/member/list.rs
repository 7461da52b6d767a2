//! Lists of members: `user/list`, whose answers can be megabytes, and `user/simplelist`, which has ids alone.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{super::tolerant, Member, Sent};

/// Why reading a list ended early.
#[derive(Debug)]
pub enum Broken<E> {
    /// The answer is not of the documented shape.
    Unreadable(serde_json::Error),
    /// Whoever took the members could not.
    Refused(E),
}

/// Reads a `user/list` answer and hands its members on, `portion` at a time, so that a department of any size takes no
/// more memory than its text. What comes before a fault was handed on when the fault is met.
pub fn each<E>(
    text: &str,
    portion: usize,
    mut take: impl FnMut(Vec<Member>) -> Result<(), E>,
) -> Result<(), Broken<E>> {
    let mut refused = None;
    let list = List(Portions { portion, refused: &mut refused, take: &mut take });
    let mut answer = serde_json::Deserializer::from_str(text);
    let read = answer.deserialize_map(list).and_then(|()| answer.end());
    match (refused, read) {
        (Some(error), _) => Err(Broken::Refused(error)),
        (None, read) => read.map_err(Broken::Unreadable),
    }
}

/// An answer with a `userlist`.
struct List<'a, F, E>(Portions<'a, F, E>);

/// Takes the members of a `userlist` in portions.
struct Portions<'a, F, E> {
    portion: usize,
    /// What `take` refused with: an error of the deserialiser cannot carry it.
    refused: &'a mut Option<E>,
    take: &'a mut F,
}

impl<'de, E, F: FnMut(Vec<Member>) -> Result<(), E>> Visitor<'de> for List<'_, F, E> {
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

impl<'de, E, F: FnMut(Vec<Member>) -> Result<(), E>> DeserializeSeed<'de> for Portions<'_, F, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E, F: FnMut(Vec<Member>) -> Result<(), E>> Visitor<'de> for Portions<'_, F, E> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of members")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        loop {
            let mut members = Vec::with_capacity(sequence.size_hint().unwrap_or_default().min(self.portion));
            while members.len() < self.portion
                && let Some(Sent(member)) = sequence.next_element()?
            {
                members.push(member);
            }
            let is_last = members.len() < self.portion;
            if !members.is_empty()
                && let Err(error) = (self.take)(members)
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

/// The ids of a `user/simplelist` answer.
pub fn ids(text: &str) -> Result<Vec<String>, serde_json::Error> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "tolerant::list")]
        userlist: Vec<Id>,
    }
    #[derive(Deserialize)]
    struct Id {
        #[serde(deserialize_with = "super::id")]
        userid: String,
    }
    Ok(serde_json::from_str::<List>(text)?.userlist.into_iter().map(|row| row.userid).collect())
}

//! What an export job has to write: which rows, of which view, how many a file.

use std::io;

use serde::Serialize;
use serde_json::Value;

use super::Stored;
use crate::api::answer::{Row, unknown};
use crate::api::view::View;
use crate::api::{department, record, tag};
use crate::cipher::Key;
use crate::corp::Member;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Members as `user/simplelist` shows them.
    SimpleUsers,
    /// Members as `user/list` shows them.
    Users,
    /// Departments as `department/list` shows them.
    Departments,
    /// One tag as `tag/get` shows it.
    Tag(u64),
}

impl Subject {
    /// `JobType` of the event that tells the end of a job.
    pub(super) fn job_type(self) -> &'static str {
        match self {
            Self::SimpleUsers => "export_simple_user",
            Self::Users => "export_user",
            Self::Departments => "export_department",
            Self::Tag(_) => "export_tag",
        }
    }
}

/// Everything a job needs to write its files without the world.
pub(crate) struct Order {
    pub(crate) subject: Subject,
    pub(crate) view: View,
    pub(crate) key: Key,
    /// Items of one file; at least 1.
    pub(crate) items: u64,
    /// Whether rows of departments have the key `department_leader`.
    pub(crate) leaders: bool,
    pub(crate) base64: bool,
}

impl Order {
    /// Writes the files, at least one. Stops with an error as soon as they are not `wanted` any more.
    pub(crate) fn fulfil(&self, wanted: &dyn Fn() -> bool) -> io::Result<Vec<Stored>> {
        match self.subject {
            Subject::SimpleUsers => {
                self.lists("userlist", self.members().map(|member| record::simple(&self.view, member)), wanted)
            }
            Subject::Users => {
                self.lists("userlist", self.members().map(|member| record::full(&self.view, member)), wanted)
            }
            Subject::Departments => self.lists("department", self.departments(), wanted),
            Subject::Tag(id) => self.tags(id),
        }
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        self.view.corp.members().filter(|member| self.view.range.member(member))
    }

    fn departments(&self) -> impl Iterator<Item = Row> {
        let seen = self.view.corp.departments().filter(|department| self.view.range.department(department.id));
        seen.map(|department| {
            let mut row = department::record(&self.view, department, true);
            if !self.leaders {
                row.remove("department_leader");
            }
            row
        })
    }

    /// Files that hold one list, each a document of its own.
    fn lists(&self, name: &str, rows: impl Iterator<Item = Row>, wanted: &dyn Fn() -> bool) -> io::Result<Vec<Stored>> {
        let mut rows = rows.peekable();
        let mut files = Vec::new();
        let mut text = Vec::new();
        while files.is_empty() || rows.peek().is_some() {
            let file = Stored::write(&self.key, self.base64, |out| {
                write!(out, "{{\"{name}\":")?;
                if rows.peek().is_none() && self.view.quirks.null_lists {
                    write!(out, "null")?;
                } else {
                    write!(out, "[")?;
                    for position in 0..self.items {
                        let Some(row) = rows.next() else { break };
                        if !wanted() {
                            return Err(io::Error::other("nobody waits for this export any more"));
                        }
                        text.clear();
                        if position > 0 {
                            text.push(b',');
                        }
                        serde_json::to_writer(&mut text, &row)?;
                        out.write_all(&text)?;
                    }
                    write!(out, "]")?;
                }
                if self.view.quirks.unknown_fields {
                    write!(out, ",\"sim_unknown\":{}", unknown())?;
                }
                write!(out, "}}")
            })?;
            files.push(file);
        }
        Ok(files)
    }

    /// Files of a tag. Members and departments count as items alike, in this order. A tag has 30,000 entries at most, so
    /// they may stand in memory. That it exists was checked with the same view.
    fn tags(&self, id: u64) -> io::Result<Vec<Stored>> {
        let tag = self.view.corp.tag(id);
        let (members, departments) = tag.map(|tag| tag::listed(&self.view, tag)).unwrap_or_default();
        let tagname = tag.map_or("", |tag| tag.name.as_str());
        let mut entries: Vec<(bool, Value)> = members.into_iter().map(|member| (true, member)).collect();
        entries.extend(departments.into_iter().map(|department| (false, department)));
        let items = usize::try_from(self.items).unwrap_or(usize::MAX);
        let empty: &[&[(bool, Value)]] = &[&[]];
        let chunks: Vec<&[(bool, Value)]> =
            if entries.is_empty() { empty.to_vec() } else { entries.chunks(items).collect() };
        let only = |chunk: &[(bool, Value)], members| {
            chunk.iter().filter(|(member, _)| *member == members).map(|(_, value)| value.clone()).collect()
        };
        let document = |chunk| TagDocument { tagname, userlist: only(chunk, true), partylist: only(chunk, false) };
        let write = |chunk| {
            Stored::write(&self.key, self.base64, |out| Ok(serde_json::to_writer(&mut *out, &document(chunk))?))
        };
        chunks.into_iter().map(write).collect()
    }
}

#[derive(Serialize)]
struct TagDocument<'t> {
    tagname: &'t str,
    userlist: Vec<Value>,
    partylist: Vec<Value>,
}

//! The bulk export's own answers (docs 94849 to 94854, fact sheet §4.4).

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use super::tolerant;

/// Members of one file at most that are asked for. WeCom takes 10,000 to 1,000,000; small files take little memory, and cost little when one
/// has to be fetched anew.
pub const BLOCK_SIZE: u32 = 10_000;

/// The body of `export/user` and `export/department`.
#[derive(Serialize, Deserialize)]
pub struct Order<'a> {
    /// See [`crate::vendor::export::Key`].
    pub encoding_aeskey: Cow<'a, str>,
    /// See [`BLOCK_SIZE`].
    pub block_size: u32,
}

/// The answer to an order.
#[derive(Debug, Deserialize)]
pub struct Ordered {
    /// Names the job; empty when WeCom named none.
    #[serde(default, deserialize_with = "tolerant::text")]
    pub jobid: String,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Queued or running.
    Pending,
    /// Done.
    Done(Vec<File>),
    /// Failed.
    Failed,
    /// A status that the documentation does not know.
    Unknown(u64),
}

/// A file of an export.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Good for two hours, for whoever knows it.
    #[serde(default, deserialize_with = "tolerant::text")]
    pub url: String,
    /// Bytes of ciphertext.
    #[serde(default, deserialize_with = "tolerant::number_or_zero")]
    pub size: u64,
    /// MD5 of the ciphertext, hexadecimal.
    #[serde(default, deserialize_with = "tolerant::text")]
    pub md5: String,
}

impl fmt::Debug for File {
    /// Without the address, which is all the permission that a download takes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("File").field("size", &self.size).field("md5", &self.md5).finish_non_exhaustive()
    }
}

/// Reads the answer of `export/get_result`.
pub fn parse(text: &str) -> Result<Job, serde_json::Error> {
    #[derive(Deserialize)]
    struct Raw {
        #[serde(deserialize_with = "tolerant::number")]
        status: u64,
        #[serde(default, deserialize_with = "tolerant::list")]
        data_list: Vec<File>,
    }
    let raw: Raw = serde_json::from_str(text)?;
    Ok(match raw.status {
        0 | 1 => Job::Pending,
        2 => Job::Done(raw.data_list),
        3 => Job::Failed,
        other => Job::Unknown(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_read() {
        let file = File {
            url: "https://cdn.example.com/exp/1.bin".to_owned(),
            size: 96,
            md5: "ba70ee1d226f0231a01040b62dce96c9".to_owned(),
        };
        for (json, expected) in [
            (r#"{"errcode":0,"status":0}"#, Job::Pending),
            (r#"{"errcode":0,"status":"1","data_list":null}"#, Job::Pending),
            (
                r#"{"errcode":0,"status":2,"data_list":[{"url":"https://cdn.example.com/exp/1.bin","size":"96","md5":"ba70ee1d226f0231a01040b62dce96c9"}]}"#,
                Job::Done(vec![file]),
            ),
            (r#"{"status":2}"#, Job::Done(Vec::new())),
            (r#"{"status":3,"data_list":[]}"#, Job::Failed),
            (r#"{"status":9}"#, Job::Unknown(9)),
        ] {
            assert_eq!(parse(json).unwrap(), expected, "{json}");
        }
        for json in ["{}", r#"{"status":null}"#, r#"{"status":2,"data_list":{}}"#] {
            assert!(parse(json).is_err(), "{json}");
        }
    }
}

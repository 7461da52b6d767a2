//! The export's own answers (docs 94849 to 94854).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    json_tree::{self, JsonTree},
    tolerant::UnreadableField,
};

/// Reads the answer to an order: the id of the job, empty when WeCom named none.
pub(crate) fn parse_ordered(text: &str) -> Result<String, serde_json::Error> {
    Ok(JsonTree(&json_tree::parse(text)?).at("jobid").text_or_fail("jobid")?.unwrap_or_default())
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobStatus {
    /// Queued or running.
    Pending,
    Done(Vec<File>),
    Failed,
    /// A status that the documentation does not know.
    Unknown(u64),
}

/// A file of an export.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct File {
    /// Good for two hours, for whoever knows it.
    pub(crate) url: String,
    /// Bytes of ciphertext.
    pub(crate) size: u64,
    /// MD5 of the ciphertext, hexadecimal.
    pub(crate) md5: String,
}

impl fmt::Debug for File {
    /// Without the address, which is all the permission that a download takes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("File").field("size", &self.size).field("md5", &self.md5).finish_non_exhaustive()
    }
}

/// Reads the answer of `export/get_result`. What a file lacks is empty: whoever fetches it judges that.
pub(crate) fn parse(text: &str) -> Result<JobStatus, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let answer = JsonTree(&answer);
    let file = |file: &Value| {
        let file = JsonTree(file).object_or_fail("data_list")?;
        Ok(File {
            url: file.at("url").text().unwrap_or_default(),
            size: file.at("size").number().unwrap_or_default(),
            md5: file.at("md5").text().unwrap_or_default(),
        })
    };
    let files = answer.at("data_list").list_or_fail("data_list")?.iter().map(file);
    let files = files.collect::<Result<_, UnreadableField>>()?;
    Ok(match answer.at("status").number().ok_or(UnreadableField("status"))? {
        0 | 1 => JobStatus::Pending,
        2 => JobStatus::Done(files),
        3 => JobStatus::Failed,
        other => JobStatus::Unknown(other),
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
            (r#"{"errcode":0,"status":0}"#, JobStatus::Pending),
            (r#"{"errcode":0,"status":"1","data_list":null}"#, JobStatus::Pending),
            (
                r#"{"errcode":0,"status":2,"data_list":[{"url":"https://cdn.example.com/exp/1.bin","size":"96","md5":"ba70ee1d226f0231a01040b62dce96c9"}]}"#,
                JobStatus::Done(vec![file]),
            ),
            (r#"{"status":2}"#, JobStatus::Done(Vec::new())),
            (r#"{"status":3,"data_list":[]}"#, JobStatus::Failed),
            (r#"{"status":9}"#, JobStatus::Unknown(9)),
        ] {
            assert_eq!(parse(json).unwrap(), expected, "{json}");
        }
        for json in ["{}", r#"{"status":null}"#, r#"{"status":2,"data_list":{}}"#] {
            assert!(parse(json).is_err(), "{json}");
        }
    }
}

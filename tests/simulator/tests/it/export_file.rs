//! An export as a client goes through it: submit, ask, download, check, decrypt. Written apart from the simulator's own
//! cipher code, whole files at a time.

use aes::Aes256;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::bed::Bed;

/// The bytes 0 to 31; the last two bits of the text are not zero, as is usual.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9";

impl Bed {
    /// Submits a job of `export/SUBJECT` with further fields.
    pub(crate) async fn submit(&self, subject: &str, more: Value) -> Value {
        let mut body = json!({ "encoding_aeskey": KEY });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let token = self.token().await;
        self.post(&format!("export/{subject}?access_token={token}"), &body.to_string()).await
    }

    /// Submits a job that is accepted; its id.
    pub(crate) async fn job(&self, subject: &str, more: Value) -> String {
        let answer = self.submit(subject, more).await;
        answer["jobid"].as_str().unwrap_or_else(|| panic!("no job in {answer}")).to_owned()
    }

    /// `export/get_result`.
    pub(crate) async fn result(&self, job: &str) -> Value {
        self.app(&format!("export/get_result?jobid={job}")).await
    }

    /// The addresses of a finished job's files.
    pub(crate) async fn files(&self, job: &str) -> Vec<Value> {
        let result = self.result(job).await;
        assert_eq!(result["status"], 2, "{result}");
        result["data_list"].as_array().unwrap().clone()
    }

    /// Every document of a new job, each checked and decrypted.
    pub(crate) async fn documents(&self, subject: &str, more: Value) -> Vec<Value> {
        let job = self.job(subject, more).await;
        let mut documents = Vec::new();
        for file in self.files(&job).await {
            let page = self.browser.get(file["url"].as_str().unwrap()).await.unwrap();
            assert_eq!(page.status, 200);
            assert_eq!((&file["size"], &file["md5"]), (&json!(page.body.len()), &json!(md5(&page.body))));
            documents.push(open(&page.body));
        }
        documents
    }
}

pub(crate) fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Decrypts one file.
pub(crate) fn open(sealed: &[u8]) -> Value {
    let key: [u8; 32] = std::array::from_fn(|n| u8::try_from(n).unwrap());
    let vector: [u8; 16] = std::array::from_fn(|n| key[n]);
    assert_eq!(sealed.len() % 32, 0, "padded to 32 bytes");
    let mut text = sealed.to_vec();
    let (blocks, _) = Array::slice_as_chunks_mut(&mut text);
    cbc::Decryptor::<Aes256>::new(&key.into(), &vector.into()).decrypt_blocks(blocks);
    let padding = *text.last().unwrap();
    assert!((1..=32).contains(&padding), "{padding} bytes of padding");
    let end = text.len() - usize::from(padding);
    assert!(text[end..].iter().all(|byte| *byte == padding));
    serde_json::from_slice(&text[..end]).unwrap()
}

/// The rows of a list over all documents.
pub(crate) fn rows(documents: &[Value], list: &str) -> Vec<Value> {
    documents.iter().flat_map(|document| document[list].as_array().unwrap().clone()).collect()
}

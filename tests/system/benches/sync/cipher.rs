//! Reading exported files and nothing else: a file of rows in which nobody is a member, so that what is left is the
//! checksum, the decryption and JSON.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aes::Aes256;
use async_trait::async_trait;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use cbc::{
    Decryptor, Encryptor,
    cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit},
};
use md5::{Digest, Md5};
use organisation_host::{
    contract::directory::Strategy,
    egress::{Body, Checked, Hook, HttpError, HttpFailure, Next, Response},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    Outcome,
    component::{Tenant, by},
    meter::thread_time,
    vendor::Vendor,
};

/// Bytes of the file: some what a file of 20,000 members has.
const FILE: usize = 16 << 20;
/// Padding goes to whole multiples of this.
const PADDED: usize = 32;
const PATH: &str = "/export/benchmark.bin";
/// A row as WeCom exports it.
const ROW: &str = r#"{"userid":"m000001","name":"欧阳子涵","department":[17,230],"order":[3,8],"position":"高级工程师","mobile":"13900000001","gender":"1","email":"m1@example.com","is_leader_in_dept":[0,1],"direct_leader":["m000000"],"avatar":"","telephone":"","alias":"","status":1,"extattr":{"attrs":[{"type":0,"name":"工号","text":{"value":"000001"}}]},"main_department":17}"#;

/// Megabytes (10⁶) a second.
pub struct Throughput {
    /// In the component: checksum, decryption and JSON.
    pub guest: f64,
    /// The same, native.
    pub native: f64,
    /// Of it, native.
    pub decryption: f64,
    pub checksum: f64,
    pub json: f64,
}

/// Measures both in one run.
pub async fn throughput(component: &[u8], vendor: &Vendor) -> Outcome<Throughput> {
    let exporter = Arc::new(Exporter { base_url: vendor.base_url.clone(), made: Mutex::default() });
    let tenant = Tenant::new(component, vendor, crate::store::Store::Memory, vec![Arc::clone(&exporter) as _]).await?;
    let figures = tenant.sync(&by(&Strategy::Export), false).await?;
    if figures.report.members_total != 0 || figures.report.strategy != Strategy::Export {
        return Err(format!("the file was not read: {:?}", figures.report).into());
    }
    let made = exporter.made()?;
    // The departments come in such a file as well.
    let guest = megabytes_per_second(2 * made.file.len(), figures.guest);
    tokio::task::spawn_blocking(move || native(&made, guest)).await?
}

fn native(made: &Made, guest: f64) -> Outcome<Throughput> {
    let (key, iv) = key_of(&made.key).ok_or("the component's key is none")?;
    let mut plain = made.file.clone();
    let ((), decryption) = timed(|| {
        let (blocks, _) = Array::slice_as_chunks_mut(&mut plain);
        Decryptor::<Aes256>::new(&Array::from(key), &Array::from(iv)).decrypt_blocks(blocks);
    });
    let (_, checksum) = timed(|| std::hint::black_box(Md5::digest(&made.file)));
    let padding = usize::from(*plain.last().ok_or("the file is empty")?);
    plain.truncate(plain.len() - padding);
    let (read, json) = timed(|| {
        let text = std::str::from_utf8(&plain).map_err(|error| error.to_string())?;
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())
    });
    read?;
    let of = |time| megabytes_per_second(made.file.len(), time);
    let all = decryption + checksum + json;
    Ok(Throughput { guest, native: of(all), decryption: of(decryption), checksum: of(checksum), json: of(json) })
}

/// The bytes of a key, and the initialisation vector, which is their first half.
fn key_of(text: &str) -> Option<([u8; 32], [u8; 16])> {
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&STANDARD, lenient).decode(format!("{text}=")).ok()?;
    let key: [u8; 32] = bytes.try_into().ok()?;
    let mut iv = [0; 16];
    iv.copy_from_slice(&key[..16]);
    Some((key, iv))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = thread_time();
    let done = work();
    (done, thread_time() - started)
}

fn megabytes_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / 1e6 / time.as_secs_f64()
}

/// Answers for the vendor's exports, whatever is ordered, with one large file.
struct Exporter {
    base_url: String,
    made: Mutex<Option<Arc<Made>>>,
}

struct Made {
    key: String,
    md5: String,
    file: Vec<u8>,
}

impl Exporter {
    fn made(&self) -> Result<Arc<Made>, &'static str> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or("nothing was ordered")
    }

    fn answer(&self, request: &Checked) -> Result<Option<Body>, String> {
        Ok(Some(match request.url().path() {
            "/cgi-bin/export/user" | "/cgi-bin/export/department" => {
                let order: Value = serde_json::from_slice(request.body()).map_err(|error| error.to_string())?;
                let key = order["encoding_aeskey"].as_str().unwrap_or_default();
                let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
                if made.as_ref().is_none_or(|made| made.key != key) {
                    *made = Some(Arc::new(Made::under(key)?));
                }
                Body::Text(json!({ "errcode": 0, "errmsg": "ok", "jobid": "benchmark" }).to_string())
            }
            "/cgi-bin/export/get_result" => {
                let made = self.made()?;
                let url = format!("{}{PATH}", self.base_url);
                let file = json!({ "url": url, "size": made.file.len(), "md5": made.md5 });
                Body::Text(json!({ "errcode": 0, "errmsg": "ok", "status": 2, "data_list": [file] }).to_string())
            }
            PATH => {
                let range = request.headers().get("range").and_then(|range| range.to_str().ok()).unwrap_or_default();
                let bounds = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or("no range")?;
                let bound = |text: &str| text.parse::<usize>().map_err(|error| error.to_string());
                let range = bound(bounds.0)?..bound(bounds.1)? + 1;
                Body::Bytes(self.made()?.file.get(range).ok_or("outside of the file")?.to_vec())
            }
            _ => return Ok(None),
        }))
    }
}

#[async_trait]
impl Hook for Exporter {
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
        match self.answer(request) {
            Ok(Some(body)) => {
                let status = if matches!(body, Body::Bytes(_)) { 206 } else { 200 };
                Ok(Response { status, headers: Vec::new(), body })
            }
            Ok(None) => next.run().await,
            Err(message) => Err(HttpError::before_sending(HttpFailure::Other("benchmark"), message)),
        }
    }
}

impl Made {
    fn under(key: &str) -> Result<Self, String> {
        let (bytes, iv) = key_of(key).ok_or("that is no key")?;
        let mut file = document();
        // The document is padded, so nothing is left over.
        let (blocks, _) = Array::slice_as_chunks_mut(&mut file);
        Encryptor::<Aes256>::new(&Array::from(bytes), &Array::from(iv)).encrypt_blocks(blocks);
        let md5 = Md5::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { key: key.to_owned(), md5, file })
    }
}

/// Rows below a key that nobody asks for, and two empty lists; padded.
fn document() -> Vec<u8> {
    let mut document = String::with_capacity(FILE + 1_024);
    document.push_str(r#"{"errcode":0,"errmsg":"ok","others":["#);
    while document.len() < FILE {
        document.push_str(ROW);
        document.push(',');
    }
    document.push_str(ROW);
    document.push_str(r#"],"department":[],"userlist":[]}"#);
    let mut document = document.into_bytes();
    let padding = PADDED - document.len() % PADDED;
    document.resize(document.len() + padding, u8::try_from(padding).unwrap_or_default());
    document
}

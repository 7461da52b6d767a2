//! Reading one export file from its first byte to its last, over as many calls as that takes.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{
    Digest, Md5,
    digest::common::hazmat::{SerializableState, SerializedState},
};
use serde::{Deserialize, Serialize};

use super::{
    cipher::{self, BLOCK, Chain, Key},
    rows::{self, Rows},
};

/// Pieces begin at multiples of this: whole cipher blocks, whether the file holds them as they are or as Base64.
pub const GRAIN: u64 = 64;

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its MD5 is not the one that WeCom named.
    Checksum,
    /// It does not decrypt to a padded text.
    Cipher,
    /// The text is no document of rows.
    Document(rows::Fault),
    /// A row is not of the documented shape; where, never what.
    Row(String),
    /// What was stored of an earlier call does not fit.
    Bookmark,
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => formatter.write_str("its MD5 is not the one announced"),
            Self::Cipher => formatter.write_str("it does not decrypt"),
            Self::Document(rows::Fault::NoDocument) => formatter.write_str("it is no JSON object"),
            Self::Document(rows::Fault::NoRow) => formatter.write_str("its list holds something that is no row"),
            Self::Document(rows::Fault::RowTooLarge) => {
                write!(formatter, "it has a row of more than {} bytes", rows::ROW_BYTES)
            }
            Self::Document(rows::Fault::Incomplete) => formatter.write_str("it is incomplete"),
            Self::Row(place) => write!(formatter, "it has a row that cannot be read ({place})"),
            Self::Bookmark => formatter.write_str("the place where reading stopped is not known any more"),
        }
    }
}

impl From<rows::Fault> for Damage {
    fn from(fault: rows::Fault) -> Self {
        Self::Document(fault)
    }
}

/// The stored form of a [`Reader`]; the default is the beginning of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Bytes of the file that were read.
    pub offset: u64,
    /// Whether the file is Base64 text; unknown before its first byte.
    is_base64: Option<bool>,
    /// The state of the MD5, in Base64.
    checksum: String,
    /// The last block of ciphertext, in Base64.
    chain: String,
    rows: rows::Bookmark,
}

/// See the module.
pub struct Reader {
    offset: u64,
    is_base64: Option<bool>,
    checksum: Md5,
    chain: Chain,
    rows: Rows,
}

impl Reader {
    /// Goes on where the bookmark lies.
    pub fn open(key: &Key, bookmark: &Bookmark) -> Result<Self, Damage> {
        if bookmark.offset == 0 {
            let (checksum, chain, rows) = (Md5::new(), Chain::new(key), Rows::default());
            return Ok(Self { offset: 0, is_base64: None, checksum, chain, rows });
        }
        let restored = || {
            let state = STANDARD.decode(&bookmark.checksum).ok()?;
            let state = SerializedState::<Md5>::try_from(state.as_slice()).ok()?;
            let last = STANDARD.decode(&bookmark.chain).ok()?.try_into().ok()?;
            Some(Self {
                offset: bookmark.offset,
                is_base64: bookmark.is_base64,
                checksum: Md5::deserialize(&state).ok()?,
                chain: Chain::resume(key, last),
                rows: Rows::resume(&bookmark.rows)?,
            })
        };
        restored().ok_or(Damage::Bookmark)
    }

    /// Bytes that were read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Where the reader is.
    pub fn bookmark(&self) -> Bookmark {
        Bookmark {
            offset: self.offset,
            is_base64: self.is_base64,
            checksum: STANDARD.encode(self.checksum.serialize()),
            chain: STANDARD.encode(self.chain.last()),
            rows: self.rows.bookmark(),
        }
    }

    /// Reads the next piece and answers the rows of `list` that end in it. All pieces but a file's last have a
    /// multiple of [`GRAIN`] bytes.
    pub fn read<T>(
        &mut self,
        list: &str,
        mut piece: Vec<u8>,
        parse: impl Fn(&str) -> Result<T, serde_json::Error>,
    ) -> Result<Vec<T>, Damage> {
        self.offset += piece.len() as u64;
        self.checksum.update(&piece);
        // The fact sheet (§13, 14) does not know which: chance makes no 64 bytes of ciphertext look like text.
        let is_base64 = *self.is_base64.get_or_insert_with(|| piece.iter().all(|&byte| is_base64(byte)));
        if is_base64 {
            piece.retain(|byte| !byte.is_ascii_whitespace());
            piece = STANDARD.decode(&piece).map_err(|_| Damage::Cipher)?;
        }
        if !self.chain.decrypt(&mut piece) {
            return Err(Damage::Cipher);
        }
        let mut parsed = Vec::new();
        self.rows.feed(list, &piece, |row| {
            let row = std::str::from_utf8(row).map_err(|_| Damage::Row("it is not UTF-8".to_owned()))?;
            let row = parse(row)
                .map_err(|error| Damage::Row(format!("{:?} at column {}", error.classify(), error.column())))?;
            parsed.push(row);
            Ok::<_, Damage>(())
        })?;
        Ok(parsed)
    }

    /// Ends the file: everything was there, and it is what WeCom announced.
    pub fn finish(self, md5: &str) -> Result<(), Damage> {
        let found: String = self.checksum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if !found.eq_ignore_ascii_case(md5.trim()) {
            return Err(Damage::Checksum);
        }
        if cipher::is_padding(self.rows.finish()?) { Ok(()) } else { Err(Damage::Cipher) }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
}

/// Whether a size can be that of a file at all.
pub fn is_sound_size(size: u64) -> bool {
    size >= BLOCK as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const MD5: &str = "ba70ee1d226f0231a01040b62dce96c9";
    /// Fact sheet §7.8, vector B5.
    const FILE: &str = "zc0cIoqf9jcloBJz5Dg0dNwMtDaSRQnfyJf7+y5eKZVTIlfYpH2oExyGE68z010uhCGxy9kFZrnOCPKENm+ip4t9ubH7q2hu2DGmpTI39Wx8ClU2BpbSdDz7eEjWO1Ui";

    fn read(bytes: &[u8], piece: usize, md5: &str) -> Result<Vec<String>, Damage> {
        let key = Key::parse(KEY).unwrap();
        let mut bookmark = Bookmark::default();
        let mut rows = Vec::new();
        for piece in bytes.chunks(piece) {
            let mut reader = Reader::open(&key, &bookmark)?;
            rows.extend(reader.read("userlist", piece.to_vec(), |row| {
                serde_json::from_str::<serde_json::Value>(row).map(|row| row["name"].as_str().unwrap().to_owned())
            })?);
            bookmark = serde_json::from_str(&serde_json::to_string(&reader.bookmark()).unwrap()).unwrap();
        }
        assert_eq!(bookmark.offset, bytes.len() as u64);
        Reader::open(&key, &bookmark)?.finish(md5).map(|()| rows)
    }

    #[test]
    fn a_file_is_read_whole_or_in_pieces_as_bytes_or_as_text() {
        let bytes = STANDARD.decode(FILE).unwrap();
        for piece in [64, 96, 1_024] {
            assert_eq!(read(&bytes, piece, MD5), Ok(vec!["张三".to_owned()]), "{piece}");
        }
        let text_md5: String = Md5::digest(FILE.as_bytes()).iter().map(|byte| format!("{byte:02X}")).collect();
        for piece in [64, 128, 1_024] {
            assert_eq!(read(FILE.as_bytes(), piece, &text_md5), Ok(vec!["张三".to_owned()]), "text, {piece}");
        }
    }

    #[test]
    fn no_damage_passes() {
        let bytes = STANDARD.decode(FILE).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(read(&damaged, 64, MD5).is_err(), "byte {at}");
        }
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], 1_024, MD5).is_err(), "cut to {length}");
        }
        assert_eq!(read(&bytes, 64, "00"), Err(Damage::Checksum));
    }

    #[test]
    fn a_bookmark_that_does_not_fit_is_noticed() {
        let key = Key::parse(KEY).unwrap();
        let bookmark = Bookmark { offset: 64, ..Bookmark::default() };
        assert_eq!(Reader::open(&key, &bookmark).err(), Some(Damage::Bookmark));
    }
}

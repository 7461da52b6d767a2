//! One exported file on disk: written once from the front, read in slices from anywhere.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use md5::{Digest as _, Md5};

use crate::cipher::{Key, Seal};

/// A finished file. It has no name, so it is gone with this value, whatever happens to the process.
#[derive(Debug)]
pub(crate) struct Stored {
    file: Mutex<File>,
    pub(crate) size: u64,
    /// Of the file as it is served, in hexadecimal digits.
    pub(crate) md5: String,
}

impl Stored {
    /// Encrypts what `fill` writes; as text when `base64`.
    pub(crate) fn write(
        key: &Key,
        base64: bool,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let tally = Tally { out: BufWriter::new(tempfile::tempfile()?), size: 0, digest: Md5::new() };
        if base64 {
            let mut seal = Seal::new(key, EncoderWriter::new(tally, &STANDARD));
            fill(&mut seal)?;
            seal.finish()?.finish()?.finish()
        } else {
            let mut seal = Seal::new(key, tally);
            fill(&mut seal)?;
            seal.finish()?.finish()
        }
    }

    /// `length` bytes from `at` on.
    pub(crate) fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Counts and digests on the way to the disk.
struct Tally {
    out: BufWriter<File>,
    size: u64,
    digest: Md5,
}

impl Tally {
    fn finish(self) -> io::Result<Stored> {
        let md5 = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Stored { file: Mutex::new(file), size: self.size, md5 })
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.size += u64::try_from(taken).unwrap_or_default();
        self.digest.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    /// Vector B5 of the fact sheet (section 7.8).
    const TEXT: &str = r#"{"userlist":[{"userid":"zhangsan","name":"张三","department":[1,2],"open_userid":""}]}"#;
    const SEALED: &str = "zc0cIoqf9jcloBJz5Dg0dNwMtDaSRQnfyJf7+y5eKZVTIlfYpH2oExyGE68z010uhCGxy9kFZrnOCPKENm+ip4t9ub\
                          H7q2hu2DGmpTI39Wx8ClU2BpbSdDz7eEjWO1Ui";

    fn stored(key: &str, base64: bool) -> Stored {
        let key = Key::read(key).unwrap();
        Stored::write(&key, base64, |out| out.write_all(TEXT.as_bytes())).unwrap()
    }

    #[test]
    fn the_known_vector_comes_out() {
        for key in ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9"] {
            let file = stored(key, false);
            assert_eq!((file.size, file.md5.as_str()), (96, "ba70ee1d226f0231a01040b62dce96c9"));
            assert_eq!(STANDARD.encode(file.read(0, 96).unwrap()), SEALED);
        }
    }

    #[test]
    fn as_text_size_and_digest_are_those_of_the_text() {
        let file = stored("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true);
        let text = file.read(0, 128).unwrap();
        assert_eq!((file.size, text.as_slice()), (128, SEALED.as_bytes()));
        let digest: String = Md5::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file.md5, digest);
    }

    #[test]
    fn slices_are_read_from_anywhere_and_not_beyond_the_end() {
        let file = stored("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", true);
        for (at, length) in [(0, 1), (127, 1), (5, 20), (0, 128)] {
            let from = usize::try_from(at).unwrap();
            assert_eq!(file.read(at, length).unwrap(), &SEALED.as_bytes()[from..from + length]);
        }
        assert!(file.read(120, 9).is_err());
    }
}

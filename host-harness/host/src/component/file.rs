//! A component file as it lies on disk, with its signature beside it; and what a file is that is no component.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    LoadError, MAX_COMPONENT_BYTES,
    trust::{Signature, TrustError},
};
use crate::digest::Digest;

/// The most bytes of a signature file that are looked at; base64 with a line break has 89.
const MAX_SIGNATURE_BYTES: u64 = 1_024;

/// The bytes of a component, and the signature that came with them.
#[derive(Clone)]
pub struct ComponentFile {
    bytes: Cow<'static, [u8]>,
    signature: Option<Signature>,
}

/// Why a component file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refuses.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The file is larger than any component; nothing of it was read.
    #[error("{} has {bytes} bytes, at most {MAX_COMPONENT_BYTES} are loaded", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file beside it is no signature.
    #[error("{}: {source}", path.display())]
    Signature {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TrustError,
    },
}

impl ComponentFile {
    /// A component from memory, without a signature.
    pub fn of(bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { bytes: bytes.into(), signature: None }
    }

    /// The same component with this signature.
    #[must_use]
    pub fn signed(self, signature: Signature) -> Self {
        Self { signature: Some(signature), ..self }
    }

    /// Reads a component file, never more of it than [`MAX_COMPONENT_BYTES`], and the signature in `FILE.sig` if there
    /// is such a file.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let too_large = |bytes| FileError::TooLarge { path: path.to_owned(), bytes };
        let bytes = match read_at_most(path, MAX_COMPONENT_BYTES as u64) {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(size)) => return Err(too_large(size)),
            Err(source) => return Err(FileError::Io { path: path.to_owned(), source }),
        };
        let path = signature_path(path);
        let signature = match read_at_most(&path, MAX_SIGNATURE_BYTES) {
            Ok(Ok(bytes)) => Some(Signature::parse(&bytes)),
            Ok(Err(size)) => Some(Err(TrustError::Signature { found: usize::try_from(size).unwrap_or(usize::MAX) })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(FileError::Io { path, source }),
        };
        let signature = signature.transpose().map_err(|source| FileError::Signature { path, source })?;
        Ok(Self { bytes: bytes.into(), signature })
    }

    /// The component.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signature that came with it; nobody has checked it.
    pub fn signature(&self) -> Option<&Signature> {
        self.signature.as_ref()
    }

    /// Whether this is the component that somebody pinned, before anything looks into it.
    ///
    /// # Errors
    /// [`LoadError::Digest`] with both digests.
    pub fn demand(&self, expected: Digest) -> Result<(), LoadError> {
        let found = Digest::of(&self.bytes);
        if found == expected { Ok(()) } else { Err(LoadError::Digest { expected, found }) }
    }
}

/// `FILE.sig` for `FILE`.
pub fn signature_path(component: &Path) -> PathBuf {
    let mut path = component.as_os_str().to_owned();
    path.push(".sig");
    path.into()
}

/// The content of a file, or its size where that is larger.
fn read_at_most(path: &Path, limit: u64) -> io::Result<Result<Vec<u8>, u64>> {
    // Not even opened: a named pipe would wait for somebody to write.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Ok(Err(size));
    }
    // The size is no promise: a file may grow meanwhile.
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(limit + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    Ok(if read > limit { Err(read) } else { Ok(bytes) })
}

/// Looks at the first bytes only, so that what is no component is refused in words and not by a parser.
pub(crate) fn refuse_other_files(bytes: &[u8]) -> Result<(), LoadError> {
    /// A binary begins with `\0asm`, a version and a layer: 0 for a core module, 1 for a component.
    const MAGIC: &[u8] = b"\0asm";
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge { bytes: bytes.len() });
    }
    let what = match bytes {
        [] => "the file is empty".to_owned(),
        _ if MAGIC.starts_with(bytes) => "the file ends within its first bytes".to_owned(),
        [0, b'a', b's', b'm', rest @ ..] => match rest {
            [_, _, 1, 0, ..] => return Ok(()),
            [_, _, 0, 0, ..] => {
                "it is a core module; build it for wasm32-wasip2, or wrap it with `wasm-tools component \
                                 new`"
                    .to_owned()
            }
            [_, _, _, _, ..] => "it is WebAssembly of a layer that this host does not know".to_owned(),
            _ => "the file ends within its first bytes".to_owned(),
        },
        [b'(', ..] => "it is WebAssembly text; a binary component is expected".to_owned(),
        [0x7f, b'E', b'L', b'F', ..] => {
            "it is a native program or compiled code; a component as built by cargo is expected".to_owned()
        }
        _ => "it does not begin like WebAssembly".to_owned(),
    };
    Err(LoadError::NotAComponent(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_recognised() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "is empty"),
            (b"\0as", "ends within"),
            (b"\0asm\x0d\0", "ends within"),
            (b"\0asm\x01\0\0\0", "core module"),
            (b"\0asm\x0d\0\x02\0", "layer"),
            (b"(component)", "text"),
            (b"\x7fELF\x02\x01", "native"),
            (b"PK\x03\x04", "does not begin"),
            ("名".as_bytes(), "does not begin"),
        ];
        for (bytes, words) in cases {
            let message = refuse_other_files(bytes).unwrap_err().to_string();
            assert!(message.contains(words), "{bytes:?}: {message}");
        }
        assert!(refuse_other_files(b"\0asm\x0d\0\x01\0").is_ok());
        let large = vec![0; MAX_COMPONENT_BYTES + 1];
        assert!(matches!(refuse_other_files(&large), Err(LoadError::TooLarge { bytes }) if bytes == large.len()));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_even_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.wasm");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&*pipe, folder.path(), Path::new("/dev/zero")] {
            let message = ComponentFile::read(path).err().unwrap().to_string();
            assert!(message.contains("not a regular file"), "{message}");
        }
    }

    #[test]
    fn a_file_is_read_with_its_signature_and_no_further_than_it_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("element.wasm");
        let signature = folder.path().join("element.wasm.sig");
        assert!(matches!(ComponentFile::read(&path), Err(FileError::Io { .. })));

        std::fs::write(&path, b"component").unwrap();
        let read = ComponentFile::read(&path).unwrap();
        assert_eq!((read.bytes(), read.signature()), (&b"component"[..], None));
        std::fs::write(&signature, [1; 64]).unwrap();
        assert!(ComponentFile::read(&path).unwrap().signature().is_some());
        for wrong in [vec![1; 63], vec![b'x'; 5_000]] {
            std::fs::write(&signature, &wrong).unwrap();
            let error = ComponentFile::read(&path).err().unwrap();
            assert!(matches!(error, FileError::Signature { .. }), "{error}");
        }

        // 100 MB that take no room on the disk.
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        let error = ComponentFile::read(&path).err().unwrap();
        assert!(matches!(error, FileError::TooLarge { bytes, .. } if bytes == 100 << 20), "{error}");
    }

    #[test]
    fn a_pin_names_both_digests() {
        let file = ComponentFile::of(&b"component"[..]);
        file.demand(Digest::of(b"component")).unwrap();
        let message = file.demand(Digest::of(b"another")).unwrap_err().to_string();
        for digest in [Digest::of(b"component"), Digest::of(b"another")] {
            assert!(message.contains(&digest.to_string()), "{message}");
        }
    }
}

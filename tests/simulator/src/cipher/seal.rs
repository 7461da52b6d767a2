//! Encryption of whatever is written, piece by piece: AES-256-CBC with the padding of 32-byte blocks (fact sheet
//! section 4.4). There is neither a prefix nor a length.

use std::io::{self, Write};

use aes::Aes256;
use cbc::Encryptor;
use cbc::cipher::array::Array;
use cbc::cipher::{BlockModeEncrypt as _, KeyIvInit as _};

use super::Key;

/// Padding fills up to a multiple of this, although the cipher's own blocks are half as long.
pub(super) const PADDED_TO: usize = 32;
/// Text that is collected before it goes through the cipher; a multiple of the padded length.
const COLLECTED: usize = 64 * 1024;

/// Encrypts on the way to `out`.
pub(crate) struct Seal<W> {
    cipher: Encryptor<Aes256>,
    collected: Vec<u8>,
    out: W,
}

impl<W: Write> Seal<W> {
    pub(crate) fn new(key: &Key, out: W) -> Self {
        let cipher = Encryptor::new(&key.bytes().into(), &key.vector().into());
        Self { cipher, collected: Vec::with_capacity(COLLECTED + PADDED_TO), out }
    }

    /// Pads, writes the rest, and gives back what was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let missing = PADDED_TO - self.collected.len() % PADDED_TO;
        let byte = u8::try_from(missing).unwrap_or_default();
        self.collected.resize(self.collected.len() + missing, byte);
        self.pass_on()?;
        Ok(self.out)
    }

    /// Encrypts what was collected, which is a whole number of padded blocks.
    fn pass_on(&mut self) -> io::Result<()> {
        let (blocks, _) = Array::slice_as_chunks_mut(&mut self.collected);
        self.cipher.encrypt_blocks(blocks);
        self.out.write_all(&self.collected)?;
        self.collected.clear();
        Ok(())
    }
}

impl<W: Write> Write for Seal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(COLLECTED - self.collected.len());
        self.collected.extend_from_slice(&bytes[..taken]);
        if self.collected.len() == COLLECTED {
            self.pass_on()?;
        }
        Ok(taken)
    }

    /// What does not fill a block has to wait for [`Seal::finish`].
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap()
    }

    #[test]
    fn any_length_in_any_pieces_is_padded_to_blocks_of_32_bytes() {
        for length in [0, 1, 15, 16, 31, 32, 33, COLLECTED - 1, COLLECTED, COLLECTED + 1, 3 * COLLECTED + 7] {
            for piece in [7, 4096, usize::MAX] {
                let text: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
                let mut seal = Seal::new(&key(), Vec::new());
                for part in text.chunks(piece.min(length.max(1))) {
                    seal.write_all(part).unwrap();
                }
                let sealed = seal.finish().unwrap();
                assert_eq!(sealed.len(), (length / PADDED_TO + 1) * PADDED_TO, "{length}");
                assert!(key().decrypt(&sealed).as_ref() == Ok(&text), "{length} bytes in pieces of {piece}");
            }
        }
    }
}

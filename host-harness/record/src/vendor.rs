//! What a vendor seals: messages that it encrypts and signs, files that it encrypts. Only who knows the vendor can open them; what is
//! inside is then replaced like everything else, and sealed again with what stands for the keys.

use std::collections::BTreeSet;

use crate::pseudonym::Pseudonyms;

/// A request of the vendor, as `callbacks.handle` is given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Such as `POST`.
    pub method: String,
    /// What follows `?`, as it stands in the address.
    pub query: String,
    /// Absent where there is none, or none that is text.
    pub body: Option<String>,
}

/// What is inside of something sealed: each text goes through here. The same methods serve whoever looks for what is private, whoever
/// replaces it, and whoever looks once more at what was made; in the first and the last case a text is answered as it is.
pub trait Contents {
    /// What stands for a document, XML or JSON; of any other text as for a value. Whether it is about a department alone, whose
    /// numbers are then its ids.
    fn document(&mut self, text: &str, is_of_department: bool) -> String;

    /// What stands for a text under this name.
    fn value(&mut self, name: &str, text: &str) -> String;

    /// The texts that may be keys and tokens: what the component declares as secret, and whatever [`VendorFormat::is_key`].
    fn secrets(&self) -> Vec<String>;

    /// The key or token in place of one of them. Nothing where none is known yet: then the thing stays closed.
    fn stand_in(&mut self, secret: &str) -> Option<String>;
}

/// What is known of a vendor's way of sealing. What cannot be opened is not left as it is: of a delivery query and body are replaced as
/// texts, of a file length and kind stay.
pub trait VendorFormat: Send + Sync {
    /// Words in messages of this vendor that are nobody's, such as names of events.
    fn words(&self) -> &'static [&'static str] {
        &[]
    }

    /// What stands in place of a member's id where the vendor itself speaks.
    fn senders(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether a text looks like a key of this vendor.
    fn is_key(&self, _text: &str) -> bool {
        false
    }

    /// The delivery with what stands for its contents, sealed and signed anew; one whose seal is broken with one that is broken in the
    /// same way. Nothing where it is none of this vendor's.
    fn delivery(&self, _delivery: &Delivery, _contents: &mut dyn Contents) -> Option<Delivery> {
        None
    }

    /// The file with what stands for its contents, sealed anew; of this size where the contents leave it so, and else larger. Nothing
    /// where it cannot be opened.
    fn file(&self, _file: &[u8], _size: usize, _contents: &mut dyn Contents) -> Option<Vec<u8>> {
        None
    }

    /// How the vendor names a file's contents where it announces it, such as its MD5; nothing where it does not.
    fn checksum(&self, _file: &[u8]) -> Option<String> {
        None
    }
}

/// A vendor that seals nothing.
#[derive(Debug, Clone, Copy)]
pub struct Unsealed;

impl VendorFormat for Unsealed {}

/// Collects contents, or replaces them once all is collected.
pub(crate) struct Replaced<'a> {
    pub(crate) pseudonyms: &'a mut Pseudonyms,
    pub(crate) secrets: &'a BTreeSet<String>,
    /// How many keys and tokens were replaced.
    pub(crate) seals: &'a mut usize,
}

impl Contents for Replaced<'_> {
    fn document(&mut self, text: &str, is_of_department: bool) -> String {
        self.pseudonyms.document(text, is_of_department)
    }

    fn value(&mut self, name: &str, text: &str) -> String {
        self.pseudonyms.field(name, text)
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets.iter().cloned().collect()
    }

    fn stand_in(&mut self, secret: &str) -> Option<String> {
        let stand_in = self.pseudonyms.stand_in(secret)?;
        *self.seals += 1;
        Some(stand_in)
    }
}

/// Looks at contents.
pub(crate) struct Seen<'a> {
    pub(crate) secrets: &'a BTreeSet<String>,
    /// One a line.
    pub(crate) texts: String,
    /// How many keys and tokens were asked for.
    pub(crate) seals: usize,
}

impl Contents for Seen<'_> {
    fn document(&mut self, text: &str, _: bool) -> String {
        self.value("", text)
    }

    fn value(&mut self, _: &str, text: &str) -> String {
        self.texts.push_str(text);
        self.texts.push('\n');
        text.to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets.iter().cloned().collect()
    }

    fn stand_in(&mut self, secret: &str) -> Option<String> {
        self.seals += 1;
        Some(secret.to_owned())
    }
}

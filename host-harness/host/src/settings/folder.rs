//! An element folder on disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    document::{Document, DocumentError, read_object, without_mark},
    encoding::{EncodingError, text_of_bytes},
    fill::{FillError, Variables, fill},
};

/// The largest file of an element folder: 1 MiB, a thousand times what one needs.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// An element as it stands in its folder.
#[derive(Debug, Clone)]
pub struct ElementFolder {
    /// The name of the folder, which is the name of the element.
    pub name: String,
    /// `type` of `e.json`, such as `corps.QywxInnerType`.
    pub kind: Option<String>,
    /// `title` of `e.json`.
    pub title: Option<String>,
    /// The business configuration, filled in.
    pub settings: Document,
}

/// Why a folder is no element. Every message names the file and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The folder itself.
    #[error("{} is not an element folder: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that must be there is not.
    #[error("{} is missing: an element folder holds e.json and a file named like the folder", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A link, a directory or a device.
    #[error("{} is not a regular file: put the file itself there, not a link", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("{} has {bytes} bytes, at most {MAX_FILE_BYTES} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is not in UTF-8.
    #[error("{}: {source}", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        source: EncodingError,
    },
    /// No JSON object.
    #[error("{}: {source}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        source: DocumentError,
    },
    /// A variable is missing.
    #[error("{}: {source}", path.display())]
    Fill {
        /// The file.
        path: PathBuf,
        /// Which one and where.
        source: FillError,
    },
}

impl SettingsError {
    /// The next step in Chinese and English, where the message does not say it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Encoding { source, .. } => Some(source.hint()),
            Self::Document { source, .. } => source.hint(),
            _ => None,
        }
    }
}

impl ElementFolder {
    /// Reads an element folder and fills in the variables.
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn load(folder: &Path, variables: &Variables) -> Result<Self, SettingsError> {
        let error = |reason: String| SettingsError::Folder { path: folder.to_owned(), reason };
        // The real path has a name also for `.` and `..`.
        let real = folder.canonicalize().map_err(|source| error(source.to_string()))?;
        if !real.is_dir() {
            return Err(error("it is a file; name the folder that it lies in".to_owned()));
        }
        let name = real.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| error("its name is not text".to_owned()))?.to_owned();

        let about = folder.join("e.json");
        let declared = read_object(without_mark(&read(&about)?))
            .map_err(|source| SettingsError::Document { path: about, source })?;
        let text = |key: &str| declared.get(key).and_then(|value| value.as_str()).map(str::to_owned);

        let path = folder.join(format!("{name}.json"));
        let content = read(&path)?;
        let mut object = read_object(without_mark(&content))
            .map_err(|source| SettingsError::Document { path: path.clone(), source })?;
        fill(&mut object, variables).map_err(|source| SettingsError::Fill { path, source })?;
        Ok(Self { kind: text("type"), title: text("title"), settings: Document::of(&object), name })
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, SettingsError> {
    let error = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => SettingsError::Missing { path: path.to_owned() },
        _ => SettingsError::Read { path: path.to_owned(), source },
    };
    // A link could lead anywhere on this machine, and the content would reach the component.
    let metadata = fs::symlink_metadata(path).map_err(error)?;
    if !metadata.is_file() {
        return Err(SettingsError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(SettingsError::TooLarge { path: path.to_owned(), bytes: metadata.len() });
    }
    let bytes = Zeroizing::new(fs::read(path).map_err(error)?);
    text_of_bytes(bytes).map_err(|source| SettingsError::Encoding { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loads a folder named `wecom` with these files.
    fn load(files: &[(&str, &str)]) -> Result<ElementFolder, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("wecom");
        fs::create_dir(&folder).unwrap();
        for (name, content) in files {
            fs::write(folder.join(name), content).unwrap();
        }
        let variables: Variables = [("SECRET", "hid\"den")].into_iter().collect();
        ElementFolder::load(&folder, &variables)
    }

    const ABOUT: (&str, &str) = ("e.json", r#"{"title":"WeCom","type":"corps.QywxInnerType","more":[]}"#);

    #[test]
    fn an_element_is_read_and_filled_in() {
        let element = load(&[ABOUT, ("wecom.json", r#"{"authConfig":{"secret":"{{SECRET}}"}}"#)]).unwrap();
        assert_eq!((&*element.name, element.title.as_deref()), ("wecom", Some("WeCom")));
        assert_eq!(element.kind.as_deref(), Some("corps.QywxInnerType"));
        assert_eq!(element.settings.expose(), r#"{"authConfig":{"secret":"hid\"den"}}"#);
        assert!(!format!("{element:?}").contains("den"));
    }

    #[test]
    fn every_mistake_names_its_file() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_FILE_BYTES as usize));
        for (files, file, words) in [
            (vec![], "e.json", "is missing"),
            (vec![ABOUT], "wecom.json", "is missing"),
            (vec![("e.json", "[]"), ("wecom.json", "{}")], "e.json", "is an array, expected a JSON object"),
            (vec![ABOUT, ("wecom.json", "{\n\"a\" 1}")], "wecom.json", "line 2, column 5"),
            (vec![ABOUT, ("wecom.json", "{“a”: 1}")], "wecom.json", "line 1, character 2: “"),
            (vec![("e.json", "{}，")], "e.json", "line 1, character 3: ，"),
            (vec![ABOUT, ("wecom.json", "{\0\"\0a\0")], "wecom.json", "looks like UTF-16"),
            (vec![ABOUT, ("wecom.json", r#"{"a":{"b":"{{HOME}}"}}"#)], "wecom.json", "a.b uses {{HOME}}"),
            (vec![ABOUT, ("wecom.json", &large)], "wecom.json", "at most"),
        ] {
            let message = load(&files).unwrap_err().to_string();
            assert!(message.contains(file) && message.contains(words), "{message}");
        }
    }

    #[test]
    fn what_is_no_folder_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        for (path, words) in [(file, "it is a file"), (directory.path().join("absent"), "is not an element folder")] {
            let message = ElementFolder::load(&path, &Variables::default()).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("wecom");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("e.json"), "{}").unwrap();
        std::os::unix::fs::symlink("e.json", folder.join("wecom.json")).unwrap();
        let message = ElementFolder::load(&folder, &Variables::default()).unwrap_err().to_string();
        assert!(message.contains("wecom.json is not a regular file"), "{message}");
    }
}

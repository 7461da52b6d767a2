//! Why a command did not do what it was asked to, and the exit codes: the only place that knows them.

use std::{io, net::SocketAddr, process::ExitCode};

use organisation_conform::ConformError;
use organisation_fleet::tenants::{SourceError, StoreError};
use organisation_host::{
    BuildError, CallError, ElementError, FailedCall, FileError, LoadError,
    contract::types::{self, Reason},
    reason_name,
    settings::SettingsError,
    storage::{
        OpenError, StorageError,
        tenant::{ExportError, ImportError},
    },
};

use crate::local_files::LocalFileError;

/// How a command that has printed its answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// It did what it was asked to.
    Done,
    /// The answer is an error, or no.
    Negative,
    /// The configuration is invalid.
    Configuration,
    /// A limit or trap stopped the component.
    Stopped,
}

impl ExitStatus {
    /// The number that the operating system gets.
    pub fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Negative => 1,
            Self::Configuration => 2,
            Self::Stopped => 3,
        }
    }

    /// What such a number says.
    pub fn of(number: u8) -> Self {
        match number {
            0 => Self::Done,
            2 => Self::Configuration,
            3 => Self::Stopped,
            _ => Self::Negative,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.number())
    }
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line is not usable.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// The element folder is not usable.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file that was named cannot be read.
    #[error("cannot read {file}: {source}")]
    File {
        /// As it was named.
        file: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The component file is too large, or its signature is none.
    #[error(transparent)]
    ComponentFile(FileError),
    /// The component cannot be run.
    #[error(transparent)]
    Component(#[from] LoadError),
    /// The name of tenant or element is not usable.
    #[error(transparent)]
    Element(#[from] ElementError),
    /// The storage cannot be opened.
    #[error(transparent)]
    Storage(#[from] OpenError),
    /// The storage failed in its work.
    #[error(transparent)]
    Stored(#[from] StorageError),
    /// The tenant cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The tenant cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The user's folders are not usable.
    #[error(transparent)]
    Place(#[from] LocalFileError),
    /// The host cannot be built.
    #[error(transparent)]
    Host(#[from] BuildError),
    /// The component answered an error.
    #[error("{}", .0.message)]
    Answered(types::Error),
    /// The call gave no answer.
    #[error(transparent)]
    Call(#[from] Box<FailedCall>),
    /// The component breaks a promise of the contract, on which a command would never end.
    #[error("{0}")]
    BrokenPromise(String),
    /// The simulator or its files are not to be had.
    #[error("{0}")]
    Simulation(String),
    /// A file is no recording, or its replay is not what was recorded.
    #[error("{message}")]
    Recording {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The tenants cannot be read.
    #[error(transparent)]
    Tenants(#[from] SourceError),
    /// A declaration was not stored.
    #[error(transparent)]
    Declaration(#[from] StoreError),
    /// The address is not to be had.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Standard output does not take the answer.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl From<ConformError> for CommandError {
    fn from(error: ConformError) -> Self {
        match error {
            ConformError::Host(error) => Self::Host(error),
            ConformError::Component(error) => Self::Component(error),
            ConformError::Element(error) => Self::Element(error),
            ConformError::Call(failed) => Self::Call(failed),
        }
    }
}

impl CommandError {
    /// What is wrong with the command line, and what to write instead.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// How the program ends.
    pub fn status(&self) -> ExitStatus {
        match self {
            Self::Usage { .. }
            | Self::Settings(_)
            | Self::File { .. }
            | Self::ComponentFile(_)
            | Self::Component(_)
            | Self::Element(_)
            | Self::Storage(_)
            | Self::Place(_)
            | Self::Tenants(_)
            | Self::Declaration(_)
            | Self::Listen { .. } => ExitStatus::Configuration,
            // A name that is not usable stands on the command line.
            Self::Stored(StorageError::Invalid(_)) => ExitStatus::Configuration,
            Self::Answered(error) if matches!(error.reason, Reason::InvalidConfig(_)) => ExitStatus::Configuration,
            Self::Call(failed) => match failed.error {
                CallError::Limit { .. } | CallError::Trap { .. } => ExitStatus::Stopped,
                _ => ExitStatus::Negative,
            },
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitStatus::Done,
            Self::Host(_)
            | Self::Stored(_)
            | Self::Export(_)
            | Self::Import(_)
            | Self::Answered(_)
            | Self::BrokenPromise(_)
            | Self::Simulation(_)
            | Self::Recording { .. }
            | Self::Interrupted
            | Self::Output(_) => ExitStatus::Negative,
        }
    }

    /// The reason for programs: the contract's for what a component answers, else one of the host's own.
    pub fn reason(&self) -> &str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Settings(_) => "invalid-config",
            Self::File { .. } => "file",
            Self::ComponentFile(_) | Self::Component(_) => "component",
            Self::Element(_) => "invalid-name",
            Self::Stored(StorageError::Invalid(_)) => "invalid-name",
            Self::Storage(_) | Self::Place(_) | Self::Stored(_) => "storage",
            Self::Export(_) => "export",
            Self::Import(ImportError::NotEmpty { .. }) => "conflict",
            Self::Import(_) => "import",
            Self::Tenants(_) | Self::Declaration(_) => "invalid-tenants",
            Self::Listen { .. } => "listen",
            Self::Host(_) => "host",
            Self::Answered(error) => reason_name(&error.reason),
            Self::Call(failed) => failed.error.kind(),
            Self::BrokenPromise(_) => "broken-promise",
            Self::Simulation(_) => "simulation",
            Self::Recording { .. } => "recording",
            Self::Interrupted => "interrupted",
            Self::Output(_) => "output",
        }
    }

    /// The next step, where the message does not say it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Usage { hint, .. } | Self::Recording { hint, .. } => hint.as_str(),
            Self::Answered(error) => error.hint.as_deref()?,
            Self::Settings(error) => error.hint()?,
            Self::Tenants(error) => error.hint()?,
            Self::Component(LoadError::Digest { .. }) => {
                "if the new component is meant, pin its digest; if not, put the old file back"
            }
            Self::Import(ImportError::NotEmpty { .. }) => "tenant import --replace deletes what the tenant holds first",
            Self::Import(ImportError::Quota { .. }) => {
                "a quota is declared in the storage (tenants put FILE), or in a file that --tenants FILE names"
            }
            Self::Import(ImportError::KeyNeeded { .. } | ImportError::OtherKey { .. }) => {
                "name the environment variable that holds it with --transfer-key NAME"
            }
            Self::BrokenPromise(_) => "this is a defect of the component; what is stored is as its last call left it",
            Self::Component(LoadError::World(_)) => "org-harness --component FILE inspect shows all of it",
            Self::Call(failed) => match &failed.error {
                CallError::Limit { site, .. } if site.is_pure() => {
                    "the answer depends on the component alone, so every call ends like this: this is a defect of the component"
                }
                CallError::Limit { site, .. } if site.function == "directory.advance" => {
                    "the run goes on where it was: sync again"
                }
                CallError::Limit { .. } => "the next call begins anew, with nothing of this one left",
                CallError::Trap { .. } => {
                    "this is a defect of the component; --report --format json shows where it broke off"
                }
                _ => return None,
            },
            _ => return None,
        };
        Some(text.to_owned())
    }
}

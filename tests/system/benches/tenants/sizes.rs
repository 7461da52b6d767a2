//! The sizes of a run, `key=value` on the command line.

use crate::Outcome;

/// How much of everything.
#[derive(Debug)]
pub struct Sizes {
    /// Numbers of tenants whose sign-ins are measured.
    pub tenants: Vec<usize>,
    /// Sign-ins of each measurement, at least two of each tenant.
    pub sign_ins: usize,
    /// Sign-ins at the same time.
    pub at_once: usize,
    /// Calls parked in their first request.
    pub parked: usize,
    /// Members of the organisation that is synchronised beside sign-ins, and its departments.
    pub members: usize,
    pub departments: usize,
    /// Tenants that hosts synchronise, and the most hosts.
    pub synced: usize,
    pub hosts: usize,
    /// Milliseconds that the vendor of these takes for an answer.
    pub latency: u64,
    /// The storage that the hosts share; a file of their own where empty. It must be empty, too.
    pub storage: String,
    /// The one part to measure; all where empty.
    only: String,
}

impl Sizes {
    /// Reads the command line.
    ///
    /// # Errors
    /// A key or a value that means nothing.
    pub fn read(arguments: &[String]) -> Outcome<Self> {
        let mut sizes = Self {
            tenants: vec![1, 100],
            sign_ins: 200,
            at_once: 32,
            parked: 100,
            members: 2_000,
            departments: 100,
            synced: 30,
            hosts: 3,
            latency: 20,
            storage: String::new(),
            only: String::new(),
        };
        // Cargo adds `--bench`.
        for argument in arguments.iter().filter(|argument| *argument != "--bench") {
            let (key, value) = argument.split_once('=').ok_or_else(|| format!("{argument}: expected key=value"))?;
            let number = || value.parse::<usize>().map_err(|error| format!("{argument}: {error}"));
            match key {
                "tenants" => {
                    let numbers: Result<_, _> = value.split(',').map(str::parse).collect();
                    sizes.tenants = numbers.map_err(|error| format!("{argument}: {error}"))?;
                }
                "sign-ins" => sizes.sign_ins = number()?,
                "at-once" => sizes.at_once = number()?.max(1),
                "parked" => sizes.parked = number()?,
                "members" => sizes.members = number()?,
                "departments" => sizes.departments = number()?,
                "synced" => sizes.synced = number()?,
                "hosts" => sizes.hosts = number()?,
                "latency" => sizes.latency = number()? as u64,
                "storage" => value.clone_into(&mut sizes.storage),
                "only" => value.clone_into(&mut sizes.only),
                _ => return Err(format!("{argument}: no such size").into()),
            }
        }
        Ok(sizes)
    }

    /// Whether a part is to be measured.
    pub fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only == part
    }
}

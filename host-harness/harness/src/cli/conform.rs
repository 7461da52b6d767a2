//! Options of `conform`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
#[command(after_help = "\
The vendor has to answer, and its organisation must not change meanwhile: use a test server. It gets a thousand requests and more. \
What is stored is kept in memory. Without --element and --component the component of this program is examined with a simulated vendor.")]
pub struct Conform {
    /// Look at this part only; repeatable [default: all]
    #[arg(long, value_name = "PART")]
    pub part: Vec<Part>,
    /// What to add to a sign-in URL so that the vendor's test server signs somebody in without a click, such as as=zhangsan.
    /// Without it no exchange is examined that ends well
    #[arg(long, value_name = "QUERY")]
    pub sign_in: Option<String>,
    /// What only the vendor can make, a JSON object: under `approval` a request that it accepts, as `approval submit` takes it,
    /// and under `deliveries` a list of requests that it sent to a route, as `callbacks.handle` takes them
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// What the element is, and what it makes of right and wrong configurations
    Configuration,
    /// The check of the connection
    Connection,
    /// URLs, states and codes
    SignIn,
    /// Runs, the copy and its feed
    Sync,
    /// Roles, administrators, and who is retired or erased
    Administration,
    /// Messages to members
    Messaging,
    /// Calls of the vendor's API by path
    VendorCall,
    /// Requests for approval; most of it needs a sample
    Approvals,
    /// What the vendor sends; most of it needs a sample
    Callbacks,
    /// Signatures of pages
    Web,
    /// A vendor and a store that fail
    Trouble,
    /// Calls that are cut off, and small limits
    Death,
    /// Members whom the vendor does not show any more
    Removal,
}

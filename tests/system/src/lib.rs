//! A stage for the whole: the real component in the real host, played against a vendor's fake over loopback HTTP.
//!
//! A [`Stage`] is one fake, one host, one storage and one tenant's element, all on one clock that a test moves by hand.
//! The fake is the WeCom simulator unless a test says otherwise; what must hold for every vendor says nothing about it,
//! and runs for each [`test_vendor::TestVendor`]. What a call answered and reported goes through [`Stage::heard`], which keeps it, so that a test can ask at
//! its end whether a secret ever came to light ([`Stage::assert_discreet`]).
//!
//! | Module | What it holds |
//! |---|---|
//! | [`stage`] | the stage, and what it is set up with |
//! | [`vendor`] | what tests need of a vendor, and the two that there are |
//! | [`company`] | an organisation in words that every vendor has |
//! | [`clock`] | the vendor's clock as the host's and the store's |
//! | [`switchboard`] | a hook between host and vendor: scripted and rewritten answers, and an ear for tokens |
//! | [`fuse`] | cuts a call off after so many operations, as a killed host would |
//! | [`older`] | a version of the component before, by what it stores |
//! | [`sign_in`] | going through the sign-in pages |
//! | [`sync`] | driving a sync to its end |
//! | [`apart`] | the simulator in a process of its own, for benchmarks |
//! | [`copy`] | the local copy, read page by page or replayed from the feed |
//! | [`exact`] | the copy against the vendor's truth |
//! | [`expected`] | the WeCom simulator's truth in the contract's words, each deliberate difference named |

pub mod apart;
pub mod clock;
pub mod company;
pub mod copy;
pub mod exact;
pub mod expected;
pub mod fuse;
pub mod older;
pub mod sign_in;
pub mod stage;
pub mod switchboard;
pub mod sync;
pub mod test_vendor;

pub use company::Company;
pub use copy::Copy;
pub use stage::{Setting, Stage};
pub use test_vendor::TestVendor;

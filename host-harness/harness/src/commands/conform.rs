//! `conform`: does a component keep the promises of the contract?

use std::sync::Arc;

use organisation_conform::{Conformance, Part, Person, Samples, Subject, VendorAdmin};
use organisation_host::{
    egress::{AllowList, OperatorList},
    settings::Document,
    storage::Clock,
};
use wecom_simulator::{Setup, Simulator};

use super::input;
use crate::{
    cli::{
        Global,
        conform::{self, Conform},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    session,
    simulated::{self, Administrator, Configuration, Member, Visitor},
    text,
    view::conform::ConformView,
};

/// Examines the component that the options name, with the configuration of the element folder; without one, this program's
/// own component with a simulated WeCom.
///
/// # Errors
/// There is no component or no configuration, or the component does not even describe itself.
pub async fn conform(options: &Global, asked: &Conform, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let parts = match &*asked.part {
        [] => Part::ALL.to_vec(),
        named => named.iter().copied().map(Part::from).collect(),
    };
    let samples = match &asked.samples {
        Some(file) => input::record(file)?,
        None => Samples::default(),
    };
    let visitor = || asked.sign_in.clone().map(|query| Arc::new(Visitor(query)) as Arc<dyn Person>);
    // Lives as long as the examination.
    let mut simulator = None;
    let subject = match &options.element {
        Some(_) => {
            let folder = session::folder(options)?;
            Subject {
                settings: folder.settings,
                operator: session::operator(options)?,
                person: visitor(),
                vendor_admin: None,
                samples,
                parts,
            }
        }
        None if options.component.is_none() => {
            let started = Simulator::start(Setup::new(wecom_simulator::demo())).await;
            let started = simulator.insert(started.map_err(simulation)?);
            let operator = OperatorList::only(AllowList::parse([started.address().to_string()]).map_err(simulation)?);
            let configuration = Configuration::for_simulator(started.address());
            let mut configuration = serde_json::to_value(&configuration).map_err(simulation)?;
            configuration["callback"] = simulated::callback();
            let settings = Document::parse(&configuration.to_string()).map_err(simulation)?;
            let samples = simulated::samples(&started.control(), samples).await.map_err(simulation)?;
            let vendor_admin: Arc<dyn VendorAdmin> = Arc::new(Administrator(started.control()));
            Subject {
                settings,
                operator,
                person: Some(Arc::new(Member("wangwu"))),
                vendor_admin: Some(vendor_admin),
                samples,
                parts,
            }
        }
        None => {
            let hint = "name an element folder with --element DIR whose configuration reaches a test server of the vendor; without \
                        --component and --element the component of this program is examined with a simulated vendor";
            return Err(CommandError::usage("another component needs a configuration to be examined with", hint));
        }
    };
    let file = session::component_file(options)?;
    if let Some(pin) = options.component_digest {
        file.demand(pin)?;
    }
    let keys = session::trusted_keys(options)?;
    let host = |clock: Arc<dyn Clock>| session::cached(|| session::builder(&keys).clock(Arc::clone(&clock)));
    let examined = organisation_conform::conform(host, &file, subject, |part| {
        output.note(format_args!("… {}", text::conform::part(part)));
    });
    let conformance: Conformance = examined.await?;
    drop(simulator);
    let view = ConformView::from(&conformance);
    output.answer(&view, |paint| text::conform::conform(&view, paint))?;
    Ok(match &conformance {
        conformance if !conformance.conforms() => ExitStatus::Negative,
        Conformance { hindrance: Some(_), .. } => ExitStatus::Configuration,
        _ => ExitStatus::Done,
    })
}

fn simulation(error: impl std::fmt::Display) -> CommandError {
    CommandError::Simulation(error.to_string())
}

impl From<conform::Part> for Part {
    fn from(part: conform::Part) -> Self {
        match part {
            conform::Part::Configuration => Self::Configuration,
            conform::Part::Connection => Self::Connection,
            conform::Part::SignIn => Self::SignIn,
            conform::Part::Sync => Self::Sync,
            conform::Part::Administration => Self::Administration,
            conform::Part::Messaging => Self::Messaging,
            conform::Part::VendorCall => Self::VendorCall,
            conform::Part::Approvals => Self::Approvals,
            conform::Part::Callbacks => Self::Callbacks,
            conform::Part::Web => Self::Web,
            conform::Part::Trouble => Self::Trouble,
            conform::Part::Death => Self::Death,
            conform::Part::Removal => Self::Removal,
        }
    }
}

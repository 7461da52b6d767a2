//! axe-core finds what hinders people who cannot see well, or use no mouse.
//!
//! `assets/axe.min.js` is axe-core 4.14.1 as npm has it, licences beside it. It is injected by the driver, never served.

use serde_json::Value;

use crate::webdriver::{Failure, Session};

const AXE: &str = include_str!("../assets/axe.min.js");

const RUN: &str = "const done = arguments[arguments.length - 1];\
    axe.run(document, {resultTypes: ['violations'], preload: false}).then(\
    found => done(found.violations.filter(one => one.impact === 'serious' || one.impact === 'critical').map(\
    one => one.id + ': ' + one.help + ' at ' + one.nodes.map(node => node.target.join(' ') + ' ' + node.html).join(' | '))),\
    error => done(['axe failed: ' + error]));";

/// Serious and critical findings on the page.
pub(crate) async fn findings(session: &Session) -> Result<Vec<String>, Failure> {
    session.run(AXE).await?;
    let found = session.run_until_called(RUN).await?;
    Ok(found.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

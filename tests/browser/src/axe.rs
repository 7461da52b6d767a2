//! axe-core finds what hinders people who cannot see well, or use no mouse.
//!
//! `assets/axe.min.js` is axe-core 4.14.1 as npm has it, licences beside it. It is injected by the driver, never served.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::webdriver::{Failure, Session};

const AXE: &str = include_str!("../assets/axe.min.js");

/// How long it may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const RUN: &str = "window.axeFindings = 'under way';\
    axe.run(document, {resultTypes: ['violations'], preload: false}).then(\
    found => window.axeFindings = found.violations.filter(one => one.impact === 'serious' || one.impact === 'critical').map(\
    one => one.id + ': ' + one.help + ' at ' + one.nodes.map(node => node.target.join(' ') + ' ' + node.html).join(' | ')),\
    error => window.axeFindings = ['axe failed: ' + error]);";

/// What has come of it, which is read once.
const READ: &str =
    "const found = window.axeFindings; if (Array.isArray(found)) delete window.axeFindings; return found ?? null";

/// Serious and critical findings on the page. It is begun anew where another page has come meanwhile, as after a press: nobody
/// waits for a script of a page that is gone.
pub(crate) async fn findings(session: &Session) -> Result<Vec<String>, Failure> {
    let began = Instant::now();
    loop {
        match session.run(READ).await? {
            Value::Array(found) => {
                return Ok(found.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            }
            Value::Null => drop(session.run(&format!("{AXE};\n{RUN}")).await?),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        if began.elapsed() > PATIENCE {
            return Ok(vec![format!("axe did not end within {PATIENCE:?}")]);
        }
    }
}

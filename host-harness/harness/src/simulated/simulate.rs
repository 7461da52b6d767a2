//! `simulate`: a WeCom on this machine to try every other command with.

use std::path::Path;

use serde::Serialize;
use wecom_simulator::{Setup, Simulator};

use super::{
    folder::{self, Configuration},
    organisation::{Simulated, organisation},
};
use crate::{
    cli::Simulate,
    command_error::{CommandError, ExitStatus},
    interrupt::interrupted,
    local_files,
    output::Output,
    text::Paint,
};

/// What `simulate` prints before it serves.
#[derive(Debug, Serialize)]
struct SimulateView {
    base_url: String,
    console_url: String,
    element: String,
    allow_host: String,
    corp_id: String,
    agent_id: String,
    departments: usize,
    members: usize,
    /// What to type in a second terminal.
    commands: Vec<String>,
}

/// Simulates until Ctrl-C.
///
/// # Errors
/// The address cannot be had or the element folder cannot be written.
pub async fn simulate(asked: &Simulate, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let Simulated { setup, faults, name } = organisation(asked)?;
    let corp = setup.corp.clone();
    // The root is no department that anybody would count.
    let (departments, members) = (corp.departments().count().saturating_sub(1), corp.member_count());
    let app = corp.apps().next().ok_or_else(|| CommandError::Simulation("the organisation has no app".to_owned()))?;
    let simulator = Simulator::start(Setup { listen: asked.listen, ..setup })
        .await
        .map_err(|error| CommandError::Simulation(error.to_string()))?;
    for fault in faults {
        simulator.control().inject(fault);
    }
    let element = match &asked.element_dir {
        Some(folder) => folder.clone(),
        None => local_files::data()?.join(name),
    };
    let address = folder::reachable(simulator.address());
    folder::write(&element, &Configuration::of_app(&corp, app, address))?;
    if !simulator.address().ip().is_loopback() {
        output.note("anybody who reaches this address can change the simulated organisation: it asks for no password");
    }
    let view = SimulateView {
        base_url: format!("http://{address}"),
        console_url: format!("http://{address}/console"),
        allow_host: address.to_string(),
        corp_id: corp.id().to_owned(),
        agent_id: app.id.to_string(),
        departments,
        members,
        commands: commands(&element, &address.to_string(), &folder::domain(app)),
        element: element.display().to_string(),
    };
    output.answer(&view, |paint| text(&view, paint))?;
    interrupted().await;
    output.note("模拟器已停止 the simulator has stopped");
    Ok(ExitStatus::Done)
}

fn commands(element: &Path, address: &str, domain: &str) -> Vec<String> {
    let program = std::env::args().next().unwrap_or_else(|| "org-harness".to_owned());
    let start = format!("{} --element {} --allow-host {address}", quoted(&program), quoted(&element.to_string_lossy()));
    [
        "validate",
        "check",
        "login-url --entry browser --return-to /home",
        &format!("homepage-url https://{domain}/"),
        "sync",
        "departments",
        "members",
        "changes",
    ]
    .map(|rest| format!("{start} {rest}"))
    .to_vec()
}

/// For a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:+@=\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn text(view: &SimulateView, paint: Paint) -> String {
    let mut text = format!(
        "{}\n  地址 address  {}\n  控制台 console  {}\n  元素 element  {}\n  企业 organisation  {}: {} 名成员 members, {} 个部门 \
         departments\n\n",
        paint.good("模拟的企业微信已启动 a simulated WeCom is running (Ctrl-C ends it)"),
        view.base_url,
        view.console_url,
        view.element,
        view.corp_id,
        view.members,
        view.departments
    );
    text.push_str(&paint.bold("在另一个终端输入 in a second terminal type"));
    text.push('\n');
    text.extend(view.commands.iter().map(|command| format!("  {command}\n")));
    text.push_str(
        "\n在浏览器中打开 login-url 的地址并选择一名成员；从回跳地址中取出 code 与 state，用 exchange 换取身份\n\
         open the URL of login-url in a browser and choose a member; the address it returns to carries code and state for \
         `exchange --code CODE --state STATE`\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        for (text, expected) in [("a/b-c.d", "a/b-c.d"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("", "''")] {
            assert_eq!(quoted(text), expected);
        }
    }
}

//! From the words of a command line to options and commands, and what one that cannot be understood is answered with.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{
    Arg, ArgAction, CommandFactory as _, FromArgMatches as _, ValueHint,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Cli;
use crate::command_error::CommandError;

/// A command line that leads to no command.
pub enum Refused {
    /// Help, the version, or what is wrong with it, as clap shows it.
    Shown(clap::Error),
    /// What is wrong with it, for a reader of JSON.
    Json(CommandError),
}

/// What is said of a command line without a command.
const NO_COMMAND: &str = "no command given; org-harness --help lists them";

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// Help and version, which are to be printed, and what cannot be understood.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refused> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        Self::parsed(&arguments).map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Refused::Shown(error),
            _ if asks_for_json(&arguments) => Refused::Json(usage(&error)),
            _ => Refused::Shown(error),
        })
    }

    fn parsed(arguments: &[OsString]) -> Result<Self, clap::Error> {
        let mut command = with_hyphen_values(Self::command());
        command.build();
        if let Some((option, next)) = option_without_value(&command, arguments) {
            let message = format!("{option} has no value before {next}; write {option}={next} if {next} is its value");
            return Err(command.error(ErrorKind::InvalidValue, message));
        }
        let arguments = gathered(&command, arguments);
        let matches = command.try_get_matches_from_mut(arguments)?;
        let mut read = Self::from_arg_matches(&matches)?;
        match (matches.subcommand_name(), &read.global.replay) {
            (None, None) => Err(command.error(ErrorKind::MissingSubcommand, NO_COMMAND)),
            (Some(_), Some(_)) => {
                Err(command.error(ErrorKind::ArgumentConflict, "--replay makes recorded calls: name no command"))
            }
            (name, _) => {
                read.name = name.unwrap_or_default().to_owned();
                Ok(read)
            }
        }
    }
}

/// Codes, states, cursors and ids may begin with a hyphen, so what follows an option is its value whatever it begins with,
/// and what stands where a name, a cursor or an address is expected is that. Files alone are left out: one can be written as
/// `./-x`, and a misspelt option must not become the name of a file that is written. So are lists of names: they would take the
/// options after them for names, and a name in them that begins with a hyphen is written after `--`.
fn with_hyphen_values(command: clap::Command) -> clap::Command {
    let is_list = |arg: &Arg| matches!(arg.get_action(), ArgAction::Append);
    let is_file = |arg: &Arg| arg.get_value_hint() == ValueHint::AnyPath;
    let takes = |arg: &Arg| arg.get_action().takes_values() && !(arg.is_positional() && (is_file(arg) || is_list(arg)));
    let command = command.mut_args(|arg| if takes(&arg) { arg.allow_hyphen_values(true) } else { arg });
    command.mut_subcommands(with_hyphen_values)
}

/// The arguments with the options that may stand more than once gathered at the end, where they mean the same: of those before the
/// command's name and those after it, the parser would keep the latter alone.
fn gathered(command: &clap::Command, arguments: &[OsString]) -> Vec<OsString> {
    let is_repeatable = |arg: &&Arg| arg.is_global_set() && matches!(arg.get_action(), ArgAction::Append);
    let repeatable = command.get_arguments().filter(is_repeatable).filter_map(Arg::get_long);
    let repeatable: Vec<String> = repeatable.map(|long| format!("--{long}")).collect();
    let (mut others, mut last) = (Vec::new(), Vec::new());
    let mut left = arguments.iter().cloned();
    while let Some(argument) = left.next() {
        let text = argument.to_string_lossy();
        let (name, value) = text.split_once('=').map_or((&*text, None), |(name, value)| (name, Some(value)));
        if name == "--" {
            others.append(&mut last);
            others.push(argument);
            break;
        }
        if repeatable.iter().any(|option| option == name) {
            let value_apart = value.is_none().then(|| left.next()).flatten();
            last.extend([argument.clone()].into_iter().chain(value_apart));
        } else {
            others.push(argument.clone());
        }
    }
    others.into_iter().chain(left).chain(last).collect()
}

/// An option that takes a value, with another option of this program where the value should be: one was forgotten.
fn option_without_value(command: &clap::Command, arguments: &[OsString]) -> Option<(String, String)> {
    let mut options: BTreeMap<String, bool> = BTreeMap::new();
    let mut commands = vec![command];
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands());
        for arg in command.get_arguments() {
            options.extend(arg.get_long().map(|long| (format!("--{long}"), arg.get_action().takes_values())));
        }
    }
    let text = |argument: &OsString| argument.to_str().map(str::to_owned);
    let written = arguments.iter().take_while(|argument| *argument != "--").collect::<Vec<_>>();
    written.windows(2).find_map(|pair| {
        let (option, next) = (text(pair[0])?, text(pair[1])?);
        let name = next.split_once('=').map_or(&*next, |(name, _)| name);
        (options.get(&option) == Some(&true) && options.contains_key(name)).then_some((option, next))
    })
}

/// Whether a command line that cannot be understood asks for JSON all the same.
fn asks_for_json(arguments: &[OsString]) -> bool {
    let arguments: Vec<&str> =
        arguments.iter().map_while(|argument| argument.to_str().filter(|text| *text != "--")).collect();
    arguments.contains(&"--format=json") || arguments.windows(2).any(|pair| pair == ["--format", "json"])
}

/// clap's words without its decoration.
fn usage(error: &clap::Error) -> CommandError {
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        let names = match error.get(ContextKind::ValidSubcommand) {
            // Of a command that has commands.
            Some(ContextValue::Strings(names)) => names.clone(),
            _ => Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect(),
        };
        return CommandError::usage("no command given", format!("name one of: {}", names.join(", ")));
    }
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let message: Vec<&str> = message.lines().map(str::trim).collect();
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    CommandError::usage(message.join(" "), tip.unwrap_or("org-harness --help lists commands and options"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Global;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_an_option_is_its_value() {
        let read = |arguments: &str| Cli::parsed(&arguments.split(' ').map(OsString::from).collect::<Vec<_>>());
        for (arguments, command) in [
            ("exchange --code -gIW5 --state -x", r#"Exchange { code: "-gIW5", state: "-x""#),
            ("exchange --code --gIW5 --state=-x", r#"Exchange { code: "--gIW5", state: "-x""#),
            ("exchange --code -v --state -h", r#"Exchange { code: "-v", state: "-h""#),
            ("exchange --state x --code c --browser-binding -b", r#"browser_binding: Some("-b")"#),
            ("exchange --state=--code --code c", r#"state: "--code""#),
            ("login-url --entry browser --return-to -x", r#"return_to: Some("-x")"#),
            ("login-url --redirect-uri -x --entry browser", r#"redirect_uri: Some("-x")"#),
            ("changes --after -_8 --limit 3", r#"Changes { after: Some("-_8"), limit: 3"#),
            ("acknowledge -_8", r#"Acknowledge { cursor: "-_8""#),
            ("acknowledge --_8", r#"Acknowledge { cursor: "--_8""#),
            ("acknowledge -- -v", r#"Acknowledge { cursor: "-v""#),
            ("member -1 --refresh", r#"Member { id: "-1", refresh: true"#),
            ("member --refresh -li", r#"Member { id: "-li", refresh: true"#),
            ("department -1", r#"Department { id: "-1", refresh: false"#),
            ("members --department -1", r#"department: Some("-1")"#),
            ("homepage-url -x", r#"HomepageUrl { target: "-x""#),
            ("tenants remove -acme", r#"Remove { name: "-acme""#),
            ("retire li wu --actor boss", r#"MemberIds { ids: ["li", "wu"], actor: Actor { actor: "boss" }"#),
            (
                "retire --actor boss -- -li --actor",
                r#"MemberIds { ids: ["-li", "--actor"], actor: Actor { actor: "boss" }"#,
            ),
            (
                "roles set -li a b --actor boss",
                r#"Set { id: "-li", roles: ["a", "b"], none: false, actor: Actor { actor: "boss" }"#,
            ),
            (
                "admins set li --allow-host h:1 --actor boss",
                r#"Set { ids: ["li"], none: false, actor: Actor { actor: "boss" }"#,
            ),
        ] {
            let found = format!("{:?}", read(&format!("org-harness {arguments}")).unwrap().command);
            assert!(found.contains(command), "{arguments}: {found}");
        }
        let options = read("org-harness overview --tenant -acme --env -E").unwrap().global;
        assert_eq!((&*options.tenant, &*options.env), ("-acme", &["-E".to_owned()][..]));
        for (arguments, words) in [
            ("exchange --code --state x", "--code has no value before --state"),
            ("overview --tenant --report", "--tenant has no value before --report"),
            ("overview --tenant --format=json", "write --tenant=--format=json if"),
            ("tenant export --transfer-kye=NAME", "unexpected argument '--transfer-kye'"),
            ("department 3 --refesh", "unexpected argument '--refesh'"),
            ("changes --limit -1", "-1"),
            ("sync --watch -5s", "no duration"),
        ] {
            let message = read(&format!("org-harness {arguments}")).unwrap_err().to_string();
            assert!(message.contains(words), "{arguments}: {message}");
        }
    }

    #[test]
    fn what_stands_before_the_command_and_after_it_adds_up() {
        for arguments in [
            "--allow-host a --env X overview --allow-host b --allow-host=c --env Y",
            "--allow-host a --allow-host b overview --allow-host=c --env X --env Y",
            "overview --allow-host a --allow-host=b --env X --allow-host c --env=Y",
            "--allow-host=a --allow-host b --allow-host c --env X --env Y overview",
        ] {
            let arguments: Vec<OsString> = format!("org-harness {arguments}").split(' ').map(OsString::from).collect();
            let Global { allow_host, env, .. } = Cli::parsed(&arguments).unwrap().global;
            assert_eq!((allow_host.join(" "), env.join(" ")), ("a b c".to_owned(), "X Y".to_owned()), "{arguments:?}");
        }
        let read = |arguments: &str| Cli::parsed(&arguments.split(' ').map(OsString::from).collect::<Vec<_>>());
        let after_the_end = read("org-harness --env X acknowledge -- --env").unwrap();
        assert_eq!(after_the_end.global.env, ["X"]);
        assert!(format!("{:?}", after_the_end.command).contains(r#"cursor: "--env""#));
        assert!(read("org-harness overview --env").is_err());
    }

    #[test]
    fn json_is_noticed_in_what_cannot_be_understood() {
        for (arguments, json) in [
            (&["--format", "json", "nonsense"][..], true),
            (&["nonsense", "--format=json"], true),
            (&["nonsense", "--format", "text"], false),
            (&["acknowledge", "--", "--format=json"], false),
        ] {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            assert_eq!(asks_for_json(&arguments), json, "{arguments:?}");
        }
    }
}

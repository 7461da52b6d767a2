//! The sentences of the contract that an element is held against.

/// A sentence of `wit/` that a component keeps or breaks.
#[derive(Debug, PartialEq, Eq)]
pub struct Promise {
    /// Short and stable, in kebab-case, for programs.
    pub name: &'static str,
    /// The file in `wit/` that the sentence stands in.
    pub file: &'static str,
    /// The sentence, or the part of it that matters, in the words of the contract.
    pub sentence: &'static str,
}

macro_rules! promises {
    ($($constant:ident = $name:literal, $file:literal, $sentence:literal;)*) => {
        $(pub(super) static $constant: Promise = Promise { name: $name, file: $file, sentence: $sentence };)*

        /// Every promise, in the order in which they are looked at.
        pub(super) static ALL: &[&Promise] = &[$(&$constant),*];
    };
}

promises! {
    // What holds for every function.
    REASON = "error-has-a-reason", "world.wit", "Every error has the reason by which its caller knows what to do.";
    LIMITS = "stops-before-limits", "world.wit",
        "It stops before what `call.remaining` says is used up, at a place from which the next call goes on.";
    SECRECY = "keeps-secrets", "world.wit",
        "It writes no secret, no placeholder of one, no token, code or ticket into an answer, a message, a log line or an unsealed value.";
    MESSAGE = "error-has-a-message", "types.wit", "One line that says what happened";
    PROBLEM_CODE = "problem-code", "types.wit", "Stable, kebab-case, for programs";
    PROBLEMS_LISTED = "invalid-config-lists-problems", "types.wit", "every problem found is listed, errors before warnings";
    CONTAINED = "keeps-to-itself", "world.wit", "every host that it may call";

    // What the element is.
    DESCRIBE_PURE = "describe-is-pure", "element.wit", "Needs no configuration and makes no call; the host lends nothing";
    DESCRIBE_LANGUAGE = "describe-in-two-languages", "element.wit",
        "what starts with `zh` is answered in Chinese, everything else in English.";
    CAPABILITIES = "capabilities", "element.wit", "every other one may answer `unsupported`";
    SAME_ANSWER = "same-answer", "world.wit", "It answers `describe` and `validate-config` from what it is given alone.";

    // Its configuration.
    VALIDATE_PURE = "validate-is-pure", "element.wit", "Pure: reads neither `settings` nor storage and makes no call.";
    VALID = "valid-means-no-error", "element.wit", "Whether no problem is an error.";
    PROBLEM_ORDER = "problems-in-order", "element.wit", "Errors first, then by path.";
    UNREADABLE = "unreadable-document", "element.wit", "Empty where the document could not be read.";
    SECRET_PLACES = "secrets-are-named", "element.wit",
        "Every place where the document holds the value of a secret field, also where it is unsound otherwise.";
    SECRET_ANSWERS = "validation-holds-no-secret", "element.wit", "nothing it answers may hold one";
    SECRET_KEYS = "destinations-name-secret-fields", "element.wit",
        "Keys of the secret fields that are sent there and nowhere else.";
    INVALID_CONFIG = "invalid-config-is-said", "element.wit", "those that need what is wrong answer `invalid-config`.";
    ASPECTS = "aspects-in-order", "element.wit", "One verdict for each aspect, always all of them, in the order of `aspect`.";
    CHECK_ERROR = "check-answers-verdicts", "element.wit",
        "An error only where nothing could be asked: the configuration is invalid or the store failed.";

    // Sign-in.
    STATE = "state-is-random", "login.wit", "Random, letters and digits; stored by the component and good for one exchange.";
    STATE_EXPIRES = "state-lives-ten-minutes", "login.wit", "stores its state for ten minutes.";
    REDIRECT = "redirect-on-the-configured-host", "login.wit", "Must be on the configured host, port included.";
    RETURN_TO = "return-to-on-the-same-site", "login.wit", "a path on the same site, kept with the state and handed back.";
    BINDING = "browser-binding", "login.wit",
        "When given for the `browser` entry the same value is required at the exchange";
    REPEATED = "code-repeated", "login.wit",
        "The same pair (and browser binding) within 30 seconds gives the same outcome without a second vendor call";
    SPENT = "spent-is-rejected", "login.wit", "Everything else that is spent, unknown or expired is `login-rejected`.";
    CODE_ONCE = "code-sent-once", "world.wit", "It sends a login code to the vendor once.";
    HOMEPAGE = "homepage-stores-nothing", "login.wit", "Stores nothing.";

    // The run of a sync.
    JOINS = "begin-joins", "directory.wit", "Joins the one current run, or begins one where there is none; asks the vendor nothing.";
    MORE = "more-has-moved", "directory.wit", "The run has got on since the call before.";
    WAIT = "wait-is-bounded", "directory.wit", "Call again later: at most a day.";
    PLAN_WRITES_NOTHING = "planning-writes-nothing", "directory.wit",
        "With the goal `plan` nothing is ever written to the copy";
    PLAN_READS = "plan-asks-nobody", "directory.wit", "Writes nothing, and asks the vendor nothing.";
    PLAN_HOLDS = "plan-says-what-happens", "directory.wit", "What a run did, or in a plan would do.";
    COMPLETE = "complete-repeats", "directory.wit",
        "Everything is written, now or before: a call that is repeated answers the same.";
    ENDED = "ended-is-not-found", "directory.wit", "A run that has ended otherwise than complete is `not-found`";
    UNCHANGED = "unchanged-writes-nothing", "directory.wit", "`unchanged` were seen and equal the copy.";
    APPROVE = "approve-needs-a-block", "directory.wit", "A run that is not blocked answers `conflict`";
    REPAIR = "repair-needs-a-written-run", "directory.wit", "A run that has written nothing answers `conflict`";
    RESET = "reset-forgets", "directory.wit", "Readers of the feed get `cursor-expired` and read the copy anew.";
    ANY_HOST = "any-host-goes-on", "directory.wit", "State lies in storage, so any host may make the next call";
    KILLED = "killed-costs-little", "world.wit", "What it is killed in costs no more than the work since it last wrote.";
    REMOVES_NOBODY = "removes-nobody-unasked", "world.wit", "It removes nobody whom the vendor has not refused to show";

    // The copy and its feed.
    FEED = "feed-gives-the-copy", "directory.wit", "At every instant the feed, replayed from the beginning, gives the copy.";
    DENSE = "feed-is-dense", "directory.wit", "Dense and rising: 1, 2, 3 …";
    LIMIT = "pages-keep-their-limit", "directory.wit", "at most `limit` and 200 a page";
    CURSORS = "cursors-end", "directory.wit", "a cursor that another page follows never comes twice.";
    DEPARTMENT_ORDER = "departments-in-order", "directory.wit", "in order of their ids' text";
    MEMBER_ORDER = "members-in-order", "directory.wit", "in order of their ids as they compare";
    LEVELS = "levels-of-the-tree", "directory.wit",
        "departments that name no parent, or one that is not in the copy";
    DEPARTMENT_MEMBERS = "members-of-a-department", "directory.wit", "Present members of this department.";
    SEARCH = "search", "directory.wit", "The id, the name or the alias holds this text.";
    FIND_MEMBERS = "find-members-in-order", "directory.wit", "An id asked twice is answered twice.";
    FIND_TOO_MANY = "find-members-bounded", "directory.wit", "More than 200 ids are `invalid-argument`.";
    NOT_FOUND = "absent-is-not-found", "directory.wit", "One member of the copy, whatever its status; `not-found` where there is none.";
    SUMMARY = "overview-counts", "directory.wit", "The copy at a glance; reads a few keys, however large the copy is.";
    PLACE = "cursor-of-the-summary", "directory.wit",
        "Who lost the place in the feed reads this first, then the whole copy, then the feed from here.";
    ACKNOWLEDGE = "acknowledge", "directory.wit", "Idempotent; an older cursor than the acknowledged one changes nothing.";
    REFRESH = "refresh-writes-the-copy", "directory.wit",
        "Reads one member from the vendor, writes the copy and the feed, and answers the record.";
    HISTORY = "history", "directory.wit", "The reports of the last 20 runs that came to an end, newest first";
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs};

    use super::*;

    #[test]
    fn every_sentence_stands_in_the_contract() {
        let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut names = HashSet::new();
        for Promise { name, file, sentence } in ALL {
            let path = format!("{}/../../wit/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = fs::read_to_string(&path).unwrap();
            let comments: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("///")).collect();
            assert!(folded(&comments.join(" ")).contains(sentence), "{file} does not say {sentence:?}");
            assert!(names.insert(name), "{name} stands twice");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        }
    }
}

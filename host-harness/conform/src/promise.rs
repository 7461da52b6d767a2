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
    ROUTE_HEADERS = "routes-name-headers", "element.wit",
        "Names of the headers that the vendor signs or says something in, in lower case, at most 16.";
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
    KILLED = "killed-costs-little", "world.wit", "What it is killed in costs no more than the work since its last checkpoint.";
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
    NOT_MANY = "removes-not-many-unasked", "world.wit", "and not many without an approval.";

    // What the platform itself knows of the members.
    ROLES = "roles-are-replaced", "administration.wit", "Replaces the assigned roles of a member of the copy";
    ROLES_SORTED = "roles-sorted", "administration.wit", "What counts at sign-in: assigned or by a rule, sorted, each once.";
    ASSIGNED = "assigned-apart-from-ruled", "administration.wit",
        "what `set-member-roles` replaces. A rule may give one of them as well.";
    ROLES_FEED = "roles-in-the-feed", "directory.wit", "Roles alone: they are the platform's, and no sync changes them.";
    UNKNOWN_MEMBER = "unknown-member-is-said", "administration.wit", "`not-found` for whom the copy does not know.";
    OUTLIVES = "outlives-syncs", "administration.wit", "It outlives every sync, and members who leave.";
    OUTLIVES_RESET = "outlives-reset", "directory.wit",
        "Roles of members, and whatever else `administration` keeps, outlive it";
    ADMINISTRATORS = "administrators-in-order", "administration.wit", "In the order in which they were given.";
    ADMINISTRATORS_KNOWN = "administrators-are-members", "administration.wit", "at most 100, and all of them in the copy.";
    ADMINISTRATOR_STAYS = "administrator-stays", "administration.wit",
        "The guard of a sync never lets one go without an approval.";
    SIGNATURE = "signature", "administration.wit",
        "Address of the image of a member's signature; absent where none was set.";
    SIGNATURE_ADDRESS = "signature-is-an-image", "administration.wit",
        "an `https://` address without user name and password, or a `data:` address of an image";
    RULES = "rules-follow-members", "administration.wit", "Rules follow members, departments and tags by themselves";
    RULE_TAGS = "rules-name-tags", "administration.wit", "`not-found` where a rule names a tag that does not exist;";
    RULES_FEED = "rules-in-the-feed", "administration.wit",
        "Every member whose roles change by it is an entry of the feed.";
    RETIRED = "retired-stays-so", "administration.wit",
        "They stay so, also while the vendor shows them, until `reinstate-members`.";
    RETIRED_SIGN_IN = "retired-at-sign-in", "administration.wit",
        "A sign-in shows them as outside the directory and the visible range, without roles";
    RETIRED_OUTCOME = "retired-one-by-one", "administration.wit",
        "Absent: done, or so already. Otherwise why nothing was done for this id.";
    RETIRED_NO_ADMINISTRATOR = "retires-no-administrator", "administration.wit", "Administrators are refused.";
    REINSTATED = "reinstated-with-suspended-roles", "administration.wit",
        "The next refresh or sync shows how the vendor sees them; their roles come back suspended.";
    CONFIRMED = "roles-are-confirmed", "administration.wit", "Gives a member the suspended roles back.";
    ERASED = "erased-leaves-nothing", "administration.wit", "Erases what is known of a member";
    ERASED_FEED = "erased-in-the-feed", "administration.wit", "which says `member-erased` with the id alone from then on.";
    ERASED_PRESENT = "erases-nobody-present", "administration.wit", "Others are refused with `conflict`";
    AUDITED = "decisions-are-audited", "administration.wit", "and is written to `audit` first.";
    AUDIT_FIRST = "no-effect-without-entry", "audit.wit",
        "an entry without its effect is possible where a call dies, an effect without its entry is not.";
    ACTOR = "actor-is-named", "administration.wit", "1 to 128 bytes, the platform's own name for a person or a program";

    // Messages.
    MESSAGE_ONCE = "message-once-under-a-key", "messaging.wit",
        "Whoever repeats a message with the same key within a day sends it to nobody twice";
    MESSAGE_KEY = "message-key-refused", "messaging.wit", "With another message the key is refused. 1 to 128 bytes.";
    MESSAGE_LOST = "message-stays-unknown", "messaging.wit", "after that it stays `unknown`.";
    MESSAGE_NOT_REPEATED = "message-not-repeated", "messaging.wit", "Nothing is repeated by itself.";
    MESSAGE_NO_RECIPIENT = "message-has-recipients", "messaging.wit",
        "At least one; whoever is named twice counts once.";
    MESSAGE_NOBODY = "message-to-nobody", "messaging.wit",
        "Where nobody can get it, an error (`not-found`, which names them)";
    MESSAGE_INVALID = "message-names-invalid", "messaging.wit", "where some cannot, they stand in `invalid`.";
    MESSAGE_LIMITS = "message-limits", "messaging.wit",
        "an `invalid-argument` names the field, the limit and the length found.";
    MESSAGE_RECALLED = "message-recalled", "messaging.wit", "Takes a message back, as far as the vendor lets it.";
    CARD_UPDATED = "card-updated", "messaging.wit", "Changes a card that was sent.";
    CARD_CODE_ONCE = "card-code-once", "messaging.wit", "Of `sent-part` or `callbacks.card-press`; good once.";
    UPLOADED = "file-uploaded", "messaging.wit", "Hands the vendor a file to be sent.";
    FILE_NAME = "file-name-without-path", "messaging.wit", "With its extension, and no path; members see it.";

    // Calls of the vendor's API by path.
    CALL_ONCE = "call-once-under-a-key", "vendor.wit",
        "Whoever repeats a call with the same key within a day gets the answer of the first";
    CALL_UNKNOWN = "call-stays-unknown", "vendor.wit",
        "and `conflict` where nobody knows whether the first reached the vendor";
    CALL_KEY = "call-key-refused", "vendor.wit", "With another call the key is refused. 1 to 128 bytes.";
    CALL_NOT_REPEATED = "call-not-repeated", "vendor.wit", "an expired token is renewed once, and nothing else is repeated.";
    CALL_RAW = "call-answers-as-it-is", "vendor.wit", "What is no JSON comes back as it is.";
    CALL_INSIDE = "call-inside-the-api", "vendor.wit", "calls outside the configured API, are `invalid-argument`.";
    CALL_TOKENS = "call-answers-no-token", "vendor.wit",
        "Calls that answer a token, ticket or key or spend the code of a sign-in";
    CALL_PARAMETER = "call-keeps-its-token", "vendor.wit", "refuses a parameter that would replace it.";

    // Requests for approval.
    TEMPLATE_ABSENT = "template-not-found", "approvals.wit",
        "What a template asks for. `not-found` where there is none of that id.";
    APPROVAL_ABSENT = "approval-not-found", "approvals.wit", "`not-found` where there is none of that number.";
    SEARCH_CURSOR = "search-cursor", "approvals.wit",
        "A cursor belongs to the same range, filter and organisation; another one is refused as `invalid-argument`.";
    APPROVAL_JUDGED = "approval-is-judged", "approvals.wit", "is refused as `invalid-argument` before anything is made";
    APPROVAL_ONCE = "approval-once-under-a-key", "approvals.wit",
        "Whoever repeats a request with the same key within a day makes none twice";
    APPROVAL_LOST = "approval-looked-for", "approvals.wit",
        "the component looks for the request first, and answers `conflict` where it cannot tell";
    NOTIFIED = "approval-notified", "approvals.wit", "Tells whoever has to decide a request now";
    NOTIFIED_ONCE = "approval-notified-once", "approvals.wit",
        "Asked again, it tells only those of the node who do not know yet";

    // What the vendor sends.
    HANDLER_ASKS_NOBODY = "handler-asks-nobody", "callbacks.wit", "Makes no call of its own.";
    HANDLER_STRANGER = "handler-believes-nobody", "callbacks.wit", "for a request that is not the vendor's";
    ROUTE_UNKNOWN = "route-unknown", "callbacks.wit", "An error only where the configuration names no such route";
    DELIVERY_ONCE = "delivery-once", "callbacks.wit", "A delivery that is repeated is answered likewise, without its events.";
    FOLLOW_UP_REPEATS = "follow-up-repeats", "callbacks.wit",
        "Does what a handler left, and answers what is left to do after that, as `handled` does. Safe to repeat.";
    FOLLOW_UP_UNKNOWN = "follow-up-unknown", "callbacks.wit", "`unsupported` for a kind that this component does not know.";

    // Pages.
    PAGE_HOST = "page-on-a-trusted-host", "web.wit",
        "Signs the address of a page on a trusted host. Another host is `invalid-argument`.";
    PAGE_CALLS = "page-calls-are-json", "web.wit", "JSON text of its argument.";
    PAGE_TIME = "page-signature-time", "web.wit", "Seconds since 1970, as they were signed.";
    PAGE_EXPIRES = "page-signature-expires", "web.wit", "Until when the ticket behind the signature is good.";
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

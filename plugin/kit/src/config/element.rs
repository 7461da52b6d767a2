//! What an element is and which configuration it has: everything that it answers without being configured.

use super::{
    common::Common,
    field::{Field, Kind, Use, Words},
    reader,
    values::Values,
};
use crate::{
    contract::{
        element::{ConfigField, Description, Validation},
        types::Reason,
    },
    directory::id::IdRule,
    failure::Failure,
    locale::{Locale, Text},
};

/// The functions that the kit serves: those of the contract that can answer `unsupported`, and those that cannot.
const FUNCTIONS: [&str; 25] = [
    "element.describe",
    "element.validate-config",
    "element.check-connection",
    "login.login-config",
    "login.authorization-url",
    "login.homepage-url",
    "login.exchange-code",
    "directory.begin",
    "directory.advance",
    "directory.approve",
    "directory.abandon",
    "directory.repair",
    "directory.reset",
    "directory.plan",
    "directory.history",
    "directory.changes",
    "directory.acknowledge",
    "directory.overview",
    "directory.departments",
    "directory.members",
    "directory.find-members",
    "directory.find-member",
    "directory.find-department",
    "directory.sync-member",
    "directory.sync-department",
];

/// The functions of the interfaces that an element may serve beside those of its world.
const FURTHER: [(&str, &[&str]); 6] = [
    (
        "administration",
        &[
            "administration.member-roles-of",
            "administration.set-member-roles",
            "administration.confirm-roles",
            "administration.set-role-rules",
            "administration.role-rules",
            "administration.set-administrators",
            "administration.administrators",
            "administration.retire-members",
            "administration.reinstate-members",
            "administration.erase-member",
            "administration.signature",
            "administration.set-signature",
        ],
    ),
    ("vendor", &["vendor.call"]),
    ("messaging", &["messaging.send", "messaging.recall", "messaging.update-card", "messaging.upload"]),
    (
        "approvals",
        &[
            "approvals.describe-template",
            "approvals.submit",
            "approvals.detail",
            "approvals.search",
            "approvals.notify",
        ],
    ),
    ("callbacks", &["callbacks.handle", "callbacks.follow-up"]),
    ("web", &["web.js-sdk-signature"]),
];

/// A place where the vendor sends something, see `incoming-route` of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// Kebab-case and unique.
    pub name: &'static str,
    /// What the vendor's console calls it.
    pub label: Words,
    /// The keys without which nothing that arrives there can be read: the route is there where all have a value.
    pub needs: &'static [&'static str],
    /// The headers that the vendor signs or says something in, in lower case, as `incoming-route.headers` of the contract has them.
    pub headers: &'static [&'static str],
}

/// An element, in the words of its vendor.
#[derive(Debug)]
pub struct Element {
    /// Stable id of the kind of element, such as `example.organisation`.
    pub id: &'static str,
    /// Semantic version of the component.
    pub version: &'static str,
    /// Its name for people.
    pub title: Words,
    /// What it does, in one line.
    pub summary: Words,
    /// The functions of the contract that this vendor has no use for, such as `login.homepage-url`.
    pub unsupported: &'static [&'static str],
    /// The interfaces beside those of the world that it exports, such as `messaging`: those that
    /// [`export_element`](crate::export_element) is given.
    pub further: &'static [&'static str],
    /// Where the vendor may send something.
    pub routes: &'static [Route],
    /// How ids of members compare.
    pub ids: IdRule,
    /// All keys of the configuration, in the order in which an editor shows them.
    pub fields: &'static [Field],
    /// What other products put before a key, in lower case: `example` of `EXAMPLE_SECRET`.
    pub prefixes: &'static [&'static str],
}

impl Element {
    /// Describes the element in the language of the tag: Chinese for what starts with `zh`, else English.
    pub fn describe(&self, locale: &str) -> Description {
        let locale = Locale::from_tag(locale);
        let show = |words: Words| Text::from(words).line(locale);
        let describe = |field: &Field| ConfigField {
            key: field.key.to_owned(),
            label: show(field.label),
            help: show(field.help),
            // An object as a whole may be left out.
            required: field.required && field.split().0.is_none(),
            secret: field.is_secret(),
            in_clear: matches!(field.kind, Kind::Secret(Use::InClear)),
            pattern: field.pattern.map(str::to_owned),
            default: field.default.map(str::to_owned),
            where_to_find: field.place.map(show),
        };
        Description {
            id: self.id.to_owned(),
            version: self.version.to_owned(),
            title: show(self.title),
            summary: show(self.summary),
            fields: self.fields.iter().map(describe).collect(),
            capabilities: self.functions().filter(|name| !self.unsupported.contains(name)).map(str::to_owned).collect(),
            ids_ignore_case: self.ids == IdRule::IgnoreCase,
        }
    }

    fn functions(&self) -> impl Iterator<Item = &'static str> {
        let further = FURTHER.iter().filter(|(interface, _)| self.further.contains(interface));
        FUNCTIONS.into_iter().chain(further.flat_map(|(_, functions)| functions.iter().copied()))
    }

    /// Judges a configuration document. Never fails: what cannot be read is a problem.
    pub fn validate(&self, document: &str) -> Validation {
        let (values, secrets, problems) = reader::read(self, document);
        Validation {
            valid: !problems.has_errors(),
            summary: values.summary(self, &problems),
            destinations: values.destinations(self, &secrets),
            proxy: values.proxy(),
            secrets,
            routes: values.routes(self),
            files: values.files(self),
            problems: problems.report(values.locale()),
        }
    }

    /// Reads a configuration document. `build` makes the vendor's own type of the values; it gives nothing only where a
    /// required one is missing.
    ///
    /// # Errors
    /// `invalid-config` with all problems, when one of them is an error.
    pub fn parse<T>(&self, document: &str, build: impl FnOnce(&Values) -> Option<T>) -> Result<T, Failure> {
        self.read(document, |values, is_sound| if is_sound { build(values) } else { None })
    }

    /// Reads only whose copy it is, which a document may say that is unsound otherwise: whoever reads the copy need not
    /// wait until somebody has mended the rest.
    ///
    /// # Errors
    /// `invalid-config` with all problems, when the document does not say it.
    pub fn parse_owner(
        &self,
        document: &str,
        organisation: impl FnOnce(&Values) -> Option<String>,
    ) -> Result<Common, Failure> {
        self.read(document, |values, _| {
            Some(values.common(organisation(values)?, String::new(), String::new(), self.ids))
        })
    }

    fn read<T>(&self, document: &str, build: impl FnOnce(&Values, bool) -> Option<T>) -> Result<T, Failure> {
        let (values, _, problems) = reader::read(self, document);
        build(&values, !problems.has_errors()).ok_or_else(|| {
            Failure::new(Reason::InvalidConfig(problems.report(values.locale())), problems.summary())
                .with_hint(("请按所列问题修改元素配置", "mend the configuration of the element as listed"))
        })
    }

    /// The language that a document asks for, also where the rest of it is unsound.
    pub fn locale_of(&self, document: &str) -> Locale {
        reader::read(self, document).0.locale()
    }
}

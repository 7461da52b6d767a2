//! What a template asks for (doc 91982).

use organisation_kit::{
    contract::approvals::{Control, ControlOption, LocalisedText, PlainControl, Template},
    store,
};
use serde_json::Value;

use super::{kind, language};
use crate::wire::json_tree::{self, JsonTree};

/// Reads the answer of `oa/gettemplatedetail`, which does not repeat the template's id.
pub(super) fn parse(text: &str) -> Result<Template, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let answer = JsonTree(&answer);
    let controls = answer.at("template_content").at("controls").list();
    Ok(Template {
        id: String::new(),
        names: language::texts(answer.at("template_names")),
        controls: controls.map(control).collect(),
    })
}

fn control(tree: JsonTree<'_>) -> Control {
    let mut plain = plain(tree);
    let children = tree.at("config").at("table").at("children");
    if plain.kind != "table" || children.is_nothing() {
        return Control { control: plain, columns: Vec::new() };
    }
    let mut config = tree.at("config").0.clone();
    if let Some(table) = config.get_mut("table").and_then(Value::as_object_mut) {
        table.remove("children");
    }
    plain.config = Some(store::to_json(&config));
    Control { control: plain, columns: children.list().map(self::plain).collect() }
}

fn plain(tree: JsonTree<'_>) -> PlainControl {
    let (property, config) = (tree.at("property"), tree.at("config"));
    let kind = kind::of_control(&property.at("control").text().unwrap_or_default()).to_owned();
    let (options, names) = match kind.as_str() {
        "vacation" => (config.at("vacation_list").at("item"), ("id", "name")),
        _ => (config.at("selector").at("options"), ("key", "value")),
    };
    let chosen = ["selector", "contact"].map(|key| config.at(key).at("type").text());
    PlainControl {
        id: property.at("id").text().unwrap_or_default(),
        titles: language::texts(property.at("title")),
        placeholders: language::texts(property.at("placeholder")),
        required: property.at("require").number().is_some_and(|require| require != 0),
        options: options.list().filter_map(|item| option(item, names)).collect(),
        multiple: chosen.iter().flatten().any(|chosen| chosen == "multi"),
        config: (!config.is_nothing()).then(|| store::to_json(config.0)),
        kind,
    }
}

fn option(item: JsonTree<'_>, (key, name): (&str, &str)) -> Option<ControlOption> {
    Some(ControlOption { key: item.at(key).text()?, texts: language::texts(item.at(name)) })
}

/// The title for messages: the first, or the id of a control without any.
pub(super) fn title(titles: &[LocalisedText], id: &str) -> String {
    titles.first().map_or(id, |title| title.text.as_str()).to_owned()
}

/// What the vendor says of a control, for whoever judges a value of it.
pub(super) fn config(control: &PlainControl) -> Value {
    // It was written by this component a moment ago.
    control.config.as_deref().and_then(|config| serde_json::from_str(config).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

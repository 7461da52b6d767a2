//! Cards: from the contract's record to WeCom's `template_card` (docs 90236, 94888), and what each kind of card has to have.
//! Pure.

use organisation_kit::{
    contract::messaging::{
        Button, ButtonAction, Card, CardBody, CardJump, CardRow, CardSource, Choice, Heading, ImageText, KeyedText,
        Link, RowTarget, Selector,
    },
    failure::Failure,
};
use serde_json::{Map, Number, Value};

use super::json::Object;

/// For which call a card is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use<'a> {
    /// Sent, with this task id where it has none and needs one.
    Send { task_id: &'a str },
    /// In place of one that was sent.
    Update,
}

/// The kinds that tell the app what a member chose.
const INTERACTIVE: [&str; 3] = ["button_interaction", "vote_interaction", "multiple_interaction"];

/// What has to be there, by kind of card: any of the places of a row, with the contract's name for them.
const REQUIRED: [(&str, &[&str], &str); 14] = [
    ("text_notice", &["/card_action"], "card.body.link"),
    ("text_notice", &["/main_title/title", "/sub_title_text"], "card.heading.title"),
    ("news_notice", &["/card_action"], "card.body.link"),
    ("news_notice", &["/main_title/title"], "card.heading.title"),
    ("news_notice", &["/card_image", "/image_text_area"], "card.body.image"),
    ("button_interaction", &["/main_title/title"], "card.heading.title"),
    ("button_interaction", &["/button_list"], "card.body.buttons"),
    ("vote_interaction", &["/main_title/title"], "card.heading.title"),
    ("vote_interaction", &["/checkbox/question_key"], "card.body.question.key"),
    ("vote_interaction", &["/checkbox/option_list"], "card.body.question.choices"),
    ("vote_interaction", &["/submit_button/key"], "card.body.submit.key"),
    ("multiple_interaction", &["/main_title/title"], "card.heading.title"),
    ("multiple_interaction", &["/select_list"], "card.body.selectors"),
    ("multiple_interaction", &["/submit_button/key"], "card.body.submit.key"),
];

/// What the page of a kind does not have, and WeCom would leave out in silence.
const NOT_THERE: [(&str, &str, &str); 6] = [
    ("vote_interaction", "/action_menu", "card.menu"),
    ("vote_interaction", "/quote_area", "card.quote"),
    ("vote_interaction", "/source/desc_color", "card.source.colour"),
    ("multiple_interaction", "/action_menu", "card.menu"),
    ("multiple_interaction", "/quote_area", "card.quote"),
    ("multiple_interaction", "/source/desc_color", "card.source.colour"),
];

/// The JSON of a card. Lengths are judged with those of all messages.
///
/// # Errors
/// `invalid-argument` for what is missing, does not belong there, or is no such value.
pub(super) fn body(prefix: &str, card: &Card, how: Use<'_>) -> Result<Value, Failure> {
    let mut object = match &card.body {
        CardBody::Other(json) => written_by_caller(prefix, json)?,
        body => typed(prefix, body, how)?,
    };
    if let Some(heading) = card.heading.as_ref().map(|heading| self::heading(heading, "desc"))
        && (heading.has("title") || heading.has("desc"))
    {
        object = object.value("main_title", heading.done());
    }
    if let Some(source) = &card.source {
        object = object.value("source", self::source(prefix, source)?);
    }
    if let Some(menu) = &card.menu {
        let actions = menu.actions.iter().map(keyed);
        object = object.value(
            "action_menu",
            Object::default().optional("desc", menu.description.as_ref()).list("action_list", actions).done(),
        );
    }
    if let Some(quote) = &card.quote {
        let area = linked(Object::default().number("type", 0), quote.link.as_ref());
        let area = area.optional("title", quote.title.as_ref()).optional("quote_text", quote.text.as_ref());
        object = object.value("quote_area", area.done());
    }
    object = object.optional("task_id", card.task_id.as_ref()).optional("replace_text", card.replace_text.as_ref());
    let mut value = object.done();
    let kind = value.get("card_type").and_then(Value::as_str).unwrap_or_default().to_owned();
    complete(prefix, &kind, &value, how)?;
    let is_interactive = INTERACTIVE.contains(&&*kind);
    match (how, &mut value) {
        (Use::Send { task_id }, Value::Object(map)) => {
            if map.contains_key("replace_text") {
                return Err(misplaced(prefix, "card.replace-text", "只能用于更新", "is for an update only"));
            }
            if (is_interactive || map.contains_key("action_menu")) && !map.contains_key("task_id") {
                map.insert("task_id".to_owned(), Value::String(task_id.to_owned()));
            }
            self::task_id(prefix, map)?;
        }
        (Use::Update, Value::Object(map)) => {
            if map.contains_key("task_id") {
                return Err(misplaced(prefix, "card.task-id", "不能用于更新", "is not for an update"));
            }
            if map.contains_key("replace_text") && !is_interactive {
                let why = ("只能用于交互型卡片", "is for cards with buttons or choices only");
                return Err(misplaced(prefix, "card.replace-text", why.0, why.1));
            }
        }
        _ => {}
    }
    Ok(value)
}

/// WeCom's name of a message that is a card.
pub(super) const KIND: &str = "template_card";

/// Whether the card names its task itself: then it is good for one part of a message.
pub(super) fn names_task(card: &Card) -> bool {
    card.task_id.is_some() || matches!(&card.body, CardBody::Other(json) if json_names_task(json))
}

/// The same of WeCom's own JSON of a card.
pub(super) fn json_names_task(json: &str) -> bool {
    let card: Option<Map<String, Value>> = serde_json::from_str(json).ok();
    card.is_some_and(|card| card.contains_key("task_id"))
}

fn written_by_caller(prefix: &str, json: &str) -> Result<Object, Failure> {
    let card: Option<Map<String, Value>> = serde_json::from_str(json).ok();
    let card = card.filter(|card| card.get("card_type").is_some_and(Value::is_string));
    card.map(Object::from).ok_or_else(|| {
        let field = format!("{prefix}.card.body.other");
        Failure::invalid_argument(
            &field,
            (
                format!("{field} 须为带有 card_type 的 JSON 对象"),
                format!("{field} is to be an object of JSON with a card_type"),
            ),
        )
    })
}

fn complete(prefix: &str, kind: &str, card: &Value, how: Use<'_>) -> Result<(), Failure> {
    let is_there = |place: &&str| match card.pointer(place) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    // An update may do without the button that sends the choice.
    let may_lack = |field: &str| how == Use::Update && field.starts_with("card.body.submit");
    let of_kind = |(of, _, field): &&(&str, &[&str], &str)| *of == kind && !may_lack(field);
    if let Some((_, _, field)) = REQUIRED.iter().filter(of_kind).find(|(_, any, _)| !any.iter().any(is_there)) {
        let field = format!("{prefix}.{field}");
        return Err(Failure::invalid_argument(
            &field,
            (format!("{kind} 卡片缺少 {field}"), format!("a card {kind} needs {field}")),
        ));
    }
    if let Some((_, _, field)) = NOT_THERE.iter().find(|(of, place, _)| *of == kind && is_there(place)) {
        let (zh, en) = (format!("不能用于 {kind} 卡片"), format!("is not for a card {kind}"));
        return Err(misplaced(prefix, field, &zh, &en));
    }
    Ok(())
}

/// Letters, digits and a few signs (doc 90236; 42014).
fn task_id(prefix: &str, card: &Map<String, Value>) -> Result<(), Failure> {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"_-@".contains(&b);
    match card.get("task_id").map(Value::as_str) {
        None => Ok(()),
        Some(Some(id)) if id.bytes().all(is_letter) => Ok(()),
        Some(_) => Err(misplaced(
            prefix,
            "card.task-id",
            "只能由字母、数字与 _-@ 组成",
            "is made of letters, digits and _-@ only",
        )),
    }
}

fn misplaced(prefix: &str, field: &str, zh: &str, en: &str) -> Failure {
    let field = format!("{prefix}.{field}");
    Failure::invalid_argument(&field, (format!("{field} {zh}"), format!("{field} {en}")))
}

fn typed(prefix: &str, body: &CardBody, how: Use<'_>) -> Result<Object, Failure> {
    let card = |kind: &str| Object::default().text("card_type", kind);
    Ok(match body {
        CardBody::TextNotice(notice) => card("text_notice")
            .object("emphasis_content", notice.emphasis.as_ref().map(|emphasis| heading(emphasis, "desc")))
            .optional("sub_title_text", notice.sub_title.as_ref())
            .optional_list("horizontal_content_list", notice.rows.iter().map(row))
            .optional_list("jump_list", notice.jumps.iter().map(jump))
            .value("card_action", action(&notice.link)),
        CardBody::NewsNotice(notice) => {
            let mut object = card("news_notice");
            if let Some(image) = &notice.image {
                let mut written = Object::default().text("url", &image.url);
                if let Some(ratio) = &image.aspect_ratio {
                    written = written.value("aspect_ratio", aspect_ratio(prefix, ratio)?);
                }
                object = object.value("card_image", written.done());
            }
            object
                .object("image_text_area", notice.image_text.as_ref().map(image_text))
                .optional_list("vertical_content_list", notice.sections.iter().map(|section| heading(section, "desc")))
                .optional_list("horizontal_content_list", notice.rows.iter().map(row))
                .optional_list("jump_list", notice.jumps.iter().map(jump))
                .value("card_action", action(&notice.link))
        }
        CardBody::ButtonInteraction(interaction) => {
            let mut buttons = Vec::new();
            for button in &interaction.buttons {
                buttons.push(self::button(prefix, button)?);
            }
            let mut object = card("button_interaction");
            if let Some(selector) = &interaction.selector {
                object = object.value("button_selection", self::selector(prefix, "selector", selector, how)?.done());
            }
            object = object
                .optional("sub_title_text", interaction.sub_title.as_ref())
                .optional_list("horizontal_content_list", interaction.rows.iter().map(row))
                .list("button_list", buttons.into_iter());
            match &interaction.link {
                Some(link) => object.value("card_action", action(link)),
                None => object,
            }
        }
        CardBody::VoteInteraction(vote) => {
            let question = &vote.question;
            if !vote.multiple {
                one_choice(prefix, "question", question)?;
            }
            let choices =
                question.choices.iter().map(|choice| option(choice).value("is_checked", choice.chosen.into()));
            let checkbox = Object::default()
                .text("question_key", &question.key)
                .number("mode", vote.multiple.into())
                .list("option_list", choices);
            if question.title.as_ref().is_some_and(|title| !title.is_empty()) {
                let (zh, en) = ("不能用于 vote_interaction 卡片：请使用 heading", "is not for a vote: use the heading");
                return Err(misplaced(prefix, "card.body.question.title", zh, en));
            }
            let checkbox = disabled(prefix, "question", checkbox, question, how)?;
            card("vote_interaction")
                .value("checkbox", checkbox.done())
                .value("submit_button", keyed(&vote.submit).done())
        }
        CardBody::MultipleInteraction(interaction) => {
            let mut selectors = Vec::new();
            for selector in &interaction.selectors {
                selectors.push(self::selector(prefix, "selectors", selector, how)?);
            }
            card("multiple_interaction")
                .list("select_list", selectors.into_iter())
                .value("submit_button", keyed(&interaction.submit).done())
        }
        // Read before.
        CardBody::Other(_) => Object::default(),
    })
}

pub(super) fn heading(heading: &Heading, description: &str) -> Object {
    Object::default().optional("title", heading.title.as_ref()).optional(description, heading.description.as_ref())
}

fn keyed(text: &KeyedText) -> Object {
    Object::default().text("text", &text.text).text("key", &text.key)
}

fn option(choice: &Choice) -> Object {
    Object::default().text("id", &choice.id).text("text", &choice.text)
}

fn source(prefix: &str, source: &CardSource) -> Result<Value, Failure> {
    let object =
        Object::default().optional("icon_url", source.icon_url.as_ref()).optional("desc", source.text.as_ref());
    let Some(colour) = &source.colour else { return Ok(object.done()) };
    let known = ["grey", "black", "red", "green"].iter().position(|known| known == colour);
    let number = known.ok_or_else(|| {
        misplaced(prefix, "card.source.colour", "须为 grey、black、red 或 green", "is grey, black, red or green")
    })?;
    Ok(object.number("desc_color", number as u64).done())
}

/// Adds where something leads; `type` is 1 for a page and 2 for a mini program.
fn linked(object: Object, link: Option<&Link>) -> Object {
    match link {
        None => object,
        Some(Link::Url(url)) => object.number("type", 1).text("url", url),
        Some(Link::MiniProgram(page)) => {
            object.number("type", 2).text("appid", &page.app_id).optional("pagepath", page.page.as_ref())
        }
    }
}

fn action(link: &Link) -> Value {
    linked(Object::default(), Some(link)).done()
}

fn row(row: &CardRow) -> Object {
    let object = Object::default().text("keyname", &row.name).optional("value", row.value.as_ref());
    match &row.target {
        None => object,
        Some(RowTarget::Url(url)) => object.number("type", 1).text("url", url),
        Some(RowTarget::Attachment(media)) => object.number("type", 2).text("media_id", media),
        Some(RowTarget::Member(id)) => object.number("type", 3).text("userid", id),
    }
}

fn jump(jump: &CardJump) -> Object {
    linked(Object::default().number("type", 0).text("title", &jump.title), jump.link.as_ref())
}

fn image_text(area: &ImageText) -> Object {
    linked(Object::default().number("type", 0), area.link.as_ref())
        .text("image_url", &area.url)
        .optional("title", area.title.as_ref())
        .optional("desc", area.description.as_ref())
}

fn button(prefix: &str, button: &Button) -> Result<Object, Failure> {
    let style = button.style.unwrap_or(1);
    if !(1..=4).contains(&style) {
        return Err(misplaced(prefix, "card.body.buttons.style", "须为 1 至 4", "is 1 to 4"));
    }
    let object = Object::default().text("text", &button.text).number("style", style.into());
    Ok(match &button.action {
        ButtonAction::Key(key) => object.number("type", 0).text("key", key),
        ButtonAction::Url(url) => object.number("type", 1).text("url", url),
    })
}

fn selector(prefix: &str, field: &str, selector: &Selector, how: Use<'_>) -> Result<Object, Failure> {
    one_choice(prefix, field, selector)?;
    let object = Object::default()
        .text("question_key", &selector.key)
        .optional("title", selector.title.as_ref())
        .list("option_list", selector.choices.iter().map(option))
        .optional("selected_id", selector.choices.iter().find(|choice| choice.chosen).map(|choice| &choice.id));
    disabled(prefix, field, object, selector, how)
}

fn one_choice(prefix: &str, field: &str, selector: &Selector) -> Result<(), Failure> {
    match selector.choices.iter().filter(|choice| choice.chosen).count() {
        0 | 1 => Ok(()),
        _ => {
            let field = format!("card.body.{field}.choices");
            Err(misplaced(prefix, &field, "只能预选一项", "has one choice at the beginning at most"))
        }
    }
}

fn disabled(prefix: &str, field: &str, object: Object, selector: &Selector, how: Use<'_>) -> Result<Object, Failure> {
    match (selector.disabled, how) {
        (false, _) => Ok(object),
        (true, Use::Update) => Ok(object.value("disable", true.into())),
        (true, Use::Send { .. }) => {
            let field = format!("card.body.{field}.disabled");
            Err(misplaced(prefix, &field, "只能用于更新", "is for an update only"))
        }
    }
}

/// Width by height, 1.3 to 2.25. Sent as a number.
fn aspect_ratio(prefix: &str, text: &str) -> Result<Value, Failure> {
    let number: Option<Number> = serde_json::from_str(text).ok();
    let number = number.filter(|number| number.as_f64().is_some_and(|ratio| (1.3..=2.25).contains(&ratio)));
    let (zh, en) = ("须为 1.3 至 2.25 的小数", "is a decimal number from 1.3 to 2.25");
    number.map(Value::Number).ok_or_else(|| misplaced(prefix, "card.body.image.aspect-ratio", zh, en))
}

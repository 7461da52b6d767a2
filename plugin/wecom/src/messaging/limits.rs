//! What WeCom takes of a message, in one table: the lengths and counts of docs 90236 (messages) and 94888 (updates of cards).
//!
//! Only what WeCom refuses or cuts stands here. What it merely recommends (characters in the texts of a card) is left to
//! whoever writes: a card shows it on two lines. Characters are Unicode scalar values; bytes are those of UTF-8.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Characters,
    /// Items of a list.
    Items,
}

/// One limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// Keys of WeCom's JSON below the message, `[]` for any item.
    pub(super) at: &'static str,
    /// The same place in the contract, below `content` or `change`, with as many `[]`.
    pub(super) field: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) unit: Unit,
    /// Number of the official document.
    pub(super) doc: u32,
}

use Unit::{Bytes, Characters, Items};

const fn row(at: &'static str, field: &'static str, least: usize, most: usize, unit: Unit) -> Limit {
    Limit { at, field, least, most, unit, doc: 90236 }
}

/// The limit of a place.
pub(super) fn of(at: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.at == at)
}

/// See the module. What is named here and is not there at all is judged in [`super::card`], where it depends on the card.
pub(super) static LIMITS: &[Limit] = &[
    // Cut in silence, perhaps within a character.
    row("text.content", "text", 1, 2_048, Bytes),
    row("markdown.content", "markdown", 1, 2_048, Bytes),
    row("image.media_id", "image", 1, 1_024, Bytes),
    row("voice.media_id", "voice", 1, 1_024, Bytes),
    row("file.media_id", "file", 1, 1_024, Bytes),
    row("video.media_id", "video.media-id", 1, 1_024, Bytes),
    row("video.title", "video.title", 0, 128, Bytes),
    row("video.description", "video.description", 0, 512, Bytes),
    row("textcard.title", "link-card.title", 1, 128, Characters),
    row("textcard.description", "link-card.description", 1, 512, Characters),
    row("textcard.url", "link-card.url", 1, 2_048, Bytes),
    row("textcard.btntxt", "link-card.button", 0, 4, Characters),
    row("news.articles", "news", 1, 8, Items),
    row("news.articles[].title", "news[].title", 1, 128, Bytes),
    row("news.articles[].description", "news[].description", 0, 512, Bytes),
    row("news.articles[].url", "news[].link.url", 1, 2_048, Bytes),
    row("news.articles[].picurl", "news[].picture-url", 0, 2_048, Bytes),
    row("news.articles[].appid", "news[].link.mini-program.app-id", 1, 128, Bytes),
    row("news.articles[].pagepath", "news[].link.mini-program.page", 0, 128, Bytes),
    row("mpnews.articles", "articles", 1, 8, Items),
    row("mpnews.articles[].title", "articles[].title", 1, 128, Bytes),
    row("mpnews.articles[].thumb_media_id", "articles[].cover-media-id", 1, 1_024, Bytes),
    row("mpnews.articles[].author", "articles[].author", 0, 64, Bytes),
    row("mpnews.articles[].content", "articles[].content", 1, 666 * 1_024, Bytes),
    row("mpnews.articles[].digest", "articles[].digest", 0, 512, Bytes),
    row("miniprogram_notice.appid", "mini-program-notice.app-id", 1, 128, Bytes),
    row("miniprogram_notice.page", "mini-program-notice.page", 0, 1_024, Bytes),
    row("miniprogram_notice.title", "mini-program-notice.title", 4, 12, Characters),
    row("miniprogram_notice.description", "mini-program-notice.description", 4, 12, Characters),
    row("miniprogram_notice.content_item", "mini-program-notice.items", 0, 10, Items),
    row("miniprogram_notice.content_item[].key", "mini-program-notice.items[].name", 1, 10, Characters),
    row("miniprogram_notice.content_item[].value", "mini-program-notice.items[].value", 1, 30, Characters),
    row("template_card.task_id", "card.task-id", 1, 128, Bytes),
    row("template_card.action_menu.action_list", "card.menu.actions", 1, 3, Items),
    row("template_card.action_menu.action_list[].text", "card.menu.actions[].text", 1, usize::MAX, Bytes),
    row("template_card.action_menu.action_list[].key", "card.menu.actions[].key", 1, 1_024, Bytes),
    row("template_card.horizontal_content_list", "card.body.rows", 0, 6, Items),
    row("template_card.horizontal_content_list[].keyname", "card.body.rows[].name", 1, usize::MAX, Bytes),
    row("template_card.horizontal_content_list[].url", "card.body.rows[].target.url", 1, usize::MAX, Bytes),
    row("template_card.horizontal_content_list[].media_id", "card.body.rows[].target.attachment", 1, usize::MAX, Bytes),
    row("template_card.horizontal_content_list[].userid", "card.body.rows[].target.member", 1, 64, Bytes),
    row("template_card.vertical_content_list", "card.body.sections", 0, 4, Items),
    row("template_card.vertical_content_list[].title", "card.body.sections[].title", 1, usize::MAX, Bytes),
    row("template_card.jump_list", "card.body.jumps", 0, 3, Items),
    row("template_card.jump_list[].title", "card.body.jumps[].title", 1, usize::MAX, Bytes),
    row("template_card.card_action.url", "card.body.link.url", 1, usize::MAX, Bytes),
    row("template_card.card_action.appid", "card.body.link.mini-program.app-id", 1, usize::MAX, Bytes),
    row("template_card.card_image.url", "card.body.image.url", 1, usize::MAX, Bytes),
    row("template_card.image_text_area.image_url", "card.body.image-text.url", 1, usize::MAX, Bytes),
    row("template_card.button_list", "card.body.buttons", 1, 6, Items),
    row("template_card.button_list[].text", "card.body.buttons[].text", 1, usize::MAX, Bytes),
    row("template_card.button_list[].key", "card.body.buttons[].action.key", 1, 1_024, Bytes),
    row("template_card.button_list[].url", "card.body.buttons[].action.url", 1, usize::MAX, Bytes),
    row("template_card.button_selection.question_key", "card.body.selector.key", 1, 1_024, Bytes),
    row("template_card.button_selection.option_list", "card.body.selector.choices", 1, 10, Items),
    row("template_card.button_selection.option_list[].id", "card.body.selector.choices[].id", 1, 128, Bytes),
    row("template_card.button_selection.option_list[].text", "card.body.selector.choices[].text", 1, usize::MAX, Bytes),
    row("template_card.checkbox.question_key", "card.body.question.key", 1, 1_024, Bytes),
    row("template_card.checkbox.option_list", "card.body.question.choices", 1, 20, Items),
    row("template_card.checkbox.option_list[].id", "card.body.question.choices[].id", 1, 128, Bytes),
    row("template_card.checkbox.option_list[].text", "card.body.question.choices[].text", 1, usize::MAX, Bytes),
    row("template_card.select_list", "card.body.selectors", 1, 3, Items),
    row("template_card.select_list[].question_key", "card.body.selectors[].key", 1, 1_024, Bytes),
    row("template_card.select_list[].option_list", "card.body.selectors[].choices", 1, 10, Items),
    row("template_card.select_list[].option_list[].id", "card.body.selectors[].choices[].id", 1, 128, Bytes),
    row("template_card.select_list[].option_list[].text", "card.body.selectors[].choices[].text", 1, usize::MAX, Bytes),
    row("template_card.submit_button.text", "card.body.submit.text", 1, usize::MAX, Bytes),
    row("template_card.submit_button.key", "card.body.submit.key", 1, 1_024, Bytes),
    Limit { doc: 94888, ..row("button.replace_name", "done", 1, usize::MAX, Bytes) },
];

/// Lists whose items differ in one field.
pub(super) static UNIQUE: &[(&str, &str)] = &[
    ("template_card.action_menu.action_list", "key"),
    ("template_card.button_selection.option_list", "id"),
    ("template_card.checkbox.option_list", "id"),
    ("template_card.select_list", "question_key"),
    ("template_card.select_list[].option_list", "id"),
];

/// Recipients that one request takes (doc 90236; 40032, 82002, 82003).
pub(super) const MEMBERS: usize = 1_000;
pub(super) const DEPARTMENTS: usize = 100;
pub(super) const TAGS: usize = 100;

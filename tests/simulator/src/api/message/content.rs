//! What stands in a message, by type: what must be there, and what is cut (fact sheet section 5.2).

use serde_json::Value;

use super::card::{self, Purpose};
use super::text::{at_most, cut_bytes, cut_chars, list, required, text};
use crate::api::answer::Refusal;
use crate::clock::UnixMillis;
use crate::message::{MediaKind, MediaStore};

/// What the content is checked against.
pub(super) struct Against<'w> {
    pub(super) media: &'w MediaStore,
    pub(super) now: UnixMillis,
    /// The mini program the app is bound to.
    pub(super) mini_program: Option<&'w str>,
}

/// The content of a message of this type, checked and cut.
pub(super) fn read(kind: &str, content: &Value, safe: i64, against: &Against<'_>) -> Result<Value, Refusal> {
    let mut content = content.clone();
    match kind {
        "text" => {
            required(&content, "content", 44004)?;
            cut_bytes(&mut content, "content", 2048);
        }
        "image" => against.media_id(&content, "media_id", MediaKind::Image)?,
        "voice" => against.media_id(&content, "media_id", MediaKind::Voice)?,
        "file" => against.media_id(&content, "media_id", MediaKind::File)?,
        "video" => {
            against.media_id(&content, "media_id", MediaKind::Video)?;
            cut_bytes(&mut content, "title", 128);
            cut_bytes(&mut content, "description", 512);
        }
        "textcard" => {
            for (name, code) in [("title", 41016), ("description", 41033), ("url", 41010)] {
                required(&content, name, code)?;
            }
            web_address(&content, "url")?;
            at_most(&content, "textcard.", "url", 2048)?;
            for (name, chars) in [("title", 128), ("description", 512), ("btntxt", 4)] {
                cut_chars(&mut content, name, chars);
            }
        }
        "news" | "mpnews" if safe != 0 && kind == "news" => return Err(40074.into()),
        "news" => each_article(&mut content, |article| {
            required(article, "title", 41016)?;
            let page = text(article, "appid").and(text(article, "pagepath"));
            if page.is_none() {
                required(article, "url", 41010)?;
                web_address(article, "url")?;
            }
            for (name, bytes) in [("url", 2048), ("picurl", 2048), ("pagepath", 128)] {
                at_most(article, "news.articles.", name, bytes)?;
            }
            Ok(())
        })?,
        "mpnews" => each_article(&mut content, |article| {
            required(article, "title", 41016)?;
            against.media_id(article, "thumb_media_id", MediaKind::Image)?;
            let html = required(article, "content", 44004)?;
            if html.len() > 666 * 1024 {
                return Err(45002.into());
            }
            if text(article, "author").is_some_and(|author| author.len() > 64) {
                return Err(45032.into());
            }
            Ok(())
        })?,
        "markdown" => {
            required(&content, "content", 44004)?;
            at_most(&content, "markdown.", "content", 2048)?;
        }
        "miniprogram_notice" => mini_program(&content, against)?,
        "template_card" => card::check(&content, Purpose::Send, against)?,
        _ => return Err(40008.into()),
    }
    if safe == 2 && kind != "mpnews" {
        return Err(Refusal::form("invalid safe"));
    }
    Ok(content)
}

impl Against<'_> {
    /// Refuses a media id that is missing, unknown, expired, or of another type.
    pub(super) fn media_id(&self, object: &Value, name: &str, kind: MediaKind) -> Result<(), Refusal> {
        let id = required(object, name, 41006)?;
        let media = self.media.get(id, self.now).map_err(|_| 40007)?;
        if media.kind == kind { Ok(()) } else { Err(40004.into()) }
    }
}

/// One to eight articles; titles and texts are cut.
fn each_article(content: &mut Value, check: impl Fn(&Value) -> Result<(), Refusal>) -> Result<(), Refusal> {
    list(content, "articles", 0..=8, 45008)?;
    let articles = content["articles"].as_array_mut().filter(|articles| !articles.is_empty());
    for article in articles.ok_or_else(|| Refusal::form("missing articles"))? {
        check(article)?;
        for (name, bytes) in [("title", 128), ("description", 512), ("digest", 512)] {
            cut_bytes(article, name, bytes);
        }
    }
    Ok(())
}

fn mini_program(content: &Value, against: &Against<'_>) -> Result<(), Refusal> {
    let appid = required(content, "appid", 90200)?;
    match against.mini_program {
        None => return Err(90207.into()),
        Some(bound) if bound != appid => return Err(90208.into()),
        Some(_) => {}
    }
    let title = required(content, "title", 41016)?;
    let described = text(content, "description").into_iter();
    if [title].into_iter().chain(described).any(|text| !(4..=12).contains(&text.chars().count())) {
        return Err(Refusal::form("miniprogram_notice.title and description take 4 to 12 characters"));
    }
    if text(content, "page").is_some_and(|page| page.len() > 1024) {
        return Err(90204.into());
    }
    for item in list(content, "content_item", 0..=10, 90201)? {
        for (name, chars, code) in [("key", 10, 90202), ("value", 30, 90203)] {
            let text = required(item, name, code)?;
            if text.chars().count() > chars {
                return Err(code.into());
            }
        }
    }
    Ok(())
}

fn web_address(object: &Value, name: &str) -> Result<(), Refusal> {
    match object[name].as_str() {
        Some(url) if !url.contains("://") => Err(45034.into()),
        _ => Ok(()),
    }
}

//! What a message says: from the contract's record to WeCom's JSON (doc 90236). Pure.

use organisation_kit::{
    contract::messaging::{Article, Content, Headline, Link, Message, NamedValue, Sharing},
    failure::Failure,
    invalid_argument,
};
use serde_json::{Map, Value};

use super::{
    card::{self, Use},
    json::Object,
    judge,
};

/// Names of the request's own keys, of which a message of another kind cannot be one.
const RESERVED: [&str; 9] = [
    "touser",
    "toparty",
    "totag",
    "msgtype",
    "agentid",
    "safe",
    "enable_id_trans",
    "enable_duplicate_check",
    "duplicate_check_interval",
];

/// The kinds that can be confidential; 2, inside the organisation, is for pages alone (doc 90236; 40074).
const CONFIDENTIAL: [&str; 5] = ["text", "image", "video", "file", "mpnews"];

/// A message without its recipients, judged.
#[derive(Debug)]
pub(super) struct Body {
    /// WeCom's name of its kind, which is also the key of its content.
    pub(super) kind: String,
    pub(super) content: Value,
    /// 0, 1 or 2.
    pub(super) safe: u64,
}

/// Makes and judges the content. `task_id` is for a card that needs one and has none.
///
/// # Errors
/// `invalid-argument` for the first thing that WeCom would refuse, cut or leave out.
pub(super) fn body(message: &Message, task_id: &str) -> Result<Body, Failure> {
    let (kind, content) = content(&message.content, task_id)?;
    judge::judge("content", &kind, &content, message.translate_ids)?;
    let kinds_en = CONFIDENTIAL.join(", ");
    let kinds_zh = CONFIDENTIAL.join("、");
    let safe = match message.sharing.unwrap_or(Sharing::Free) {
        Sharing::Free => 0,
        Sharing::Confidential if CONFIDENTIAL.contains(&&*kind) => 1,
        Sharing::Confidential => {
            return Err(invalid_argument! { "sharing":
            "{kind} 消息不能设为保密；可以的类型：{kinds_zh}", "{kind} cannot be confidential; {kinds_en} can" });
        }
        Sharing::Internal if kind == "mpnews" => 2,
        Sharing::Internal => {
            return Err(invalid_argument! { "sharing":
            "只有 mpnews（articles）消息可以限企业内分享", "only mpnews (articles) can be kept inside the organisation" });
        }
    };
    if kind == "miniprogram_notice" && message.to.everybody {
        return Err(invalid_argument! { "to.everybody":
        "小程序通知不能发给全员：请给出成员、部门或标签",
        "a notice of a mini program cannot go to everybody: name members, departments or tags" });
    }
    Ok(Body { kind, content, safe })
}

fn content(content: &Content, task_id: &str) -> Result<(String, Value), Failure> {
    let media = |id: &str| Object::default().text("media_id", id);
    let (kind, object) = match content {
        Content::Text(text) => ("text", Object::default().text("content", text)),
        Content::Markdown(text) => ("markdown", Object::default().text("content", text)),
        Content::Image(id) => ("image", media(id)),
        Content::Voice(id) => ("voice", media(id)),
        Content::File(id) => ("file", media(id)),
        Content::Video(video) => {
            let object = media(&video.media_id).optional("title", video.title.as_ref());
            ("video", object.optional("description", video.description.as_ref()))
        }
        Content::LinkCard(card) => {
            let object = Object::default().text("title", &card.title).text("description", &card.description);
            ("textcard", object.text("url", with_scheme(&card.url)?).optional("btntxt", card.button.as_ref()))
        }
        Content::News(headlines) => ("news", Object::default().list("articles", headlines.iter().map(headline))),
        Content::Articles(articles) => {
            let article = |article: &Article| {
                Object::default()
                    .text("title", &article.title)
                    .text("thumb_media_id", &article.cover_media_id)
                    .optional("author", article.author.as_ref())
                    .optional("content_source_url", article.source_url.as_ref())
                    .text("content", &article.content)
                    .optional("digest", article.digest.as_ref())
            };
            ("mpnews", Object::default().list("articles", articles.iter().map(article)))
        }
        Content::MiniProgramNotice(notice) => {
            let item = |item: &NamedValue| Object::default().text("key", &item.name).text("value", &item.value);
            let object = Object::default()
                .text("appid", &notice.app_id)
                .optional("page", notice.page.as_ref())
                .text("title", &notice.title)
                .optional("description", notice.description.as_ref());
            let object = if notice.emphasise_first { object.value("emphasis_first_item", true.into()) } else { object };
            ("miniprogram_notice", object.optional_list("content_item", notice.items.iter().map(item)))
        }
        Content::Card(card) => {
            return Ok((card::KIND.to_owned(), card::body("content", card, Use::Send { task_id })?));
        }
        Content::Other(other) => {
            let is_kind = |kind: &str| {
                (1..=32).contains(&kind.len())
                    && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                    && !RESERVED.contains(&kind)
            };
            if !is_kind(&other.kind) {
                return Err(invalid_argument! { "content.other.kind":
                "kind 须为企业微信的消息类型，例如 text", "the kind is one of WeCom's message types, such as text" });
            }
            let json: Option<Map<String, Value>> = serde_json::from_str(&other.json).ok();
            let object = json.ok_or_else(|| {
                invalid_argument! { "content.other.json": "须为 JSON 对象", "this is to be an object of JSON" }
            })?;
            return Ok((other.kind.clone(), Value::Object(object)));
        }
    };
    Ok((kind.to_owned(), object.done()))
}

fn headline(headline: &Headline) -> Object {
    let object = Object::default()
        .text("title", &headline.title)
        .optional("description", headline.description.as_ref())
        .optional("picurl", headline.picture_url.as_ref());
    match &headline.link {
        None => object,
        Some(Link::Url(url)) => object.text("url", url),
        Some(Link::MiniProgram(page)) => object.text("appid", &page.app_id).optional("pagepath", page.page.as_ref()),
    }
}

/// The link of a text card opens only with its scheme.
fn with_scheme(url: &str) -> Result<&str, Failure> {
    match url.is_empty() || url.contains("://") {
        true => Ok(url),
        false => Err(invalid_argument! { "content.link-card.url":
        "content.link-card.url 须带协议，例如 https://", "content.link-card.url needs a scheme, such as https://" }),
    }
}

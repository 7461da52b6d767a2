//! Messages, pages in the vendor's client, and what the vendor told.

use organisation_fleet::tenants::ApiScope::{Events, Messages, Pages};
use organisation_host::contract::{
    answer_schema, from_json,
    messaging::{Message, UploadRequest},
    types::Body,
};
use serde_json::{Value, json};

use super::{
    Answers, LIMIT, Operation, Parameter, Takes, answered, done, get, list, needed, object, optional, post, run, shown,
    text, text_or_null,
};
use crate::view::{callback, message::SentView};

const AFTER: Parameter = optional("after", "cursor of the page before");

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            takes: Takes::Record("message"),
            answers: Answers::Described(sent),
            ..post(
                "messages",
                Messages,
                "messaging.send",
                "发送消息 Send a message",
                run!(|mut call| {
                    let message: Message = call.record()?;
                    shown(&SentView::of(&call.element.send_message(&message).await?)?)
                }),
            )
        },
        Operation {
            takes: Takes::Fields(&[("message_id", true)]),
            answers: Answers::Nothing,
            ..post(
                "messages/recall",
                Messages,
                "messaging.recall",
                "撤回消息 Take a message back",
                run!(|mut call| {
                    let id: String = call.field("message_id")?;
                    done(call.element.recall_message(&id).await)
                }),
            )
        },
        Operation {
            takes: Takes::Record("update"),
            answers: Answers::Under("invalid"),
            ..post(
                "cards/update",
                Messages,
                "messaging.update-card",
                "更新卡片 Change a card that was sent",
                run!(|mut call| {
                    let update = call.record()?;
                    answered(call.element.update_card(&update).await)
                }),
            )
        },
        Operation {
            query: vec![
                needed("kind", "image, voice, video, file or inline-image"),
                needed("file_name", "the name that members see"),
            ],
            takes: Takes::File,
            ..post(
                "media",
                Messages,
                "messaging.upload",
                "上传素材 Hand the vendor a file: the body as it is",
                run!(|call| {
                    let kind = from_json(call.text("kind").into())?;
                    let file_name = call.text("file_name").unwrap_or_default().to_owned();
                    let request = UploadRequest { kind, file_name, content: Body::Bytes(call.file.into()) };
                    answered(call.element.upload(&request).await)
                }),
            )
        },
        Operation {
            query: vec![AFTER, LIMIT],
            answers: Answers::Described(kept_events),
            ..get(
                "events",
                Events,
                "",
                "回调事件 What the vendor told within seven days",
                run!(|call| {
                    let page = call.element.events(call.text("after"), call.limit()?).await?;
                    let cursor = page.events.last().map(|event| event.cursor.clone());
                    let cursor = cursor.or_else(|| call.owned("after"));
                    let events = page.events.iter().map(|kept| callback::event(&kept.event));
                    let events = events.collect::<Result<Vec<_>, _>>()?;
                    Ok(json!({ "events": events, "cursor": cursor, "more": page.more }))
                }),
            )
        },
        Operation {
            takes: Takes::Record("request"),
            ..post(
                "page-signatures",
                Pages,
                "web.js-sdk-signature",
                "页面签名 Sign the address of a page",
                run!(|mut call| {
                    let request = call.record()?;
                    answered(call.element.js_sdk_signature(&request).await)
                }),
            )
        },
    ]
}

fn sent() -> Value {
    let sent = answer_schema("messaging.send").unwrap_or_default();
    object(json!({
        "message_id": text_or_null(), "response_code": text_or_null(), "delivered": sent["properties"]["delivery"],
        "invalid": sent["properties"]["invalid"], "parts": sent["properties"]["parts"],
    }))
}

fn kept_events() -> Value {
    let event = object(json!({ "kind": text(), "id": text(), "at": text(), "member": text_or_null() }));
    object(json!({ "events": list(event), "cursor": text_or_null(), "more": { "type": "boolean" } }))
}

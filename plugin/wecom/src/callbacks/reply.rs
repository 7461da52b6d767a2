//! What the app answers to members by itself, in the answer to a delivery (doc 90241): the texts of the configuration, signed and
//! encrypted like what was delivered. Only to a member who came into the visible range and to what a member wrote: there the vendor
//! takes a reply, and nothing else has an answer that is known beforehand. A card is changed by a call of its own with the event's
//! response code, since replies to its events are not safe. Whoever wants to say more sends a message.

use base64::{Engine, engine::general_purpose::STANDARD};
use organisation_kit::{
    contract::{
        callbacks::{Event, Happening, IncomingRequest},
        log::Level,
    },
    platform::Platform,
};

use super::{envelope, proof};
use crate::{
    cipher,
    config::{Callback, Config},
};

/// The reply to a delivery; nothing where there is none to give.
pub(super) fn to(
    platform: &dyn Platform,
    config: &Config,
    callback: &Callback,
    request: &IncomingRequest,
    event: &Event,
) -> Option<String> {
    let text = match event.happening {
        Happening::EnteredRange => callback.welcome_reply.as_deref(),
        Happening::Message(_) => callback.message_reply.as_deref(),
        _ => None,
    }?;
    let member = event.member.as_deref()?;
    // How a reply looks in JSON is documented for bots alone.
    if envelope::text(request.body.as_ref()).is_some_and(|body| envelope::is_json(&body)) {
        platform.log(Level::Warn, "a delivery in JSON gets no reply", &[("route", request.route.as_str())]);
        return None;
    }
    let seconds = platform.now_ms() / 1_000;
    let message = message(member, config.corp_id(), seconds, text);
    let (mut random, mut nonce) = ([0; proof::RANDOM], [0; 4]);
    platform.random(&mut random);
    platform.random(&mut nonce);
    let nonce = u32::from_be_bytes(nonce).to_string();
    Some(sealed(callback, config.corp_id(), random, &seconds.to_string(), &nonce, &message))
}

/// The message in a reply.
pub(super) fn message(member: &str, corp_id: &str, seconds: u64, text: &str) -> String {
    let [member, corp_id, text] = [member, corp_id, text].map(cdata);
    format!(
        "<xml><ToUserName>{member}</ToUserName><FromUserName>{corp_id}</FromUserName><CreateTime>{seconds}</CreateTime>\
         <MsgType><![CDATA[text]]></MsgType><Content>{text}</Content></xml>"
    )
}

/// Signs and encrypts a message.
pub(super) fn sealed(
    callback: &Callback,
    corp_id: &str,
    random: [u8; proof::RANDOM],
    timestamp: &str,
    nonce: &str,
    message: &str,
) -> String {
    let encrypted = STANDARD.encode(cipher::encrypt(&callback.key, proof::joined(random, message, corp_id)));
    let signature = proof::signature([callback.token.expose(), timestamp, nonce, &encrypted]);
    let [encrypted, signature, nonce] = [encrypted.as_str(), &signature, nonce].map(cdata);
    format!(
        "<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{signature}</MsgSignature><TimeStamp>{timestamp}</TimeStamp>\
         <Nonce>{nonce}</Nonce></xml>"
    )
}

/// A text as XML takes it whatever is in it: what would end it is cut in two.
fn cdata(text: &str) -> String {
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}

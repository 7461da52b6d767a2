//! What WeCom seals: deliveries and exported files. The cipher is the simulator's, which knows the vendor's side of it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_record::{Contents, Delivery, VendorFormat};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use wecom_simulator::cipher::{self, Key, Opened};

/// See the module.
pub struct WeComFormat;

/// Words and names of fields in messages (docs 90239, 90240, 90269, 90970 to 90973) and answers (doc 94854). The component has few of
/// them as texts: with short ones it compares letter by letter.
const WORDS: &[&str] = &[
    "LOCATION",
    "batch_job_result",
    "change_contact",
    "change_external_contact",
    "click",
    "create_party",
    "create_user",
    "delete_party",
    "delete_user",
    "enter_agent",
    "event",
    "export_department",
    "export_simple_user",
    "export_taguser",
    "export_user",
    "file",
    "image",
    "invite_user",
    "link",
    "location",
    "location_select",
    "open_approval_change",
    "pic_photo_or_album",
    "pic_sysphoto",
    "pic_weixin",
    "replace_party",
    "replace_user",
    "scancode_push",
    "scancode_waitmsg",
    "share_agent_change",
    "share_chain_change",
    "subscribe",
    "sync_user",
    "sys_approval_change",
    "taskcard_click",
    "template_card_event",
    "template_card_menu_event",
    "text",
    "unsubscribe",
    "update_party",
    "update_tag",
    "update_user",
    "video",
    "view",
    "view_miniprogram",
    "voice",
    "AddPartyItems",
    "Address",
    "AddUserItems",
    "AgentID",
    "Alias",
    "Applyer",
    "ApplyUserId",
    "ApprovalInfo",
    "Avatar",
    "BatchJob",
    "BizMail",
    "CardType",
    "ChangeType",
    "Content",
    "CreateTime",
    "DelPartyItems",
    "DelUserItems",
    "Department",
    "Email",
    "Encrypt",
    "ErrCode",
    "ErrMsg",
    "Event",
    "EventKey",
    "ExtAttr",
    "FromUserName",
    "Gender",
    "Id",
    "IsLeaderInDept",
    "Item",
    "JobId",
    "JobType",
    "MainDepartment",
    "md5",
    "MediaId",
    "Mobile",
    "MsgId",
    "MsgType",
    "Name",
    "NewUserID",
    "OpenSpStatus",
    "OpenTemplateId",
    "OptionId",
    "OptionIds",
    "Order",
    "ParentId",
    "Party",
    "Position",
    "QuestionKey",
    "ResponseCode",
    "SelectedItem",
    "SelectedItems",
    "SpNo",
    "SpNoStr",
    "SpStatus",
    "StatuChangeEvent",
    "Status",
    "TagId",
    "TaskId",
    "Telephone",
    "TemplateId",
    "ThirdNo",
    "ToUserName",
    "Type",
    "UserId",
    "UserID",
    "Value",
];

/// What is encrypted is padded to a multiple of so many bytes.
const PADDED_TO: usize = 32;
/// Bytes of two blocks of padding and the one before them: enough to tell whether a key fits.
const TAIL: usize = 48;

impl VendorFormat for WeComFormat {
    fn words(&self) -> &'static [&'static str] {
        WORDS
    }

    fn senders(&self) -> &'static [&'static str] {
        &["sys"]
    }

    fn is_key(&self, text: &str) -> bool {
        Key::read(text).is_some()
    }

    fn delivery(&self, delivery: &Delivery, contents: &mut dyn Contents) -> Option<Delivery> {
        let value = |name: &str| {
            let found = delivery.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
            percent_decode_str(found).decode_utf8().ok().map(String::from)
        };
        let (signature, timestamp, nonce) = (value("msg_signature")?, value("timestamp")?, value("nonce")?);
        let echo = value("echostr").filter(|_| delivery.method == "GET");
        let encrypted = match &echo {
            Some(echo) => echo.clone(),
            None => encrypted(delivery.body.as_deref()?)?,
        };
        // The same text wherever the envelope is replaced below.
        let closed = contents.value("Encrypt", &encrypted);
        let sealed = opened(&encrypted, contents)?.unwrap_or_else(|| closed.clone());
        let new_nonce = contents.value("nonce", &nonce);
        let is_signed = |token: &String| cipher::signature(token, &timestamp, &nonce, &encrypted) == signature;
        let new_signature = match contents.secrets().into_iter().find(is_signed) {
            Some(token) => cipher::signature(&contents.stand_in(&token)?, &timestamp, &new_nonce, &sealed),
            // Of another token, or somebody else's: it fits no more than it did.
            None => contents.value("signature", &signature),
        };
        let pairs = delivery.query.split('&').map(|pair| {
            let Some((name, value)) = pair.split_once('=') else { return contents.value("query", pair) };
            let value = match name {
                "msg_signature" => new_signature.clone(),
                "nonce" => new_nonce.clone(),
                "echostr" if echo.is_some() => sealed.clone(),
                _ => contents.value(name, &percent_decode_str(value).decode_utf8_lossy()),
            };
            format!("{name}={}", utf8_percent_encode(&value, NON_ALPHANUMERIC))
        });
        let query = pairs.collect::<Vec<_>>().join("&");
        let body = match (&delivery.body, &echo) {
            (Some(body), None) => {
                let envelope = contents.document(body, false);
                if envelope.matches(&closed).count() != 1 {
                    return None;
                }
                Some(envelope.replace(&closed, &sealed))
            }
            (body, _) => body.as_deref().map(|body| contents.document(body, false)),
        };
        Some(Delivery { method: delivery.method.clone(), query, body })
    }

    fn file(&self, file: &[u8], size: usize, contents: &mut dyn Contents) -> Option<Vec<u8>> {
        // The documentation does not say whether files are bytes or text.
        let is_text = file.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(byte));
        let bytes = match is_text {
            true => STANDARD
                .decode(file.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>())
                .ok()?,
            false => file.to_vec(),
        };
        let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
        let plain = contents.secrets().into_iter().find_map(|secret| {
            let key = Key::read(&secret).filter(|key| key.decrypt(tail).is_ok())?;
            Some((secret, String::from_utf8(key.decrypt(&bytes).ok()?).ok()?))
        });
        let (secret, plain) = plain?;
        let key = Key::read(&contents.stand_in(&secret)?)?;
        let mut new = contents.document(&plain, false);
        // Blanks behind a document are none of it. One byte is left for the padding.
        let sealed = if is_text { size / 4 * 3 } else { size } / PADDED_TO * PADDED_TO;
        new.extend(std::iter::repeat_n(' ', sealed.saturating_sub(new.len() + 1)));
        let sealed = key.encrypt(new.as_bytes()).ok()?;
        Some(if is_text { STANDARD.encode(sealed).into_bytes() } else { sealed })
    }

    fn checksum(&self, file: &[u8]) -> Option<String> {
        Some(cipher::checksum(file))
    }
}

/// What is encrypted in the body of a delivery, XML or JSON.
fn encrypted(body: &str) -> Option<String> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if body.starts_with('{') {
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).ok()?;
        let field = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("Encrypt"))?.1;
        return Some(field.as_str()?.trim().to_owned());
    }
    let lower = body.to_ascii_lowercase();
    let start = lower.find("<encrypt>")? + "<encrypt>".len();
    let text = body[start..start + lower[start..].find("</encrypt>")?].trim();
    let section = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
    Some(section.unwrap_or(text).trim().to_owned()).filter(|text| !text.is_empty())
}

/// What was encrypted, with what stands for its contents and sealed anew: where no key opens it, as many bytes that none opens; where it
/// is no base64, nothing, since it need not be opened. None at all where nothing can be made of it.
fn opened(encrypted: &str, contents: &mut dyn Contents) -> Option<Option<String>> {
    let Ok(bytes) = STANDARD.decode(encrypted) else { return Some(None) };
    let opened = contents.secrets().into_iter().find_map(|secret| {
        let Opened { message, receiver } = cipher::opened(&Key::read(&secret)?, encrypted).ok()?;
        Some((secret, String::from_utf8(message).ok()?, String::from_utf8(receiver).ok()?))
    });
    let Some((secret, message, receiver)) = opened else { return Some(Some(STANDARD.encode(vec![0; bytes.len()]))) };
    let key = Key::read(&contents.stand_in(&secret)?)?;
    // What identifies a department is a number, as a member's id may be.
    let is_of_department = ["_party]", "_party<", "_party\""].iter().any(|end| message.contains(end));
    let message = contents.document(&message, is_of_department);
    let receiver = contents.value("corpid", &receiver);
    cipher::seal(&key, [0; 16], message.as_bytes(), receiver.as_bytes()).ok().map(Some)
}

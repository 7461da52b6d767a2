//! Where events go: address, token and key of one receiver.

use maud::{Markup, html};

use super::super::scene::{Scene, field, hidden};
use crate::callback::Receiver;

pub(super) fn settings(scene: &Scene, receiver: Receiver) -> Markup {
    let name = match receiver {
        Receiver::App(id) => id.to_string(),
        Receiver::Contacts => "contacts".to_owned(),
    };
    let saved = receiver.settings(&scene.corp);
    html! {
        div.card {
            @if let Some(saved) = saved {
                dl.facts {
                    dt { "URL" } dd { code { (saved.url) } }
                    dt { "Token" } dd { (saved.token.hint()) }
                    dt { "EncodingAESKey" } dd { (saved.aes_key.hint()) }
                }
                (scene.button("remove-callback", &[("receiver", &name)], "quiet", scene.say("停用", "Remove")))
            } @else {
                p.hint { (scene.say("尚未设置", "not set up yet")) }
            }
            details {
                summary { (scene.say("设置 API 接收", "Set up")) }
                (scene.form("save-callback", &html! {
                    (hidden("receiver", &name))
                    (field("URL", "url", saved.map_or("", |saved| &saved.url),
                        scene.say("模拟器只投递到本机的 http:// 地址", "the simulator delivers to http:// addresses of this machine only")))
                    (field("Token", "token", "", scene.say("至多 32 位字母和数字", "at most 32 letters and digits")))
                    (field("EncodingAESKey", "aes_key", "", scene.say("43 位字母和数字", "43 letters and digits")))
                    button { (scene.say("保存（会先校验该地址）", "Save (the address is checked first)")) }
                }))
            }
        }
    }
}

//! The calls that a page makes of the client's script. Every key is spelt as the call wants it: `appId`, `corpId` and `corpid`
//! are three names of one thing.

use organisation_kit::contract::web::ScriptCall;
use serde_json::{Value, json};

use super::Stamp;

/// The calls of a signature: with an app the app's, else the organisation's.
pub(super) fn calls(
    corp_id: &str,
    agent_id: Option<&str>,
    Stamp { nonce, timestamp }: Stamp<'_>,
    signature: &str,
    functions: &[String],
) -> Vec<ScriptCall> {
    // What a function of the page is to answer stands under the function's name.
    let answer = json!({ "timestamp": timestamp, "nonceStr": nonce, "signature": signature });
    let (old, new) = match agent_id {
        None => (
            (
                "wx.config",
                json!({
                    "beta": true, "debug": false, "appId": corp_id, "timestamp": timestamp, "nonceStr": nonce,
                    "signature": signature, "jsApiList": functions,
                }),
            ),
            json!({ "corpId": corp_id, "jsApiList": functions, "getConfigSignature": answer }),
        ),
        // Text: clients of some versions take no number.
        Some(agent_id) => (
            (
                "wx.agentConfig",
                json!({
                    "corpid": corp_id, "agentid": agent_id, "timestamp": timestamp, "nonceStr": nonce,
                    "signature": signature, "jsApiList": functions,
                }),
            ),
            json!({
                "corpId": corp_id, "agentId": agent_id, "jsApiList": functions, "getAgentConfigSignature": answer,
            }),
        ),
    };
    let call =
        |(name, arguments): (&str, Value)| ScriptCall { name: name.to_owned(), arguments: arguments.to_string() };
    [old, ("ww.register", new)].map(call).into()
}

//! The calls that a page makes of the client's script. Every key is spelt as the call wants it: `appId`, `corpId` and `corpid`
//! are three names of one thing.

use organisation_kit::contract::web::ScriptCall;
use serde_json::Value;

use super::Stamp;

/// The calls of a signature: with an app the app's, else the organisation's.
pub(super) fn calls(
    corp_id: &str,
    agent_id: Option<&str>,
    Stamp { nonce, timestamp }: Stamp<'_>,
    signature: &str,
    functions: &[String],
) -> Vec<ScriptCall> {
    let (corp_id, functions) = (&Value::from(corp_id), &Value::from(functions));
    let stamp = [
        ("timestamp", &Value::from(timestamp)),
        ("nonceStr", &Value::from(nonce)),
        ("signature", &Value::from(signature)),
    ];
    // What a function of the page is to answer stands under the function's name.
    let answer = &object(&[&stamp]);
    match agent_id {
        None => {
            let own = [("beta", &Value::Bool(true)), ("debug", &Value::Bool(false)), ("appId", corp_id)];
            let new = [("corpId", corp_id), ("jsApiList", functions), ("getConfigSignature", answer)];
            vec![call("wx.config", &[&own, &stamp, &[("jsApiList", functions)]]), call("ww.register", &[&new])]
        }
        // Text: clients of some versions take no number.
        Some(agent_id) => {
            let agent_id = &Value::from(agent_id);
            let own = [("corpid", corp_id), ("agentid", agent_id), ("jsApiList", functions)];
            let new = [
                ("corpId", corp_id),
                ("agentId", agent_id),
                ("jsApiList", functions),
                ("getAgentConfigSignature", answer),
            ];
            vec![call("wx.agentConfig", &[&own, &stamp]), call("ww.register", &[&new])]
        }
    }
}

fn call(name: &str, arguments: &[&[(&str, &Value)]]) -> ScriptCall {
    ScriptCall { name: name.to_owned(), arguments: object(arguments).to_string() }
}

fn object(entries: &[&[(&str, &Value)]]) -> Value {
    entries.iter().copied().flatten().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect()
}

//! What no API tells and only WeCom's requests show: whether it reaches the app.

use organisation_kit::verdict::Checked;

use super::console;

/// The configured routes, each with when WeCom was seen on it.
pub(super) fn judge(routes: &[(&'static str, Option<u64>)]) -> Checked {
    if routes.is_empty() {
        return Checked::skipped(
            "not-configured",
            (
                "未配置回调：通讯录的变化随下次同步更新，也收不到消息与审批事件",
                "no callback is configured: changes come with the next sync, and messages and approvals are not told",
            ),
        );
    }
    let unseen: Vec<&str> = routes.iter().filter(|(_, at)| at.is_none()).map(|(route, _)| *route).collect();
    let found = if unseen.is_empty() {
        Checked::ok("observed", ("企业微信可以访问接收地址", "WeCom reaches the app"))
    } else {
        let names = unseen.join(", ");
        let message = (
            format!("尚未收到企业微信对 {names} 的请求，配置完成后可知"),
            format!("WeCom has sent nothing to {names} yet; known once it has"),
        );
        Checked::skipped("not-observed", message)
            .hint(
                "请在管理后台填写接收地址、Token 与 EncodingAESKey 并保存，保存时企业微信会验证该地址",
                "enter address, token and EncodingAESKey in the console and save them: WeCom then checks the address",
            )
            .page(console::APPS)
    };
    routes
        .iter()
        .filter_map(|(route, at)| Some((route, (*at)?)))
        .fold(found, |found, (route, at)| found.fact(&format!("{route}-observed-at"), at))
}

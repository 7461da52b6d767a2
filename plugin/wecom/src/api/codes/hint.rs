//! What to do about a code.

use std::net::IpAddr;

use super::{Class, ErrorCode};
use organisation_kit::{locale::Text, text};

/// The next step, where a person can make one.
pub(super) fn of(code: i64, known: &ErrorCode, address: Option<IpAddr>) -> Option<Text> {
    if code == 60020 {
        return Some(untrusted(address));
    }
    if let Some(own) = own(code) {
        return Some(own);
    }
    let ErrorCode { zh, en, .. } = known;
    Some(match known.class {
        Class::Busy => text!("企业微信繁忙，请稍后重试", "WeCom is busy: try again shortly"),
        Class::Token => text! { "访问令牌被反复拒绝：请稍后重试，并确认没有其他程序共用此 Secret",
        "the access token is refused again and again: try later, and see that no other program uses this secret" },
        Class::Wait => text!("调用过于频繁，请稍后重试", "too many calls: try again later"),
        Class::Developer => text! { "请将此错误反馈给平台运维，说明见 {LOOK_UP}{code}",
        "report this to the operator of the platform; it is explained at {LOOK_UP}{code}" },
        Class::Configuration => text!("{zh}：请检查应用的配置", "{en}: check the configuration of the app"),
        Class::Administrator => text!("{zh}：请联系企业微信管理员处理", "{en}: ask the administrator of WeCom"),
        Class::Person => text!("登录已失效，请重新登录", "this sign-in is void: start it again"),
        Class::Data => return None,
    })
}

/// Where WeCom explains a code.
const LOOK_UP: &str = "https://open.work.weixin.qq.com/devtool/query?e=";

/// The address is the very value to add, so it is passed on as WeCom wrote it.
fn untrusted(address: Option<IpAddr>) -> Text {
    let unknown = || Text::new("平台的出口 IP", "the platform's outgoing address");
    let Text { zh, en } = address.map_or_else(unknown, |address| address.to_string().into());
    text! { "请在管理后台 应用管理 → 该应用 → 企业可信IP 中添加 {zh}，保存后约一分钟生效",
    "add {en} in the console under Apps → this app → Company's Trusted IP; it takes about a minute to take effect" }
}

/// Codes with a step of their own.
fn own(code: i64) -> Option<Text> {
    Some(match code {
        40001 => text! { "请核对 Secret（应用管理 → 该应用 → Secret）；重置后旧值立即失效，停用的应用也会被拒绝",
        "compare the secret with Apps → this app → Secret; a reset voids the old one at once, and a disabled app is refused \
         as well" },
        40013 | 2_000_002 => text! { "请核对企业 ID（我的企业 → 企业信息 → 企业ID）",
        "compare the corp id with My Company → Company Information → Company ID" },
        40091 => text! { "Secret 与企业 ID 不属于同一企业，请核对二者",
        "secret and corp id belong to different companies: compare both" },
        40007 | 40145 => text! { "媒体文件已失效（临时素材保存 3 天）：请重新上传后再发送",
        "the file is gone, since WeCom keeps it for 3 days: upload it again, then send" },
        43012 => text! { "请在管理后台 应用管理 → 该应用 → 接收消息 → 设置API接收 中设置回调地址，再发送可交互的卡片",
        "set a callback address in the console under Apps → this app → Receive Messages → API Reception, then send cards with \
         buttons" },
        42052 => text!("发出超过 24 小时的消息不能撤回", "a message that is older than 24 hours cannot be taken back"),
        60140 => text! { "response_code 只能使用一次，72 小时内有效：卡片可能已被更新",
        "a response code is good once and for 72 hours: the card may have been updated already" },
        81013 => text! { "请检查收件人 ID，并请管理员将其加入应用的可见范围",
        "check the ids of the recipients, and have the administrator add them to the visible range of the app" },
        90207 | 90208 => text! { "请在管理后台将小程序关联到该应用",
        "bind the mini program to the app in the console" },
        45031 => text!("Secret 强度不足，请在应用页面重置", "the secret is too weak: reset it on the page of the app"),
        40056 | 301_002 => text! { "请核对 AgentID 与 Secret 属于同一应用（应用管理 → 该应用）",
        "agent id and secret must be of the same app: compare both with Apps → this app" },
        45009 | 45011 => text! { "调用频率超限：请至少等待一分钟；多次使用错误的 Secret 会使来源 IP 被封一小时",
        "too many calls: wait a minute at least; a wrong secret used repeatedly blocks the address for an hour" },
        45033 => text!("并发过高，请稍后重试", "too many calls at the same time: try again shortly"),
        48002 => text! { "该接口不允许此 Secret 调用：请使用自建应用的 Secret，而不是通讯录同步的 Secret",
        "this secret may not call the API: use the secret of a self-built app, not the one of contact sync" },
        48006 => text! { "应用长期未使用，权限已收回：请管理员在管理后台重新启用",
        "the app was not used for long and lost its permission: the administrator enables it again in the console" },
        48009 => text! { "通讯录同步助手不能读取详情：请改用自建应用的 Secret",
        "the contact-sync assistant may not read details: use the secret of a self-built app" },
        50001 => text! { "请将登录地址的域名（含端口）设为应用的可信域名或网页授权回调域",
        "make the host of the redirect address, port included, a trusted domain or callback domain of the app" },
        50002 | 60011 | 60021 | 92000 => text! { "请管理员将相关成员或部门加入应用的可见范围",
        "the administrator adds the member or department to the visible range of the app" },
        50003 => text!("请管理员在管理后台启用该应用", "the administrator enables the app in the console"),
        84014 | 84015 => text!("授权已失效，请重新登录并同意授权", "the consent is void: sign in and consent again"),
        92001 => text! { "请管理员为应用开启敏感信息字段的授权",
        "the administrator grants the app access to sensitive fields" },
        301_055 => {
            text! { "请管理员在管理后台 应用管理 → 审批 → API → 可调用接口的应用 中加入该应用，并将申请人加入应用的可见范围；\
            按申请人筛选时，该成员须未离职",
            "the administrator adds the app in the console under Apps → Approvals (审批) → API → Apps that may call (可调用接口的应用), and \
            the applicant to the visible range of the app; a search names nobody who left" }
        }
        301_056 => text! { "请管理员在管理后台启用审批应用（应用管理 → 审批）",
        "the administrator enables the approvals app in the console (Apps → Approvals)" },
        301_057 => text! { "提交时企业微信内部出错，申请可能已经存在：再次提交前请先查询",
        "WeCom failed within, so that the request may exist: look for it before it is submitted again" },
        301_007 => text!("该企业已解散或被封禁", "the company was dissolved or banned"),
        _ => return None,
    })
}

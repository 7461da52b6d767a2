//! The codes that the endpoints in use can answer (doc 90313 and the pages of the single APIs), in rising order.
//!
//! Where the documentation gives one number several classes, the class of the more common cause stands here: 40001 is a
//! token first (the client renews it once) and a wrong secret when that does not help; 60020 is the administrator's.

use super::{
    Class::{Administrator, Busy, Configuration, Data, Developer, Person, Token, Wait},
    Code,
};

const fn row(code: i64, class: super::Class, zh: &'static str, en: &'static str) -> Code {
    Code { code, class, zh, en }
}

pub(super) static CODES: &[Code] = &[
    row(-1, Busy, "系统繁忙", "system busy"),
    row(6000, Busy, "数据版本冲突", "data version conflict"),
    row(40001, Token, "凭证无效：Secret 错误或已重置，或令牌失效", "credential or token refused"),
    row(40003, Data, "成员 ID 无效或成员已离开", "member id invalid or departed"),
    row(40013, Configuration, "企业 ID 无效", "corp id unknown"),
    row(40014, Token, "令牌无法识别或已过期", "token not recognised"),
    row(40029, Person, "登录 code 无效、过期或已使用", "login code invalid, expired or used"),
    row(40056, Configuration, "AgentID 不存在", "agent id unknown"),
    row(40058, Developer, "参数无效", "parameter invalid"),
    row(40063, Developer, "参数为空", "parameter empty"),
    row(40068, Data, "标签不存在", "tag unknown"),
    row(40088, Data, "任务不存在", "job unknown"),
    row(40089, Data, "任务结果已清除", "job result purged"),
    row(40091, Configuration, "Secret 属于其他企业", "secret of another corp"),
    row(40093, Developer, "页面签名无效", "signature of a page wrong"),
    row(41001, Developer, "缺少令牌", "token missing"),
    row(42001, Token, "令牌已过期", "token expired"),
    row(42003, Person, "登录 code 已过期", "login code expired"),
    row(42012, Developer, "页面票据不可用", "ticket of a page not usable"),
    row(42022, Person, "登录 code 已使用", "login code already used"),
    row(45009, Wait, "调用过于频繁", "too many calls"),
    row(45011, Wait, "调用过于频繁", "too many calls"),
    row(45029, Developer, "返回内容过大", "answer would be too large"),
    row(45031, Administrator, "Secret 强度不足，须重置", "secret too weak"),
    row(45033, Wait, "并发调用过多", "too many parallel calls"),
    row(45036, Wait, "数据访问异常频繁", "abnormal traffic"),
    row(48001, Administrator, "功能未授权", "function not granted"),
    row(48002, Configuration, "此 Secret 无权调用该接口", "this secret may not call the api"),
    row(48004, Administrator, "授权关系无效", "authorisation invalid or withdrawn"),
    row(48005, Developer, "接口已下线", "api retired"),
    row(48006, Administrator, "应用长期未用，权限已收回", "permission withdrawn from an unused app"),
    row(48009, Configuration, "通讯录同步助手不能从新 IP 读取详情", "contact assistant may not read details"),
    row(48010, Configuration, "TLS 版本过低", "tls version too old"),
    row(50001, Configuration, "跳转域名不是可信域名", "redirect domain not trusted"),
    row(50002, Administrator, "成员不在可见范围", "member outside the range"),
    row(50003, Administrator, "应用已停用", "app disabled"),
    row(60003, Data, "部门不存在", "department unknown"),
    row(60011, Administrator, "对该成员、部门或标签没有权限", "no privilege for the member, department or tag"),
    row(60020, Administrator, "来源 IP 不在企业可信 IP 中", "caller ip not trusted"),
    row(60021, Administrator, "成员不在可见范围", "member outside the visible range"),
    row(60031, Administrator, "应用已不能调用任何接口", "app may no longer call any api"),
    row(60111, Data, "成员不存在、已离开或不可见", "member unknown, departed or invisible"),
    row(60123, Data, "部门 ID 无效", "department id invalid"),
    row(81026, Busy, "功能维护中", "under maintenance"),
    row(84014, Person, "user_ticket 已过期", "user_ticket expired"),
    row(84015, Person, "user_ticket 无效", "user_ticket invalid"),
    row(91040, Developer, "票据类型无效", "ticket type invalid"),
    row(92000, Administrator, "成员不在应用范围", "member outside the app's range"),
    row(92001, Administrator, "应用没有敏感信息权限", "no sensitive-field grant"),
    row(301_002, Configuration, "AgentID 不属于此 Secret 的应用", "agent id of another app"),
    row(301_007, Administrator, "企业已解散或被封", "corp dissolved or banned"),
    row(301_064, Busy, "内部错误", "internal error"),
    row(2_000_002, Configuration, "企业 ID 无效", "corp id invalid"),
    row(2_000_111, Busy, "系统故障", "system failure"),
    row(2_000_141, Busy, "系统故障", "system failure"),
];

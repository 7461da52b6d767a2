//! Pages of WeCom's console.

/// The list of apps, from which the app's own page is one click away; its address holds an id that no API tells.
pub(super) const APPS: &str = "https://work.weixin.qq.com/wework_admin/frame#apps";
/// The company's own data.
pub(super) const COMPANY: &str = "https://work.weixin.qq.com/wework_admin/frame#profile";

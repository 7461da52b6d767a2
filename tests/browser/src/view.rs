//! How somebody looks at a page.

use serde_json::{Value, json};

/// Window, language and colours of a browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Width and height in CSS pixels.
    pub size: (u32, u32),
    /// A touch screen with the density of a phone.
    pub is_phone: bool,
    /// What the browser asks pages for, as in `Accept-Language`.
    pub language: &'static str,
    /// Whether the person prefers dark pages.
    pub is_dark: bool,
    /// What the browser calls itself, where that is not its own name.
    pub agent: Option<&'static str>,
}

impl Default for View {
    /// A desktop in Chinese, light.
    fn default() -> Self {
        Self { size: (1280, 900), is_phone: false, language: "zh-CN", is_dark: false, agent: None }
    }
}

impl View {
    /// A phone in Chinese, light.
    pub fn phone() -> Self {
        Self { size: (390, 844), is_phone: true, ..Self::default() }
    }

    /// In English.
    #[must_use]
    pub fn in_english(self) -> Self {
        Self { language: "en-US", ..self }
    }

    /// In dark colours.
    #[must_use]
    pub fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }

    /// What a session is asked for.
    pub(crate) fn capabilities(&self, program: &str, is_root: bool) -> Value {
        let (width, height) = self.size;
        let mut arguments = vec![
            "--headless=new".to_owned(),
            // The browser ends with its driver, however that ends.
            "--remote-debugging-pipe".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--hide-scrollbars".to_owned(),
            "--no-first-run".to_owned(),
            format!("--window-size={width},{height}"),
            format!("--accept-lang={}", self.language),
            format!("--blink-settings=preferredColorScheme={}", if self.is_dark { 0 } else { 1 }),
        ];
        // Chromium refuses to isolate its processes for root, as whom containers run tests.
        arguments.extend(is_root.then(|| "--no-sandbox".to_owned()));
        arguments.extend(self.agent.map(|agent| format!("--user-agent={agent}")));
        let mut options = json!({
            "binary": program,
            "args": arguments,
            "prefs": {"intl.accept_languages": self.language},
        });
        if self.is_phone {
            options["mobileEmulation"] = json!({
                "deviceMetrics": {"width": width, "height": height, "pixelRatio": 2.0, "touch": true, "mobile": true},
            });
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        })
    }
}

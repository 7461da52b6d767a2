//! One browser, used as a person uses it: by what stands on the page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use crate::view::View;
use crate::webdriver::{Element, Locator, Session};
use crate::{axe, console, driver};

/// For how long something may be missing from a page until it is taken for absent. Never waited for when it is there.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a button is pressed that is replaced in the moment of it.
const PRESSES: u32 = 10;

/// A browser with a profile of its own, gone when dropped.
pub struct Browser {
    session: Session,
    /// Host and port of the driver.
    host: &'static str,
}

/// What a person reads: the texts of buttons, links and summaries, the names of fields. XPath has no other way to write a text
/// with both quotes in it, so that such a text fails loudly.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text:?} cannot be looked for");
    format!("\"{text}\"")
}

impl Browser {
    /// A new browser; `None` where tests with a browser are left out.
    ///
    /// # Panics
    /// There is none and `BROWSER_TESTS=require` is set, or it does not start.
    pub async fn start(view: &View) -> Option<Self> {
        let driver = driver::running()?;
        let capabilities = view.capabilities(&driver.browser, is_root());
        let session =
            Session::new(&driver.host, capabilities).await.unwrap_or_else(|error| panic!("no browser: {error}"));
        Some(Self { session, host: &driver.host })
    }

    /// Opens an address and checks the page.
    ///
    /// # Panics
    /// It cannot be opened, or as [`Browser::check`].
    pub async fn open(&self, address: &str) {
        self.session.post("url", &json!({"url": address})).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        self.check().await;
    }

    /// Presses the first button, link or summary with this text or label, and checks the page that comes.
    ///
    /// # Panics
    /// There is none, or as [`Browser::check`].
    pub async fn press(&self, text: &str) {
        let quoted = quoted(text);
        let path = format!(
            "//*[self::button or self::a or self::summary][normalize-space(.)={quoted} or @aria-label={quoted}] | \
             //label[normalize-space(.)={quoted}]"
        );
        self.press_at(&path, text).await;
    }

    /// Presses the first button, link or label whose text begins so.
    ///
    /// # Panics
    /// As [`Browser::press`].
    pub async fn press_beginning(&self, text: &str) {
        let path = format!(
            "//*[self::button or self::a or self::summary or self::label][starts-with(normalize-space(.), {})]",
            quoted(text)
        );
        self.press_at(&path, text).await;
    }

    /// Presses the last button with this text, and checks the page that comes.
    ///
    /// # Panics
    /// As [`Browser::press`].
    pub async fn press_last(&self, text: &str) {
        let path = format!("(//button[normalize-space(.)={}])[last()]", quoted(text));
        self.press_at(&path, text).await;
    }

    /// Fills in the field with this label.
    ///
    /// # Panics
    /// There is none.
    pub async fn fill(&self, label: &str, value: &str) {
        let quoted = quoted(label);
        let path = format!(
            "//label[starts-with(normalize-space(.), {quoted})]//*[self::input or self::textarea or self::select] | \
             //*[@id = //label[starts-with(normalize-space(.), {quoted})]/@for] | //*[@aria-label={quoted}]"
        );
        let field = self.element(Locator::XPath(&path), label).await;
        if field.tag().await.is_ok_and(|name| name == "select") {
            field.choose(value).await.unwrap_or_else(|error| panic!("{label}: {error}"));
            return;
        }
        field.clear().await.unwrap_or_else(|error| panic!("{label}: {error}"));
        field.type_keys(value).await.unwrap_or_else(|error| panic!("{label}: {error}"));
    }

    /// Waits until this text stands on the page.
    ///
    /// # Panics
    /// It does not come.
    pub async fn see(&self, text: &str) {
        let path = format!("//body//*[not(self::script)][contains(normalize-space(.), {})]", quoted(text));
        self.element(Locator::XPath(&path), text).await;
    }

    /// Whether this text stands on the page now.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn shows(&self, text: &str) -> bool {
        let body = self.session.find(Locator::Css("body")).await.expect("every page has one");
        body.text().await.expect("a text").contains(text)
    }

    /// Waits until the address begins so, as after a redirect by a script.
    ///
    /// # Panics
    /// It does not.
    pub async fn come_to(&self, address: &str) {
        let started = std::time::Instant::now();
        while !self.address().await.starts_with(address) {
            assert!(started.elapsed() < PATIENCE, "{} instead of {address}", self.address().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.check().await;
    }

    /// The address of the page.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn address(&self) -> String {
        self.session.get("url").await.expect("a page").as_str().unwrap_or_default().to_owned()
    }

    /// Goes back to the page before, and checks what is shown then.
    ///
    /// # Panics
    /// As [`Browser::check`].
    pub async fn back(&self) {
        self.session.post("back", &json!({})).await.expect("a page before");
        self.check().await;
    }

    /// Loads the page anew, and checks it.
    ///
    /// # Panics
    /// As [`Browser::check`].
    pub async fn reload(&self) {
        self.session.post("refresh", &json!({})).await.expect("a page");
        self.check().await;
    }

    /// Bytes of the page and of all that it has loaded, as they travel; what the browser had kept of an earlier page counts as well.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn weight(&self) -> u64 {
        const WEIGH: &str = "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
            .reduce((sum, one) => sum + one.encodedBodySize, 0)";
        self.session.run(WEIGH).await.expect("a script runs").as_u64().expect("a number of bytes")
    }

    /// Where the links of the navigation lead.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn navigation(&self) -> Vec<String> {
        const READ: &str = "return [...document.querySelectorAll('nav a')].map(link => link.href)";
        let links = self.session.run(READ).await.expect("a script runs");
        links.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Presses keys, as on a keyboard, where the focus is.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn keys(&self, keys: &str) {
        let focused = self.session.focused().await.expect("something has the focus");
        focused.type_keys(keys).await.unwrap_or_else(|error| panic!("{keys:?}: {error}"));
    }

    /// Goes on with the tabulator until what has the focus reads so, at most 60 times.
    ///
    /// # Panics
    /// It is not reached.
    pub async fn tab_to(&self, text: &str) {
        const READ: &str =
            "const at = document.activeElement; return (at.innerText || at.ariaLabel || at.name || '').trim();";
        for _ in 0..60 {
            self.keys("\u{e004}").await;
            let at = self.session.run(READ).await.expect("a script runs");
            if at.as_str().is_some_and(|at| at.starts_with(text)) {
                return;
            }
        }
        panic!("the tabulator does not reach {text:?} on {}", self.address().await);
    }

    /// Whether the page is wider than the window, so that a person has to scroll sideways.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn is_too_wide(&self) -> bool {
        let script = "return document.documentElement.scrollWidth > window.innerWidth + 1";
        self.session.run(script).await.expect("a script runs") == Value::Bool(true)
    }

    /// The page as a PNG of the window's size.
    ///
    /// # Panics
    /// The browser is gone.
    pub async fn picture(&self) -> Vec<u8> {
        let picture = self.session.get("screenshot").await.expect("a picture");
        BASE64_STANDARD.decode(picture.as_str().unwrap_or_default()).expect("base64, as the specification says")
    }

    /// Holds the page to what every page keeps.
    ///
    /// # Panics
    /// The console has an error or a violation of the policy, or axe-core a serious finding.
    pub async fn check(&self) {
        let address = self.address().await;
        let errors = console::errors(&self.session).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        assert!(errors.is_empty(), "{address} writes errors into the console: {errors:#?}");
        let findings = axe::findings(&self.session).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        assert!(findings.is_empty(), "{address} has serious findings: {findings:#?}");
    }

    /// Checks the page a last time and closes the browser.
    ///
    /// # Panics
    /// As [`Browser::check`].
    pub async fn end(self) {
        self.check().await;
    }

    /// Presses what is found so. A page that goes on by itself may put another button in the place of the one that was
    /// found: then that one is pressed.
    async fn press_at(&self, path: &str, what: &str) {
        for _ in 0..PRESSES {
            match self.element(Locator::XPath(path), what).await.click().await {
                Ok(()) => return self.check().await,
                Err(failure) if failure.is_stale() => {}
                Err(failure) => panic!("{what}: {failure}"),
            }
        }
        panic!("{what}: another one stands there each time");
    }

    async fn element(&self, locator: Locator<'_>, what: &str) -> Element<'_> {
        let found = self.session.wait_for(locator, PATIENCE).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                let body = self.session.find(Locator::Css("body")).await.expect("every page has one");
                let text = body.text().await.unwrap_or_default();
                panic!("{what:?} is not on {}: {error}\n{text}", self.address().await)
            }
        }
    }
}

impl Drop for Browser {
    /// Also after a failure, in which nothing can be awaited.
    fn drop(&mut self) {
        let host = self.host;
        let request = format!(
            "DELETE /session/{} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            self.session.id()
        );
        if let Ok(mut stream) = TcpStream::connect(host) {
            // A driver that is gone has closed its browsers.
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read(&mut [0; 64]);
        }
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

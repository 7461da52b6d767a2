//! A real browser for tests: Chromium, driven through WebDriver by `chromedriver`, which the first test to ask starts.
//!
//! ```no_run
//! # async fn example() {
//! use browser_tests::{Browser, View};
//!
//! let Some(browser) = Browser::start(&View::default()).await else { return };
//! browser.open("http://127.0.0.1:7080/console").await;
//! browser.press("通讯录").await;
//! browser.see("研发中心").await;
//! browser.end().await;
//! # }
//! ```
//!
//! Every browser has a profile of its own. [`Browser::see`] waits, nothing sleeps. Each page that a test opens or comes to is held
//! to this: no error in the console, no violation of the content security policy, and no serious finding of axe-core
//! ([`Browser::check`]).
//!
//! A machine without `chromedriver` and Chromium leaves these tests out, and one line of each test program says so;
//! `BROWSER_TESTS=require` makes that a failure, for machines on which nothing may be left out unseen, and `BROWSER_TESTS=omit`
//! leaves them out in any case.

mod axe;
mod browser;
mod console;
mod driver;
mod view;
mod webdriver;

pub use browser::Browser;
pub use view::View;

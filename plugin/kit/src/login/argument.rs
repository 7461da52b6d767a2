//! What comes back from the vendor through a browser, judged before anything is looked up. No message ever repeats a
//! value.

use crate::{failure::Failure, text::Text};

/// Bytes of a login code (doc 91023).
const CODE_LIMIT: usize = 512;
/// Bytes of a state (doc 91022).
const STATE_LIMIT: usize = 128;
/// Bytes of a browser binding, a hash in text.
const BINDING_LIMIT: usize = 256;

/// A login code: 1 to 512 printable ASCII characters.
pub(super) fn code(code: &str) -> Result<(), Failure> {
    let sound = (1..=CODE_LIMIT).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_graphic());
    judge("code", sound, code.len(), "1 to 512 printable characters")
}

/// A state: 1 to 128 letters and digits.
pub(super) fn state(state: &str) -> Result<(), Failure> {
    let sound = (1..=STATE_LIMIT).contains(&state.len()) && state.bytes().all(|byte| byte.is_ascii_alphanumeric());
    judge("state", sound, state.len(), "1 to 128 letters and digits")
}

/// A browser binding: 1 to 256 printable ASCII characters. An empty one would bind to nothing.
pub(super) fn binding(binding: Option<&str>) -> Result<(), Failure> {
    let Some(binding) = binding else { return Ok(()) };
    let sound = (1..=BINDING_LIMIT).contains(&binding.len()) && binding.bytes().all(|byte| byte.is_ascii_graphic());
    judge("browser-binding", sound, binding.len(), "1 to 256 printable characters")
}

fn judge(path: &str, sound: bool, length: usize, expected: &str) -> Result<(), Failure> {
    if sound {
        return Ok(());
    }
    Err(Failure::invalid_argument(path, format!("the {path} of {length} bytes cannot be used; expected {expected}"))
        .with_hint(Text::new("登录链接不完整或已损坏，请重新登录", "the sign-in link is damaged: sign in again")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::types::Reason;

    #[test]
    fn only_what_the_vendor_can_have_sent_is_accepted() {
        type Judge = fn(&str) -> Result<(), Failure>;
        let judges: [(&str, Judge, usize); 3] = [
            ("code", code, CODE_LIMIT),
            ("state", state, STATE_LIMIT),
            ("browser-binding", |text| binding(Some(text)), BINDING_LIMIT),
        ];
        for (path, judge, limit) in judges {
            assert!(judge(&"x".repeat(limit)).is_ok() && judge("aZ09").is_ok(), "{path}");
            for bad in ["", " ", "with space", "x\n", "x\0", "x\u{7f}", "中文", &"x".repeat(limit + 1)] {
                let failure = judge(bad).unwrap_err();
                let Reason::InvalidArgument(problem) = &failure.reason else { panic!("{failure:?}") };
                assert_eq!((problem.path.as_str(), failure.hint.is_some()), (path, true));
                assert!(bad.len() < 2 || !failure.message.en.contains(bad), "{}", failure.message.en);
            }
        }
        assert!(code("a-b_c.d~e%2F+/=").is_ok());
        for bad in ["a-b", "a_b", "a%20", "a=b"] {
            assert!(state(bad).is_err(), "{bad}");
        }
        assert!(binding(None).is_ok());
    }
}

//! What comes back from the vendor through a browser, judged before anything is looked up. No message ever repeats a
//! value.

use crate::{failure::Failure, locale::Text};

/// Bytes of a login code at most.
const CODE_LIMIT: usize = 512;
/// Bytes of a state at most.
const STATE_LIMIT: usize = 128;
/// Bytes of a browser binding at most, a hash in text.
const BINDING_LIMIT: usize = 256;

/// A login code: 1 to 512 printable ASCII characters.
pub(super) fn code(code: &str) -> Result<(), Failure> {
    judge("code", code, CODE_LIMIT, |byte| byte.is_ascii_graphic())
}

/// A state: 1 to 128 letters and digits. No vendor of this kit hands out codes without one.
pub(super) fn state(state: Option<&str>) -> Result<&str, Failure> {
    let state = state.unwrap_or_default();
    judge("state", state, STATE_LIMIT, |byte| byte.is_ascii_alphanumeric()).map(|()| state)
}

/// A browser binding: 1 to 256 printable ASCII characters. An empty one would bind to nothing.
pub(super) fn binding(binding: Option<&str>) -> Result<(), Failure> {
    binding.map_or(Ok(()), |binding| judge("browser-binding", binding, BINDING_LIMIT, |byte| byte.is_ascii_graphic()))
}

/// Whoever reads the message has followed a link and cannot mend its parts; which part it is stands in the problem.
fn judge(path: &str, value: &str, limit: usize, admits: impl Fn(u8) -> bool) -> Result<(), Failure> {
    if (1..=limit).contains(&value.len()) && value.bytes().all(admits) {
        return Ok(());
    }
    Err(Failure::invalid_argument(path, ("登录链接不完整或已损坏", "the sign-in link is incomplete or damaged"))
        .with_hint(Text::new("请重新登录", "sign in again")))
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
            ("state", |text| state(Some(text)).map(drop), STATE_LIMIT),
            ("browser-binding", |text| binding(Some(text)), BINDING_LIMIT),
        ];
        for (path, judge, limit) in judges {
            assert!(judge(&"x".repeat(limit)).is_ok() && judge("aZ09").is_ok(), "{path}");
            for bad in ["", " ", "with space", "x\n", "x\0", "x\u{7f}", "中文", &"x".repeat(limit + 1)] {
                let failure = judge(bad).unwrap_err();
                let Reason::InvalidArgument(problem) = &failure.reason else { panic!("{failure:?}") };
                assert_eq!((problem.path.as_str(), failure.hint.is_some()), (path, true));
                assert_eq!(
                    failure.message,
                    Text::new("登录链接不完整或已损坏", "the sign-in link is incomplete or damaged")
                );
            }
        }
        assert!(code("a-b_c.d~e%2F+/=").is_ok());
        for bad in ["a-b", "a_b", "a%20", "a=b"] {
            assert!(state(Some(bad)).is_err(), "{bad}");
        }
        assert!(binding(None).is_ok());
    }
}

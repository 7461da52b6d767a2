//! Addresses on the command line: what is nearly right is refused with what to write.

use std::net::{IpAddr, SocketAddr};

use organisation_address::AddressAdvice;

/// The address of a page; whether it is one is for the component to say.
pub fn page(text: &str) -> Result<String, String> {
    AddressAdvice::of_web_address(text).map_or_else(|| Ok(text.to_owned()), |advice| Err(advice.to_string()))
}

/// A path on the app's site; whether it is one is for the component to say.
pub fn path(text: &str) -> Result<String, String> {
    AddressAdvice::of_path(text).map_or_else(|| Ok(text.to_owned()), |advice| Err(advice.to_string()))
}

/// Where to listen: an address of this machine and a port.
pub fn listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let plain = match AddressAdvice::of_path(text) {
        Some(AddressAdvice::Encoded(plain)) => plain,
        _ => text.to_owned(),
    };
    let rest = plain.split_once("://").map_or(&*plain, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = rest.rsplit_once(':').unwrap_or(("", rest));
    let instead = match (host, port.parse::<u16>()) {
        _ if rest.parse::<SocketAddr>().is_ok() => rest.to_owned(),
        ("localhost", Ok(port)) => format!("127.0.0.1:{port}"),
        ("*", Ok(port)) => format!("0.0.0.0:{port}"),
        ("", Ok(port)) => {
            format!("127.0.0.1:{port} (本机 this machine) / 0.0.0.0:{port} (所有地址 every address of it)")
        }
        _ => match rest.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(ip) => format!("{}", SocketAddr::new(ip, 7070)),
            Err(_) => "IP:PORT, 如 such as 127.0.0.1:7070".to_owned(),
        },
    };
    Err(format!("请写 write {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_listen_is_shown_as_it_is_to_be_written() {
        for text in ["127.0.0.1:7070", "0.0.0.0:0", "[::1]:7070"] {
            assert_eq!(listen(text).unwrap().to_string(), text);
        }
        for (text, words) in [
            ("http://127.0.0.1:7070/", "write 127.0.0.1:7070"),
            ("localhost:7071", "write 127.0.0.1:7071"),
            ("http://localhost:7071", "write 127.0.0.1:7071"),
            (":7071", "write 127.0.0.1:7071 (本机 this machine) / 0.0.0.0:7071"),
            ("7071", "write 127.0.0.1:7071 (本机 this machine)"),
            ("*:7071", "write 0.0.0.0:7071"),
            ("10.0.0.7", "write 10.0.0.7:7070"),
            ("::1", "write [::1]:7070"),
            ("[::1]", "write [::1]:7070"),
            ("127.0.0.1%3A7070", "write 127.0.0.1:7070"),
            ("app.example.com:7070", "such as 127.0.0.1:7070"),
            ("127.0.0.1:70700", "such as 127.0.0.1:7070"),
            ("", "such as 127.0.0.1:7070"),
        ] {
            let message = listen(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}

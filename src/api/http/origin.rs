//! Where a request came from: the client's address, as far as it can be trusted, and the request id.

use super::problem::Problem;
use crate::office::Origin;
use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};

/// `edge` stores it in the request; handlers extract it.
impl FromRequest for Origin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(of(request)))
    }
}

/// The origin that [`edge`](super::edge) stored.
pub(in crate::api) fn of(request: &HttpRequest) -> Origin {
    request.extensions().get::<Origin>().cloned().unwrap_or_default()
}

/// The client's address: the peer's, or the one that the trusted proxies in front of the service report.
///
/// Each proxy appends the address it was called from, as a further entry or as a header line of its own. So the entries
/// of all lines are read from the end. The first one that is not a trusted proxy is the client; the entries before it
/// are only claims of the client. An invalid entry proves nothing: then the peer counts.
pub(in crate::api) fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == *address);
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let lines: Vec<&[u8]> = headers.get_all("x-forwarded-for").map(|line| line.as_bytes()).collect();
    let mut farthest = peer;
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        match address(entry) {
            Some(found) if is_trusted(&found) => farthest = found,
            Some(found) => return Some(found),
            None => return Some(peer),
        }
    }
    Some(farthest)
}

/// Parses an address, with or without brackets and port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    Some(bare.parse::<IpAddr>().ok().or_else(with_port)?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    /// The address found for a peer and header lines, with 10.0.0.1 and 10.0.0.2 trusted.
    fn found(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        let trusted = [[10, 0, 0, 1].into(), "::ffff:10.0.0.2".parse().unwrap()];
        client_address(peer.parse().ok(), &headers, &trusted).map_or_else(String::new, |address| address.to_string())
    }

    #[test]
    fn the_last_entry_of_the_last_line_counts_when_a_trusted_proxy_wrote_it() {
        assert_eq!(found("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["6.6.6.6, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["6.6.6.6", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(found("::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7", "the peer written as IPv6");
        assert_eq!(found("203.0.113.9", &["6.6.6.6"]), "203.0.113.9", "not behind our proxy");
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_walked_back() {
        assert_eq!(found("10.0.0.1", &["6.6.6.6, 203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["6.6.6.6, 203.0.113.7", "10.0.0.2"]), "203.0.113.7");
        assert_eq!(found("10.0.0.1", &["::ffff:10.0.0.2, 10.0.0.1"]), "10.0.0.2", "the proxy's own request");
    }

    #[test]
    fn an_entry_that_is_no_address_proves_nothing() {
        for line in ["unknown", "203.0.113.7,", "", "203.0.113.7, x", "203.0.113.7;1", "203.0.113.256", "[::1"] {
            assert_eq!(found("10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
        assert_eq!(found("10.0.0.1", &["203.0.113.7", "junk", "10.0.0.2"]), "10.0.0.1");
    }

    #[test]
    fn one_address_is_one_however_it_is_written() {
        for line in ["::ffff:203.0.113.7", "203.0.113.7:4711", "[::ffff:203.0.113.7]:4711", " 203.0.113.7 "] {
            assert_eq!(found("10.0.0.1", &[line]), "203.0.113.7", "{line}");
        }
        assert_eq!(found("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(found("10.0.0.1", &["2001:DB8:0::1"]), "2001:db8::1");
    }
}

//! Responses that stay the same while the program runs. They are built and compressed once; their ETag is a content
//! hash.

use std::io::{Read, Write};

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// A body, plain and compressed, with its tag.
#[derive(Debug)]
pub(in crate::api) struct Fixed {
    kind: String,
    plain: Bytes,
    gzip: Bytes,
    tag: String,
}

impl Fixed {
    /// A response with this body, which is compressed here.
    ///
    /// # Errors
    /// [`std::io::Error`] if the compression fails.
    pub(in crate::api) fn new(kind: impl Into<String>, plain: Vec<u8>) -> std::io::Result<Self> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&plain)?;
        let tag = hex::encode(digest(&SHA256, &plain).as_ref()).chars().take(32).collect();
        Ok(Self { kind: kind.into(), plain: plain.into(), gzip: encoder.finish()?.into(), tag })
    }

    /// A response with a body that is already compressed.
    ///
    /// # Errors
    /// [`std::io::Error`] if `gzip` is not valid gzip.
    pub(in crate::api) fn of_gzip(kind: impl Into<String>, gzip: &[u8]) -> std::io::Result<Self> {
        let mut plain = Vec::new();
        GzDecoder::new(gzip).read_to_end(&mut plain)?;
        Self::new(kind, plain)
    }

    /// Answers the request, with 304 if the client has this version. The response always names its encoding, so that
    /// the compression middleware does not compress it again.
    pub(in crate::api) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (encoding, body) = if takes_gzip(request) { ("gzip", &self.gzip) } else { ("identity", &self.plain) };
        // One tag per encoding: the bytes differ.
        let tag = format!("\"{}-{encoding}\"", self.tag);
        let is_known = values(request, header::IF_NONE_MATCH).any(|known| known.trim_start_matches("W/") == tag);
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::VARY, "accept-encoding"))
            .insert_header((header::CONTENT_ENCODING, encoding));
        if is_known {
            return response.finish();
        }
        response.content_type(self.kind.as_str()).body(body.clone())
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    values(request, header::ACCEPT_ENCODING).any(|value| {
        let (coding, weight) = value.split_once(';').unwrap_or((value, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        coding.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// The comma-separated values of all headers with this name.
fn values(request: &HttpRequest, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = request.headers().get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use actix_web::test::TestRequest;

    fn bytes(response: HttpResponse) -> Bytes {
        response.into_body().try_into_bytes().ok().unwrap()
    }

    #[test]
    fn a_fixed_answer_is_made_once_and_every_request_gets_the_same_bytes() {
        let fixed = Fixed::new("text/plain", "x".repeat(10_000).into_bytes()).unwrap();
        let plain = || bytes(fixed.answer(&TestRequest::default().to_http_request()));
        assert_eq!((plain().len(), plain().as_ptr()), (10_000, fixed.plain.as_ptr()));
        let gzip = TestRequest::default().insert_header(("accept-encoding", "br, GZIP;q=0.8")).to_http_request();
        let packed = bytes(fixed.answer(&gzip));
        assert_eq!((packed.len() < 200, packed.as_ptr()), (true, fixed.gzip.as_ptr()));
        let again = Fixed::of_gzip("text/plain", &packed).unwrap();
        assert_eq!((&again.plain, &again.tag), (&fixed.plain, &fixed.tag));
        let refused = TestRequest::default().insert_header(("accept-encoding", "gzip;q=0")).to_http_request();
        assert_eq!(fixed.answer(&refused).headers().get("content-encoding").unwrap(), "identity");
    }

    #[test]
    fn who_has_the_answer_gets_304_without_a_body() {
        let fixed = Fixed::new("text/plain", b"x".to_vec()).unwrap();
        let tag = fixed.answer(&TestRequest::default().to_http_request()).headers().get("etag").unwrap().clone();
        for (known, status) in [(tag.to_str().unwrap(), 304), ("W/\"a\", \"b\"", 200), ("\"x\"", 200)] {
            let request = TestRequest::default().insert_header(("if-none-match", known)).to_http_request();
            assert_eq!(fixed.answer(&request).status(), status, "{known}");
        }
        let list = format!("\"a\", W/{}", tag.to_str().unwrap());
        let request = TestRequest::default().insert_header(("if-none-match", list)).to_http_request();
        let response = fixed.answer(&request);
        assert_eq!((response.status().as_u16(), response.headers().get("etag")), (304, Some(&tag)));
        assert!(bytes(response).is_empty());
    }
}

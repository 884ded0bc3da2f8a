//! Clients that are slow: theirs is the fault, and they are told so.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gongkai::case::Role;
use gongkai::office::Clock;

use crate::support::TestDatabase;
use crate::support::service::Service;

/// Sends a head that promises more than follows, and reads the answer to its end.
fn unfinished(service: &Service, path: &str, headers: &str) -> String {
    let host = service.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n");
    stream.write_all(format!("{head}{headers}\r\n{{\"code\":").as_bytes()).unwrap();
    let mut answer = Vec::new();
    // The server closes the connection: it cannot tell where the next request would begin.
    let mut part = [0_u8; 4096];
    while let Ok(read) = stream.read(&mut part) {
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_body_that_does_not_arrive_in_time_is_a_408_and_not_a_fault_of_the_service() {
    let database = TestDatabase::sqlite();
    let service = Service::start_with(&database, Clock::system(), |settings| settings.server.request_deadline_ms = 400);
    let organ = service.organ("a", None);
    let admin = service.user_token("guan", organ, &[Role::Admin]);
    let signed_in = format!("Authorization: Bearer {admin}\r\nIdempotency-Key: k\r\n");
    for (path, headers) in [("/api/v1/auth/token", ""), ("/api/v1/organs", signed_in.as_str())] {
        let began = Instant::now();
        let answer = unfinished(&service, path, headers);
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        for part in ["application/problem+json", "\"code\":\"request_timeout\"", "\"status\":408"] {
            assert!(answer.contains(part), "{path}: {part} in {answer}");
        }
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(5), "closed at once: {:?}", began.elapsed());
    }
    let metrics = service.send("GET", "/metrics", &[], None).text;
    assert!(metrics.contains("status=\"408\""), "{metrics}");
    assert!(!metrics.contains("status=\"503\""), "{metrics}");
}

//! Attempts against local receivers, most of them hostile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::receivers::{RealClock, Received, Receiver, TestNames, allowed, client, message, secret, short};
use hexdesk_domain::AttemptError::{Connect, Dns, RefusedAddress, Timeout, Tls};
use hexdesk_domain::AttemptResult::{self, Error, Status};
use hexdesk_webhooks::{ClientLimits, TrustedRoots, WebhookClient};
use hyper::header::{HeaderMap, HeaderName};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

const OK: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn a_message_arrives_signed_and_the_connection_is_used_again() {
    let (sender, mut received) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let sender = sender.clone();
        async move {
            while let Some(request) = Received::read(&mut stream).await {
                sender.send(request).unwrap();
                stream.write_all(OK).await.unwrap();
            }
        }
    })
    .await;
    let client = client(ClientLimits::default());
    for _ in 0..3 {
        let outcome = client.attempt(&receiver.url(), &message()).await;
        assert_eq!((outcome.attempt.result, outcome.retry_after_millis), (Status(204), None));
        let request = received.recv().await.unwrap();
        assert!(request.head.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("host"), receiver.address.to_string());
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.header("webhook-id"), "msg_5_12_1");
        let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
        let headers: HeaderMap = names
            .map(|name| (HeaderName::from_static(name), request.header(name).parse().unwrap()))
            .into_iter()
            .collect();
        let standard = standardwebhooks::Webhook::new(&secret().text()).unwrap();
        standard.verify(&request.body, &headers).unwrap();
    }
    assert_eq!(receiver.connections(), 1);
}

/// Returns the result of an attempt at a receiver that reads the request and answers like this.
async fn answered<F, S>(limits: ClientLimits, answer: F) -> (AttemptResult, Option<i64>)
where
    F: Fn(TcpStream) -> S + Clone + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let receiver = Receiver::start(move |mut stream| {
        let answer = answer.clone();
        async move {
            Received::read(&mut stream).await.unwrap();
            answer(stream).await;
        }
    })
    .await;
    let outcome = client(limits).attempt(&receiver.url(), &message()).await;
    (outcome.attempt.result, outcome.retry_after_millis)
}

#[tokio::test]
async fn an_answer_is_a_status_or_an_error() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", (Status(200), None)),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", (Status(200), None)),
        (
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n",
            (Status(202), None),
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/\r\ncontent-length: 0\r\n\r\n",
            (Status(302), None),
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: /other\r\ncontent-length: 0\r\n\r\n",
            (Status(307), None),
        ),
        ("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", (Status(410), None)),
        ("HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", (Status(429), Some(7_000))),
        // A failure is a failure, even if its text breaks off.
        ("HTTP/1.1 500 Oh\r\ncontent-length: 100\r\n\r\nshort", (Status(500), None)),
        // Closed in the middle of the answer.
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", (Error(Connect), None)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n", (Error(Connect), None)),
        ("HTTP/1.1 200 OK\r\ncontent-le", (Error(Connect), None)),
        ("", (Error(Connect), None)),
        // Garbage.
        ("SSH-2.0-OpenSSH_9.9\r\n", (Error(Connect), None)),
        ("\0\u{1}\u{2}\u{3}\r\n\r\n", (Error(Connect), None)),
        ("HTTP/1.1 99999 OK\r\n\r\n", (Error(Connect), None)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", (Error(Connect), None)),
    ] {
        let got = answered(ClientLimits::default(), move |mut stream| async move {
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        assert_eq!(got, expected, "{answer:?}");
    }
}

/// Writes the head, and then the same bytes until the connection fails. Returns how many of them.
async fn write_forever(mut stream: TcpStream, head: &[u8], bytes: &[u8]) -> usize {
    stream.write_all(head).await.unwrap();
    let mut written = 0;
    while stream.write_all(bytes).await.is_ok() {
        written += bytes.len();
    }
    written
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let most = Arc::new(AtomicUsize::new(0));
    for (head, bytes, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", "x".repeat(4_096), Error(Connect)),
        ("HTTP/1.1 200 OK\r\n\r\n", "x".repeat(4_096), Error(Connect)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "4\r\nabcd\r\n".repeat(999),
            Error(Connect),
        ),
        ("HTTP/1.1 500 Oh\r\n\r\n", "x".repeat(4_096), Status(500)),
        // An endless head.
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n".repeat(999), Error(Connect)),
        ("HTTP/1.1 200 OK\r\nlong: ", "x".repeat(4_096), Error(Connect)),
    ] {
        let (bytes, seen) = (Arc::new(bytes), most.clone());
        let (result, _) = answered(ClientLimits::default(), move |stream| {
            let (bytes, seen) = (bytes.clone(), seen.clone());
            async move {
                seen.fetch_max(
                    write_forever(stream, head.as_bytes(), bytes.as_bytes()).await,
                    Ordering::SeqCst,
                );
            }
        })
        .await;
        assert_eq!(result, expected, "{head:?}");
    }
    // The buffers of two sockets, not the answer.
    assert!(most.load(Ordering::SeqCst) < 64 * 1024 * 1024, "{most:?}");
}

#[tokio::test]
async fn a_slow_answer_takes_no_longer_than_an_attempt() {
    let never = answered(short(), |stream| async move {
        let _open = stream;
        std::future::pending::<()>().await;
    });
    let drips = answered(short(), |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let hints = answered(short(), |mut stream| async move {
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let (never, drips, hints) = tokio::join!(never, drips, hints);
    assert_eq!([never.0, drips.0, hints.0], [Error(Timeout); 3]);
}

#[tokio::test]
async fn a_connection_that_the_receiver_closed_costs_no_attempt() {
    let receiver = Receiver::start(|mut stream| async move {
        Received::read(&mut stream).await.unwrap();
        // The answer announces no end of the connection. The next request meets it.
        stream.write_all(OK).await.unwrap();
        Received::read(&mut stream).await;
    })
    .await;
    let client = client(ClientLimits::default());
    for expected in 1..4 {
        let outcome = client.attempt(&receiver.url(), &message()).await;
        assert_eq!((outcome.attempt.result, receiver.connections()), (Status(204), expected));
    }
}

#[tokio::test]
async fn the_address_of_a_name_is_checked_at_the_connection() {
    let receiver = Receiver::start(|mut stream| async move {
        Received::read(&mut stream).await.unwrap();
        stream.write_all(OK).await.unwrap();
    })
    .await;
    let port = receiver.address.port();
    let names = || {
        TestNames(
            [
                ("inside.example", vec!["127.0.0.1"]),
                ("metadata.example", vec!["169.254.169.254", "fd00:ec2::254"]),
                ("mapped.example", vec!["::ffff:127.0.0.1"]),
                ("mixed.example", vec!["10.0.0.1", "127.0.0.1"]),
                ("nowhere.example", vec![]),
            ]
            .into(),
        )
    };
    let result = |entries: &'static [&'static str], host: &'static str| async move {
        let client = WebhookClient::new(
            allowed(entries),
            TrustedRoots::only(Vec::new()),
            Arc::new(names()),
            Arc::new(RealClock),
            ClientLimits::default(),
        );
        client.attempt(&format!("{host}:{port}/"), &message()).await.attempt.result
    };
    for host in [
        "https://inside.example",
        "https://metadata.example",
        "https://mapped.example",
        "https://mixed.example",
        // Literals, and a URL that was accepted under other rules.
        "https://127.0.0.1",
        "https://2130706433",
        "https://[::ffff:7f00:1]",
        "https://localhost",
        "http://inside.example",
    ] {
        assert_eq!(result(&[], host).await, Error(RefusedAddress), "{host}");
    }
    assert_eq!(receiver.connections(), 0, "a refused address got a connection");
    assert_eq!(result(&[], "https://unknown.example").await, Error(Dns));
    assert_eq!(result(&[], "https://nowhere.example").await, Error(Dns));
    // One address of several is allowed: no connection goes to the other.
    assert_eq!(result(&["mixed.example", "127.0.0.1"], "http://inside.example").await, Error(RefusedAddress));
    assert_eq!(result(&["inside.example"], "http://inside.example").await, Status(204));
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_closed_port_is_an_error_of_the_connection() {
    let address = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = client(ClientLimits::default()).attempt(&format!("http://{address}/"), &message()).await;
    assert_eq!(outcome.attempt.result, Error(Connect));
}

/// A receiver with a certificate for these names, which ended or not.
async fn tls_receiver(issuer: &Issuer<'static, KeyPair>, name: &str, has_ended: bool) -> Receiver {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if has_ended {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    }
    let certificate = params.signed_by(&key, issuer).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if Received::read(&mut stream).await.is_some() {
                stream.write_all(OK).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn certificates_are_verified() {
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.der().clone(), Issuer::new(params, key))
    };
    let (root, trusted) = authority("trusted");
    let (_, other) = authority("other");
    let result = |receiver: Receiver| {
        let roots = TrustedRoots::only(vec![root.clone()]);
        let names = TestNames([("receiver.example", vec!["127.0.0.1"])].into());
        let client = WebhookClient::new(
            allowed(&["127.0.0.1"]),
            roots,
            Arc::new(names),
            Arc::new(RealClock),
            ClientLimits::default(),
        );
        async move {
            let url = format!("https://receiver.example:{}/", receiver.address.port());
            client.attempt(&url, &message()).await.attempt.result
        }
    };
    assert_eq!(result(tls_receiver(&trusted, "receiver.example", false).await).await, Status(204));
    assert_eq!(result(tls_receiver(&other, "receiver.example", false).await).await, Error(Tls));
    assert_eq!(result(tls_receiver(&trusted, "other.example", false).await).await, Error(Tls));
    assert_eq!(result(tls_receiver(&trusted, "receiver.example", true).await).await, Error(Tls));
    let plain = Receiver::start(|mut stream| async move {
        let mut bytes = [0; 16];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    assert_eq!(result(plain).await, Error(Tls));
}

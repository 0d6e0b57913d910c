//! The settings of the console.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use clap::Args;
use hexdesk_domain::Network;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The settings of the console.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConsoleSettings {
    /// The addresses or networks of the proxies that speak TLS in front, separated by commas, such as
    /// 127.0.0.1,10.0.0.0/8. If one of them sends `X-Forwarded-Proto: https`, browsers keep the cookie
    /// of the console for TLS only.
    #[arg(
        long,
        env = "HEXDESK_TRUSTED_PROXY",
        value_name = "IP|CIDR",
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxy: Vec<Network>,
}

impl ConsoleSettings {
    /// Whether the browser has sent this request over TLS, as a trusted proxy says.
    pub(crate) fn is_over_tls(&self, request: &HttpRequest) -> bool {
        let says_tls = request.headers().get(X_FORWARDED_PROTO).is_some_and(|proto| proto == "https");
        says_tls && request.peer_addr().is_some_and(|peer| self.trusts(peer.ip().to_canonical()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxy.iter().any(|network| network.contains(address))
    }
}

fn network(text: &str) -> Result<Network, &'static str> {
    let address = text.parse().ok().map(Network::of);
    address.or_else(|| Network::parse(text)).ok_or("must be an address, or a network such as 10.0.0.0/8")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_tells_of_tls() {
        let trusted_proxy = ["127.0.0.1", "10.0.0.0/8", "::1"].map(|text| network(text).unwrap()).to_vec();
        let settings = ConsoleSettings { trusted_proxy };
        for (peer, proto, expected) in [
            ("127.0.0.1:5", "https", true),
            ("127.0.0.1:5", "http", false),
            ("127.0.0.2:5", "https", false),
            ("10.9.8.7:5", "https", true),
            ("[::1]:5", "https", true),
            ("[::ffff:10.9.8.7]:5", "https", true),
            ("[::2]:5", "https", false),
        ] {
            let request = TestRequest::get().peer_addr(peer.parse().unwrap());
            let request = request.insert_header((X_FORWARDED_PROTO, proto)).to_http_request();
            assert_eq!(settings.is_over_tls(&request), expected, "{peer} {proto}");
        }
        let request = TestRequest::get().insert_header((X_FORWARDED_PROTO, "https")).to_http_request();
        assert!(!settings.is_over_tls(&request));
        assert!(network("10.0.0.0/33").is_err() && network("proxy").is_err());
    }
}

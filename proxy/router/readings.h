#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy::router {

// Backends read paths in different ways: one merges slashes, one decodes "%2F" before it splits,
// one takes "\" for "/", one cuts ";parameters", one does not look at case, one decodes twice, one
// normalises Unicode. A guard must hold for all of them, so it is compared with generous readings:
// what a path may mean at most. Here a text is made of elements in lower case, with nothing
// escaped, and ends in "/" when the path does.

// The generous readings of a request path that normalize_path() has not refused, without
// repetitions; the first is the most generous one. There are more where it matters what a backend
// does: it removes dot segments or leaves them where they are, it takes "+" for a space or not, it
// takes or drops bytes that are no UTF-8, and what stands before a decoded "?", "#" or ";" may be
// all that it sees. Nothing when readings lead so far apart that no comparison tells: a ".." that
// shows only after decoding or cutting ("..%2F", "..;", "..%5C"), one beside "//", an escape or a
// parameter, an escaped slash inside of a parameter, or more than four layers of escapes.
std::optional<std::vector<std::string>> generous_readings(std::string_view path);

// What a rule's path is in such a text, to be compared with readings. A rule's own dot segments
// have been refused by config::validate().
std::string generous_rule(std::string_view path);
// The same for who takes "+" for a space.
std::string generous_rule_of_form(std::string_view path);

// Whether a request path has but one reading, which is the path itself: one pass, no memory.
bool has_one_reading(std::string_view path);

// Escapes decoded once and slashes merged: what nginx compares with a regular expression.
std::string decoded_once(std::string_view normalized_path);

}  // namespace proxy::router

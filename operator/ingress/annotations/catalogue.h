#pragma once

#include <span>
#include <string_view>

namespace ingress::annotations {

// What we do about a key below nginx.ingress.kubernetes.io/ or gatehouse.dev/.
enum class Treatment {
  honoured,  // a parser here reads it
  guards,    // not supported, and something would stand open without it: the Ingress is not served
  tunes,     // not supported, and the Ingress is sound without it: served, with a warning
};

// What the value of a key is, which says when it asks for nothing: then there is nothing to guard
// and nothing to report. An empty value never asks for anything.
enum class ValueKind {
  text,      // asks whatever it is
  on_off,    // "false", "off", "0"; also of what is else a word or a name, and may be switched off
  number,    // 0, with or without a unit
  admitted,  // addresses that are let in: everybody, when 0.0.0.0/0 and ::/0 are among them
  head,      // room for the head of a response: no more than each has anyway
};

struct CatalogueEntry {
  std::string_view key;  // without its prefix
  Treatment treatment = Treatment::tunes;
  std::string_view remedy;  // a sentence for the user; may be empty
  ValueKind value = ValueKind::text;
  std::string_view harmless{};  // a value that asks for what is done here anyway
};

bool asks_for_nothing(const CatalogueEntry& entry, std::string_view value);

// Every key that ingress-nginx documents is in the table. A key that nobody knows is judged by its
// name: one that smells of a guard ("auth", "allow", "limit", ...) closes the door, since a
// misspelt guard is a guard that somebody believes in.
CatalogueEntry look_up(std::string_view key);

// Whether a key of the table that is honoured keeps somebody out, or says what a path means: where
// it is another controller's, and not honoured, something would stand open without it.
bool keeps_somebody_out(const CatalogueEntry& honoured);

// The table, in order of key.
std::span<const CatalogueEntry> catalogue();

}  // namespace ingress::annotations

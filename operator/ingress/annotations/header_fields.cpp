#include "operator/ingress/annotations/header_fields.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "operator/ingress/annotations/class_defaults.h"
#include "operator/ingress/annotations/object_name.h"
#include "operator/ingress/annotations/values.h"
#include "operator/routing/field_map.h"
#include "proxy/config/field_name.h"
#include "proxy/config/limits.h"

namespace ingress::annotations {
namespace {

using proxy::config::FieldLine;

enum class Dollar { begins_variable, is_text };

// The lines of one annotation, and what is wrong with the first that is.
class Lines {
 public:
  explicit Lines(std::vector<FieldLine>& into, Dollar dollar = Dollar::begins_variable)
      : into_(into), dollar_(dollar) {}

  void add(std::string_view name, std::string_view value) {
    if (!proxy::config::is_field_name(name)) {
      leave_out(name, "is no field's name");
    } else if (!proxy::config::may_be_shaped(name)) {
      leave_out(name, "belongs to the connection, the message or the client, and is the proxy's");
    } else if (!is_value(value)) {
      leave_out(name, "has a value that is none of a header field in ASCII");
    } else if (dollar_ == Dollar::begins_variable && has_variable(value)) {
      leave_out(name, "has a \"$\" before a name, and there are no variables here");
    } else if (into_.size() == proxy::config::kFieldLinesMax ||
               bytes_ + name.size() + value.size() > routing::kFieldBytesMax) {
      leave_out(name, "is more than there may be (" +
                          std::to_string(proxy::config::kFieldLinesMax) + " fields, " +
                          std::to_string(routing::kFieldBytesMax) + " bytes)");
    } else {
      bytes_ += name.size() + value.size();
      into_.push_back({std::string(name), std::string(value)});
    }
  }
  void leave_out(std::string_view what, std::string_view why) {
    constexpr std::size_t kShownMax = 80;
    ++left_out_;
    if (!why_.empty()) return;
    why_.append("has the line \"").append(what.substr(0, kShownMax)).append("\", which ");
    why_.append(why).append(", and is left out");
  }
  void tell(const std::string& annotation, Issues& issues) const {
    if (why_.empty()) return;
    std::string why = why_;
    if (left_out_ > 1) why += "; so are " + std::to_string(left_out_ - 1) + " others";
    issues.push_back({Issue::Effect::tunes, annotation, std::move(why), ""});
  }

 private:
  static bool is_value(std::string_view value) {
    return value.size() <= proxy::config::kTextBytesMax &&
           std::all_of(value.begin(), value.end(),
                       [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
  }
  // nginx would put something else in its place.
  static bool has_variable(std::string_view value) {
    for (std::size_t i = 0; i + 1 < value.size(); ++i) {
      const char next = value[i + 1];
      if (value[i] == '$' && ((next >= 'a' && next <= 'z') || next == '{' || next == '_')) {
        return true;
      }
    }
    return false;
  }

  std::vector<FieldLine>& into_;
  const Dollar dollar_;
  std::size_t bytes_ = 0;
  std::size_t left_out_ = 0;
  std::string why_;
};

template <class Visit>
void for_each_part(std::string_view text, std::string_view separators, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    const std::string_view part = trimmed(text.substr(0, end));
    if (!part.empty()) visit(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool names(const std::vector<FieldLine>& lines, std::string_view name) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const FieldLine& line) { return is_same_word(line.name, name); });
}

// Beside `before`, which come first.
void add_lines(const std::optional<Found>& found, const std::vector<FieldLine>& before,
               std::vector<FieldLine>& into, Issues& issues) {
  if (!found) return;
  Lines lines(into);
  for_each_part(found->value, "\n", [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      lines.leave_out(line, "is no \"Name: value\"");
    } else if (!names(before, line.substr(0, colon))) {
      // A blank before the colon is no part of a name (RFC 9112 §5.1), and makes it none.
      lines.add(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
  });
  lines.tell(found->name, issues);
}

void add_hidden(const std::optional<Found>& found, std::vector<FieldLine>& into, Issues& issues) {
  if (!found) return;
  Lines lines(into);
  for_each_part(found->value, ",\n", [&](std::string_view name) {
    // One that is set stands in place of the backend's anyway.
    if (!names(into, name)) lines.add(name, "");
  });
  lines.tell(found->name, issues);
}

}  // namespace

void read_header_fields(const AnnotationMap& annotations, proxy::config::Shape& shape,
                        Issues& issues) {
  add_lines(find_said(annotations, "request-headers"), {}, shape.request_fields, issues);
  add_lines(find_said(annotations, "response-headers"), {}, shape.response_fields, issues);
  add_hidden(find_said(annotations, "hidden-headers"), shape.response_fields, issues);
}

void add_fields_of_class(const AnnotationMap& annotations, proxy::config::Shape& shape,
                         Issues& issues) {
  const auto add = [&](std::string_view key, std::vector<FieldLine>& into) {
    const std::vector<FieldLine> before = into;
    add_lines(find_of_class(annotations, key), before, into, issues);
  };
  add("request-headers", shape.request_fields);
  add("response-headers", shape.response_fields);
  add_hidden(find_of_class(annotations, "hidden-headers"), shape.response_fields, issues);
}

std::optional<NamedFields> read_custom_headers(const kube::Ingress& ingress, Issues& issues) {
  const auto found = find(ingress.metadata.annotations, "custom-headers");
  if (!found) return std::nullopt;
  auto key =
      read_object_name(*found, "ConfigMap", ingress.metadata.namespace_,
                       "what it holds is not this Ingress's to tell", Issue::Effect::tunes, issues);
  if (!key) return std::nullopt;
  return NamedFields{std::move(*key), found->name};
}

void add_custom_headers(const NamedFields& custom, const std::map<std::string, std::string>& fields,
                        proxy::config::Shape& shape, Issues& issues) {
  const std::vector<FieldLine> before = shape.response_fields;
  Lines lines(shape.response_fields, Dollar::is_text);
  for (const auto& [name, text] : fields) {
    const std::string_view value = trimmed(text);
    if (names(before, name)) continue;
    if (value.empty()) {
      lines.leave_out(name, "has no value");
    } else {
      lines.add(name, value);
    }
  }
  lines.tell(custom.annotation, issues);
}

}  // namespace ingress::annotations

#include <cctype>
#include <charconv>
#include <set>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "tests/fakes/api_server/cel_tree.h"

namespace fakes::api_server::cel {
namespace {

struct Token {
  enum class Kind { end, name, integer, number, string, sign };
  Kind kind = Kind::end;
  std::string text;
  std::size_t at = 0;
};

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void unreadable(const std::string& why, std::size_t at) {
  throw Unreadable(why + " at character " + std::to_string(at + 1));
}

class Lexer {
 public:
  explicit Lexer(const std::string& text) : text_(text) {}

  Token next() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    const std::size_t begin = at_;
    if (at_ == text_.size()) return {Token::Kind::end, "", begin};
    const char c = text_[at_];
    const bool is_raw = (c == 'r' || c == 'R') && at_ + 1 < text_.size() &&
                        (text_[at_ + 1] == '\'' || text_[at_ + 1] == '"');
    if (is_raw) {
      ++at_;
      return string(true);
    }
    if (c == '\'' || c == '"') return string(false);
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) return number();
    if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_') {
      while (at_ < text_.size() &&
             (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) {
        ++at_;
      }
      return {Token::Kind::name, text_.substr(begin, at_ - begin), begin};
    }
    for (const char* sign : {"==", "!=", "<=", ">=", "&&", "||"}) {
      if (text_.compare(at_, 2, sign) == 0) {
        at_ += 2;
        return {Token::Kind::sign, sign, begin};
      }
    }
    if (std::string_view("<>!?:()[]{}.,+-*/%").find(c) == std::string_view::npos) {
      unreadable(std::string("unexpected '") + c + "'", begin);
    }
    ++at_;
    return {Token::Kind::sign, std::string(1, c), begin};
  }

 private:
  Token string(bool is_raw) {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    std::string value;
    for (;; ++at_) {
      if (at_ >= text_.size()) unreadable("unterminated string", begin);
      const char c = text_[at_];
      if (c == quote) break;
      if (c != '\\' || is_raw) {
        value += c;
        continue;
      }
      if (++at_ >= text_.size()) unreadable("unterminated string", begin);
      switch (text_[at_]) {
        case 'n':
          value += '\n';
          break;
        case 't':
          value += '\t';
          break;
        case 'r':
          value += '\r';
          break;
        case '\\':
        case '\'':
        case '"':
        case '`':
        case '?':
          value += text_[at_];
          break;
        default:
          unreadable("unknown escape in a string", at_);
      }
    }
    ++at_;
    return {Token::Kind::string, value, begin};
  }

  Token number() {
    const std::size_t begin = at_;
    bool is_whole = true;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool starts_fraction = c == '.' && at_ + 1 < text_.size() &&
                                   std::isdigit(static_cast<unsigned char>(text_[at_ + 1])) != 0;
      if (starts_fraction || c == 'e' || c == 'E') is_whole = false;
      if (std::isdigit(static_cast<unsigned char>(c)) == 0 && !starts_fraction && c != 'e' &&
          c != 'E') {
        break;
      }
      ++at_;
    }
    return {is_whole ? Token::Kind::integer : Token::Kind::number, text_.substr(begin, at_ - begin),
            begin};
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

const std::set<std::string> macros = {"all", "exists", "exists_one", "map", "filter"};
const std::set<std::string> methods = {"startsWith", "endsWith", "contains", "matches", "size"};
const std::set<std::string> functions = {"size", "duration", "timestamp", "string", "int"};

// Recursive descent; one function per precedence, as in the grammar of cel-spec.
class Parser {
 public:
  explicit Parser(const std::string& text) : lexer_(text) { advance(); }

  NodePtr whole() {
    NodePtr node = conditional();
    if (token_.kind != Token::Kind::end) unreadable("unexpected '" + token_.text + "'", token_.at);
    return node;
  }

 private:
  void advance() { token_ = lexer_.next(); }
  bool is(std::string_view sign) const {
    return token_.kind == Token::Kind::sign && token_.text == sign;
  }
  bool accept(std::string_view sign) {
    if (!is(sign)) return false;
    advance();
    return true;
  }
  void expect(std::string_view sign) {
    if (!accept(sign)) {
      unreadable("expected '" + std::string(sign) + "' and not '" + token_.text + "'", token_.at);
    }
  }
  std::string expect_name() {
    if (token_.kind != Token::Kind::name) unreadable("expected a name", token_.at);
    std::string name = token_.text;
    advance();
    return name;
  }

  static NodePtr node(Node::Kind kind, std::string name, std::vector<NodePtr> children) {
    auto made = std::make_shared<Node>();
    made->kind = kind;
    made->name = std::move(name);
    made->children = std::move(children);
    return made;
  }
  static NodePtr literal(Json value) {
    auto made = std::make_shared<Node>();
    made->value = std::make_shared<const Json>(std::move(value));
    return made;
  }

  NodePtr conditional() {
    if (++depth_ > 100) unreadable("too deep", token_.at);
    NodePtr condition = binary(0);
    if (accept("?")) {
      NodePtr yes = binary(0);
      expect(":");
      NodePtr no = conditional();
      condition = node(Node::Kind::conditional, "?:", {condition, yes, no});
    }
    --depth_;
    return condition;
  }

  bool at_operator(std::size_t level) const {
    static const std::vector<std::set<std::string>> levels = {
        {"||"}, {"&&"}, {"==", "!=", "<", "<=", ">", ">=", "in"}, {"+", "-"}, {"*", "/", "%"}};
    const bool can_be = token_.kind == Token::Kind::sign ||
                        (token_.kind == Token::Kind::name && token_.text == "in");
    return can_be && levels[level].count(token_.text) != 0;
  }

  NodePtr binary(std::size_t level) {
    if (level == 5) return unary();
    NodePtr left = binary(level + 1);
    while (at_operator(level)) {
      std::string sign = token_.text;
      advance();
      left = node(Node::Kind::binary, std::move(sign), {left, binary(level + 1)});
    }
    return left;
  }

  NodePtr unary() {
    if (++depth_ > 100) unreadable("too deep", token_.at);
    NodePtr made;
    if (accept("!")) {
      made = node(Node::Kind::unary, "!", {unary()});
    } else if (accept("-")) {
      made = node(Node::Kind::unary, "-", {unary()});
    } else {
      made = member(primary());
    }
    --depth_;
    return made;
  }

  NodePtr member(NodePtr from) {
    for (;;) {
      if (accept("[")) {
        NodePtr index = conditional();
        expect("]");
        from = node(Node::Kind::index, "", {from, index});
      } else if (accept(".")) {
        const std::size_t at = token_.at;
        std::string name = expect_name();
        if (!accept("(")) {
          from = node(Node::Kind::select, std::move(name), {from});
        } else if (macros.count(name) != 0) {
          from = macro(from, name);
        } else if (methods.count(name) != 0) {
          std::vector<NodePtr> children = arguments();
          children.insert(children.begin(), from);
          if (children.size() != (name == "size" ? 1 : 2)) {
            unreadable("wrong number of arguments for " + name + "()", at);
          }
          from = node(Node::Kind::method, std::move(name), std::move(children));
        } else {
          unreadable("method " + name + "() is beyond this evaluator", at);
        }
      } else {
        return from;
      }
    }
  }

  NodePtr macro(NodePtr from, const std::string& name) {
    auto made = std::make_shared<Node>();
    made->kind = Node::Kind::macro;
    made->name = name;
    made->variable = expect_name();
    expect(",");
    NodePtr body = conditional();
    expect(")");
    made->children = {std::move(from), std::move(body)};
    return made;
  }

  std::vector<NodePtr> arguments() {
    std::vector<NodePtr> found;
    if (accept(")")) return found;
    do {
      found.push_back(conditional());
    } while (accept(","));
    expect(")");
    return found;
  }

  NodePtr primary() {
    const Token token = token_;
    if (accept("(")) {
      NodePtr inside = conditional();
      expect(")");
      return inside;
    }
    if (accept("[")) return list();
    if (accept("{")) return map();
    advance();
    switch (token.kind) {
      case Token::Kind::string:
        return literal(token.text);
      case Token::Kind::integer: {
        std::int64_t value = 0;
        const auto read =
            std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
        if (read.ec != std::errc()) unreadable("integer out of range", token.at);
        return literal(value);
      }
      case Token::Kind::number:
        return literal(std::stod(token.text));
      case Token::Kind::name:
        return named(token);
      default:
        unreadable("unexpected '" + token.text + "'", token.at);
    }
  }

  NodePtr named(const Token& token) {
    if (token.text == "true" || token.text == "false") return literal(token.text == "true");
    if (token.text == "null") return literal(nullptr);
    if (token.text == "in") unreadable("unexpected 'in'", token.at);
    if (!accept("(")) return node(Node::Kind::variable, token.text, {});
    std::vector<NodePtr> children = arguments();
    if (token.text == "has") {
      if (children.size() != 1 || children[0]->kind != Node::Kind::select) {
        unreadable("has() wants a field selection", token.at);
      }
      return node(Node::Kind::test, children[0]->name, children[0]->children);
    }
    if (functions.count(token.text) == 0) {
      unreadable("function " + token.text + "() is beyond this evaluator", token.at);
    }
    if (children.size() != 1) {
      unreadable("wrong number of arguments for " + token.text + "()", token.at);
    }
    return node(Node::Kind::call, token.text, std::move(children));
  }

  NodePtr list() {
    std::vector<NodePtr> items;
    while (!accept("]")) {
      items.push_back(conditional());
      if (!is("]")) expect(",");
    }
    return node(Node::Kind::list, "", std::move(items));
  }

  NodePtr map() {
    std::vector<NodePtr> items;
    while (!accept("}")) {
      items.push_back(conditional());
      expect(":");
      items.push_back(conditional());
      if (!is("}")) expect(",");
    }
    return node(Node::Kind::map, "", std::move(items));
  }

  Lexer lexer_;
  Token token_;
  int depth_ = 0;
};

}  // namespace

tl::expected<NodePtr, std::string> parsed(const std::string& text) {
  try {
    return Parser(text).whole();
  } catch (const Unreadable& e) {
    return tl::unexpected<std::string>(e.what());
  }
}

}  // namespace fakes::api_server::cel

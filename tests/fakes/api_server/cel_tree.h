#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/fakes/api_server/cel.h"

namespace fakes::api_server::cel {

// A read expression. Private to cel_*.cpp.
struct Rule::Node {
  enum class Kind {
    literal,      // value
    variable,     // name
    select,       // children[0].name
    test,         // has(children[0].name)
    index,        // children[0][children[1]]
    list,         // children
    map,          // children: key, value, key, value
    unary,        // name: ! -
    binary,       // name: the operator
    conditional,  // children: condition, then, else
    call,         // name(children)
    method,       // children[0].name(children[1..])
    macro,        // children[0].name(variable, children[1])
  };
  Kind kind = Kind::literal;
  std::string name;
  std::string variable;
  Object value;
  std::vector<std::shared_ptr<const Node>> children;
};

using Node = Rule::Node;
using NodePtr = std::shared_ptr<const Node>;

tl::expected<NodePtr, std::string> parsed(const std::string& text);

}  // namespace fakes::api_server::cel

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

// What benches have in common that measure by the size of a cluster: their command lines, how a
// row grows, and its line in a table.
namespace bench {

struct Arguments {
  std::vector<int> sizes;  // as given; none: the bench has its own
  std::string json_file;   // --json FILE; empty: none
};
// A flag that the bench itself has; next() takes the argument behind it. False: it has none such.
using TakeFlag =
    std::function<bool(const std::string& flag, const std::function<std::string()>& next)>;
// Whatever no flag takes is a size, least_size at least.
Arguments read_arguments(int argc, char** argv, int least_size, const TakeFlag& take_flag);

// Of a line through the logarithms of sizes and numbers, by least squares: 0 is flat, 1 linear. A
// number below `least` counts as that; nothing where one has no logarithm, or all sizes are one.
std::optional<double> exponent(const std::vector<std::pair<double, double>>& points,
                               double least = 0);

using Numbers = std::map<int, double>;  // by size
std::vector<std::pair<double, double>> points_of(const Numbers& numbers);
nlohmann::json json_of(const Numbers& numbers);

// The lines of a table, without their ends.
struct Columns {
  std::size_t name_width;
  std::size_t number_width;
};
std::string head(Columns columns, const std::vector<int>& sizes);
std::string line(Columns columns, std::string name, const std::vector<int>& sizes,
                 const Numbers& numbers, const std::optional<double>& grown);

// False: it cannot be written. Nothing is written into no file.
bool write_json(const nlohmann::json& document, const std::string& file);

}  // namespace bench

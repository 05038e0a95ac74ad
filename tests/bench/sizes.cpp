#include "tests/bench/sizes.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

namespace bench {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::string tenths(double number) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(1);
  text << number;
  return text.str();
}

}  // namespace

Arguments read_arguments(int argc, char** argv, int least_size, const TakeFlag& take_flag) {
  Arguments arguments;
  int i = 1;
  const auto next = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
  for (; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--json") {
      arguments.json_file = next();
    } else if (!take_flag(argument, next)) {
      arguments.sizes.push_back(std::max(std::atoi(argument.c_str()), least_size));
    }
  }
  return arguments;
}

std::optional<double> exponent(const std::vector<std::pair<double, double>>& points, double least) {
  double x_sum = 0, y_sum = 0, xx_sum = 0, xy_sum = 0;
  for (const auto& [size, number] : points) {
    const double value = std::max(number, least);
    if (value <= 0) return std::nullopt;
    const double x = std::log(size);
    const double y = std::log(value);
    x_sum += x;
    y_sum += y;
    xx_sum += x * x;
    xy_sum += x * y;
  }
  const auto count = static_cast<double>(points.size());
  const double spread = count * xx_sum - x_sum * x_sum;
  if (spread == 0) return std::nullopt;
  return (count * xy_sum - x_sum * y_sum) / spread;
}

std::vector<std::pair<double, double>> points_of(const Numbers& numbers) {
  return {numbers.begin(), numbers.end()};
}

nlohmann::json json_of(const Numbers& numbers) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& [size, number] : numbers) object[std::to_string(size)] = number;
  return object;
}

std::string head(Columns columns, const std::vector<int>& sizes) {
  std::string text(columns.name_width, ' ');
  for (const int size : sizes) text += padded(std::to_string(size), columns.number_width);
  return text + padded("exponent", columns.number_width);
}

std::string line(Columns columns, std::string name, const std::vector<int>& sizes,
                 const Numbers& numbers, const std::optional<double>& grown) {
  name.resize(columns.name_width, ' ');
  for (const int size : sizes) {
    const auto found = numbers.find(size);
    name += padded(found == numbers.end() ? "" : tenths(found->second), columns.number_width);
  }
  return name + padded(grown ? tenths(*grown) : "", columns.number_width);
}

bool write_json(const nlohmann::json& document, const std::string& file) {
  if (file.empty()) return true;
  std::ofstream out(file);
  out << document.dump(2) << "\n";
  return static_cast<bool>(out);
}

}  // namespace bench

#include "base/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>

namespace base {
namespace {

using std::chrono::microseconds;
using std::chrono::sys_days;

struct ClockText {
  int year;
  unsigned month, day;
  long hour, minute, second, micros;
};

ClockText split(WallTime time) {
  const auto since_epoch = std::chrono::floor<microseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(since_epoch);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{since_epoch - day};
  return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()), clock.hours().count(),
          clock.minutes().count(),           clock.seconds().count(),
          clock.subseconds().count()};
}

// A cursor over text that is consumed from the left; false means "not there".
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  bool literal(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  bool either(char a, char b) {
    if (text_.empty() || (text_[0] != a && text_[0] != b)) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly this many digits.
  bool digits(std::size_t count, int& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(text_[i])) return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  // One or more digits after a decimal point, as microseconds; the rest is cut off.
  bool fraction(long& micros) {
    if (text_.empty() || !is_digit(text_[0])) return false;
    long unit = 100'000;
    micros = 0;
    while (!text_.empty() && is_digit(text_[0])) {
      micros += (text_[0] - '0') * unit;
      unit /= 10;
      text_.remove_prefix(1);
    }
    return true;
  }
  std::string_view rest() const { return text_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view text_;
};

constexpr std::chrono::seconds seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
}

std::optional<WallTime> make_time(int year, unsigned month, int day, int hour, int minute,
                                  int second) {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const std::chrono::seconds since_epoch = sys_days{date}.time_since_epoch() +
                                           std::chrono::hours{hour} + std::chrono::minutes{minute} +
                                           std::chrono::seconds{second};
  return WallTime(std::clamp(since_epoch, seconds_of(kEarliestTime), seconds_of(kLatestTime)));
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<unsigned> take_month(Reader& reader) {
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (reader.literal(kMonths[i])) return i + 1;
  }
  return std::nullopt;
}

// IMF-fixdate, the one form that servers may send: "Sun, 06 Nov 1994 08:49:37 GMT"
// (RFC 9110 §5.6.7). The two obsolete forms are not read.
std::optional<WallTime> parse_http_date(std::string_view text) {
  const std::size_t comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  Reader reader(text.substr(comma + 2));
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!reader.digits(2, day) || !reader.literal(" ")) return std::nullopt;
  const auto month = take_month(reader);
  if (!month || !reader.literal(" ") || !reader.digits(4, year) || !reader.literal(" ") ||
      !reader.digits(2, hour) || !reader.literal(":") || !reader.digits(2, minute) ||
      !reader.literal(":") || !reader.digits(2, second) || !reader.literal(" GMT") ||
      !reader.at_end()) {
    return std::nullopt;
  }
  return make_time(year, *month, day, hour, minute, second);
}

// Nanoseconds of a unit of Go's time.ParseDuration.
struct GoUnit {
  std::string_view name;
  double nanoseconds;
};
// "ms" before "m": the first that fits is taken.
constexpr std::array<GoUnit, 8> kGoUnits = {{{"ns", 1},
                                             {"us", 1e3},
                                             {"\xc2\xb5s", 1e3},
                                             {"\xce\xbcs", 1e3},
                                             {"ms", 1e6},
                                             {"s", 1e9},
                                             {"m", 60e9},
                                             {"h", 3600e9}}};

}  // namespace

std::string to_rfc3339(WallTime time) {
  const ClockText t = split(time);
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ldZ",
                                 t.year, t.month, t.day, t.hour, t.minute, t.second);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string to_rfc3339_micros(WallTime time) {
  const ClockText t = split(time);
  std::array<char, 48> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ld.%06ldZ", t.year,
                    t.month, t.day, t.hour, t.minute, t.second, t.micros);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::optional<WallTime> from_rfc3339(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!reader.digits(4, year) || !reader.literal("-") || !reader.digits(2, month) ||
      !reader.literal("-") || !reader.digits(2, day) || !reader.either('T', 't') ||
      !reader.digits(2, hour) || !reader.literal(":") || !reader.digits(2, minute) ||
      !reader.literal(":") || !reader.digits(2, second)) {
    return std::nullopt;
  }
  long micros = 0;
  if (reader.literal(".") && !reader.fraction(micros)) return std::nullopt;
  std::chrono::minutes offset{0};
  if (!reader.either('Z', 'z')) {
    const bool east = reader.literal("+");
    int offset_hours = 0, offset_minutes = 0;
    if ((!east && !reader.literal("-")) || !reader.digits(2, offset_hours) ||
        !reader.literal(":") || !reader.digits(2, offset_minutes) || offset_hours > 23 ||
        offset_minutes > 59) {
      return std::nullopt;
    }
    offset = std::chrono::hours{offset_hours} + std::chrono::minutes{offset_minutes};
    if (!east) offset = -offset;
  }
  if (!reader.at_end()) return std::nullopt;
  const auto local = make_time(year, static_cast<unsigned>(month), day, hour, minute, second);
  if (!local) return std::nullopt;
  return *local + microseconds{micros} - offset;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, WallTime now) {
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  // A century: what is longer means the same, and sums with a time point stay in range.
  constexpr std::int64_t longest = 100LL * 366 * 24 * 3600;
  const bool is_number = !value.empty() && end == value.data() + value.size() && value[0] != '-';
  if (is_number && error == std::errc{}) return std::chrono::seconds{std::min(seconds, longest)};
  if (is_number && error == std::errc::result_out_of_range) return std::chrono::seconds{longest};
  const auto date = parse_http_date(value);
  if (!date) return std::nullopt;
  return std::max(std::chrono::ceil<std::chrono::seconds>(*date - now), std::chrono::seconds{0});
}

std::optional<std::chrono::milliseconds> parse_go_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds{0};
  if (text.empty() || text[0] == '-') return std::nullopt;
  if (text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  double nanoseconds = 0;
  while (!text.empty()) {
    const std::size_t number_size = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const char* const number_end = text.data() + number_size;
    const auto [end, error] =
        std::from_chars(text.data(), number_end, number, std::chars_format::fixed);
    if (error != std::errc{} || end != number_end) return std::nullopt;
    text.remove_prefix(number_size);
    const GoUnit* unit = nullptr;
    for (const GoUnit& candidate : kGoUnits) {
      if (text.starts_with(candidate.name)) {
        unit = &candidate;
        break;
      }
    }
    if (unit == nullptr) return std::nullopt;
    nanoseconds += number * unit->nanoseconds;
    text.remove_prefix(unit->name.size());
  }
  // Go keeps nanoseconds in 63 bits: about 292 years.
  if (nanoseconds > 9.2e18) return std::nullopt;
  return std::chrono::milliseconds{static_cast<std::int64_t>(nanoseconds / 1e6)};
}

std::string to_go_duration(std::chrono::seconds duration) {
  std::int64_t left = duration.count();
  std::string text;
  if (left < 0) {
    text = "-";
    left = -left;
  }
  const std::int64_t hours = left / 3600, minutes = left / 60 % 60;
  if (hours > 0) text += std::to_string(hours) + "h";
  if (hours > 0 || minutes > 0) text += std::to_string(minutes) + "m";
  return text + std::to_string(left % 60) + "s";
}

}  // namespace base

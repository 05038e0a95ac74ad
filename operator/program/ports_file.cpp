#include "operator/program/ports_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include <nlohmann/json.hpp>

namespace program {

base::Status write_ports_file(const std::string& path,
                              const std::map<std::string, std::uint16_t>& ports) {
  const std::string aside = path + ".new";
  std::ofstream file(aside);
  file << nlohmann::json(ports).dump() << "\n";
  file.close();
  if (!file || std::rename(aside.c_str(), path.c_str()) != 0) {
    return base::failure(base::ErrorKind::invalid,
                         "writing the ports file " + path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace program

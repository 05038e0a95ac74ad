#include "kube/file_text.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace kube {

namespace {

tl::unexpected<base::Error> unreadable(const std::string& path, int reason) {
  return base::failure(base::ErrorKind::invalid, "the file " + path + " cannot be read: " +
                                                     std::generic_category().message(reason));
}

}  // namespace

base::Result<std::string> read_file_text(const std::string& path, std::size_t bytes_max) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  errno = 0;
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return unreadable(path, errno);
  std::string text(bytes_max + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable(path, errno);
  if (text.size() > bytes_max) {
    return base::failure(base::ErrorKind::invalid, "the file " + path + " has more than " +
                                                       std::to_string(bytes_max) + " bytes");
  }
  // Some are kept for as long as the program runs.
  text.shrink_to_fit();
  return text;
}

}  // namespace kube

#include "lib/base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/strings.h"
#include "lib/base/unique_fd.h"

namespace heddle {
namespace {
Error fail(const std::string& path, std::string_view doing) {
  int code = errno;
  Reason reason = code == ENOENT ? Reason::kNotFound : Reason::kIo;
  return make_error(reason, str_cat(path, ": cannot ", doing, ": ", std::strerror(code)));
}

std::string directory_of(const std::string& path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> write_all(int fd, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(path, "write");
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<void> write_synced(const std::string& path, std::string_view content, mode_t mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail(path, "create");
  if (::fchmod(fd.get(), mode) != 0) return fail(path, "set the mode of");  // whatever the umask says
  HEDDLE_CHECK_OK(write_all(fd.get(), path, content));
  if (::fsync(fd.get()) != 0) return fail(path, "fsync");
  return {};
}

Result<void> sync_directory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail(path, "open");
  if (::fsync(fd.get()) != 0) return fail(path, "fsync");
  return {};
}
}  // namespace

Result<std::string> read_file(const std::string& path, size_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(path, "open");
  std::string out;
  std::array<char, 65536> piece;
  while (true) {
    ssize_t n = ::read(fd.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(path, "read");
    if (n == 0) return out;
    if (out.size() + static_cast<size_t>(n) > max_bytes) {
      return make_error(Reason::kTooLarge, str_cat(path, ": larger than ", std::to_string(max_bytes), " bytes"));
    }
    out.append(piece.data(), static_cast<size_t>(n));
  }
}

Result<void> atomic_write(const std::string& path, std::string_view content, mode_t mode) {
  std::array<std::byte, 8> draw;
  secure_random(draw);
  std::string temporary = str_cat(path, ".", to_hex(draw), ".tmp");
  Result<void> written = write_synced(temporary, content, mode);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = fail(path, "rename to");
  if (!written) {
    ::unlink(temporary.c_str());
    return written;
  }
  return sync_directory(directory_of(path));
}

Result<void> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return sync_directory(directory_of(path));
  return errno == ENOENT ? Result<void>() : fail(path, "remove");
}

Result<void> ensure_private_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return fail(path, "make the directory");
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return fail(path, "look at");
  if (!S_ISDIR(status.st_mode)) return make_error(Reason::kIo, str_cat(path, ": is not a directory"));
  if (status.st_uid != ::geteuid()) return make_error(Reason::kIo, str_cat(path, ": belongs to another user"));
  if ((status.st_mode & 077) != 0) {
    return make_error(Reason::kIo, str_cat(path, ": is open to other users; expected mode 0700"));
  }
  return {};
}

Result<std::vector<std::string>> list_files(const std::string& directory) {
  struct Close {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  std::unique_ptr<DIR, Close> dir(::opendir(directory.c_str()));
  if (!dir) return fail(directory, "open");
  std::vector<std::string> out;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    struct stat status {};
    bool is_file = ::stat(str_cat(directory, "/", name).c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (is_file && !name.starts_with('.')) out.push_back(std::move(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}
}  // namespace heddle

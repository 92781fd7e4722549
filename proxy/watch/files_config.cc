#include "proxy/watch/files_config.h"

#include <sys/stat.h>

#include <utility>

#include "lib/base/bytes.h"
#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/base/strings.h"
#include "lib/config/files.h"

namespace heddle {
namespace {
std::string stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return "-";
  return str_cat(std::to_string(status.st_ino), ".", std::to_string(status.st_size), ".",
                 std::to_string(status.st_mtim.tv_sec), ".", std::to_string(status.st_mtim.tv_nsec));
}

std::string stamps_of(const std::string& path) {
  if (!is_directory(path)) return stamp_of(path);
  std::string out;
  auto names = list_files(path);
  if (!names) return "-";
  for (const std::string& name : *names) out += str_cat(name, "=", stamp_of(str_cat(path, "/", name)), ";");
  return out;
}
}  // namespace

FilesLoader::Loaded FilesLoader::look(Look how) {
  builder_.collect();
  std::string fingerprint = stamps_of(path_);
  bool same = how == Look::kIfTouched && fingerprint == fingerprint_;
  fingerprint_ = std::move(fingerprint);
  if (same) return {};
  size_t bytes = 0;
  Loaded out = load(bytes);
  if (bytes >= kMuchWork) give_back_free_memory();
  return out;
}

FilesLoader::Loaded FilesLoader::load(size_t& bytes) {
  LoadedResources files = load_resources(path_);
  Loaded out{true, nullptr, {}};
  for (const FileProblem& problem : files.problems) out.problems.push_back(problem.text());
  if (!files.ok()) {
    seen_.reset();
    return out;
  }
  ContentHasher hasher;
  for (const Resource& resource : files.resources) {
    hasher.put(resource);
    bytes += resource.json.size();
  }
  if (seen_ == hasher.value()) return {};
  seen_ = hasher.value();
  ConfigChange change{ConfigChange::Kind::kReplaceAll, {0, ++sequence_}, std::move(files.resources), {}, {}};
  BuildOutcome built = builder_.apply(std::move(change));
  out.snapshot = std::move(built.snapshot);
  for (const ResourceProblem& problem : built.problems.items) out.problems.push_back(problem.text());
  return out;
}

FilesConfig::FilesConfig(Loop& loop, Logger log, std::string path)
    : log_(log),
      path_(std::move(path)),
      offload_(loop),
      loader_(std::make_shared<FilesLoader>(path_)),
      poll_(loop.timer([this] { look(FilesLoader::Look::kIfTouched); })) {}

void FilesConfig::look(FilesLoader::Look how) {
  if (std::exchange(working_, true)) {
    again_ = again_ || how == FilesLoader::Look::kAlways;
    return;
  }
  work_ = offload_.compute([loader = loader_, how] { return loader->look(how); },
                           [this](FilesLoader::Loaded loaded) { on_looked(std::move(loaded)); });
}

void FilesConfig::on_looked(FilesLoader::Loaded loaded) {
  working_ = false;
  poll_->arm(kPoll);
  if (loaded.changed && loaded.problems != problems_) {
    for (const std::string& problem : loaded.problems) log_.error("configuration refused", {{"problem", problem}});
  }
  if (loaded.changed && loaded.snapshot == nullptr) ++counts_.refused;
  if (loaded.changed) problems_ = std::move(loaded.problems);
  if (loaded.snapshot != nullptr) {
    log_.info("configuration loaded", {{"path", path_}, {"version", loaded.snapshot->version().text()}});
    snapshots_.publish(std::move(loaded.snapshot));
  }
  if (std::exchange(again_, false)) look(FilesLoader::Look::kAlways);
}

ConfigStatus FilesConfig::status() const {
  ConfigStatus status;
  status.source = "files";
  status.problems = problems_;
  auto current = snapshots_.current();
  if (!problems_.empty()) status.last_error = str_cat(path_, ": ", problems_.front());
  if (current == nullptr) return status;
  status.version = current->version();
  status.hash = to_hex(current->hash());
  return status;
}
}  // namespace heddle

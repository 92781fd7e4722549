// fuzz_replay: feeds every target the files of its corpus, seeds and regressions alike, and fails when one breaks a
// rule.
//   fuzz_replay                  all targets     (the folder: $HEDDLE_SOURCE_DIR/tests/fuzz/corpus, or found)
//   fuzz_replay TARGET [FILE...] one target, with the given files instead of its corpus: to look at a finding
// Each file is named before it is fed, so that a crash tells who did it.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "certs/narrow_openssl.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/source_directory.h"

namespace heddle::fuzz {
namespace {
namespace fs = std::filesystem;

struct Row {
  std::string name;
  Target target;
};
struct Replay {
  std::vector<Row> rows;
  size_t inputs = 0;
  size_t broken = 0;
};
// Filled before main() by the registrations.
Replay& replay() {
  static Replay replay;
  return replay;
}

std::vector<fs::path> corpus_of(const std::string& target) {
  std::vector<fs::path> files;
  fs::path folder = source_directory() / "tests/fuzz/corpus" / target;
  if (!fs::is_directory(folder)) return files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void feed(const Row& row, const fs::path& path) {
  std::printf("%s < %s\n", row.name.c_str(), path.c_str());
  std::fflush(stdout);
  std::ifstream file(path, std::ios::binary);
  expect(file.is_open(), "the input can be read");
  // Exactly as long as the input, so that AddressSanitizer sees who reads beyond it.
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  bytes.shrink_to_fit();
  row.target(std::string_view(bytes.data(), bytes.size()));
  ++replay().inputs;
}

void run(const Row& row, std::vector<fs::path> files) {
  expect(!files.empty(), "a target has a corpus", row.name);
  for (const fs::path& file : files) feed(row, file);
}

int replay_all() {
  for (const Row& row : replay().rows) run(row, corpus_of(row.name));
  return 0;
}

int replay_one(const char* name, char** files) {
  std::vector<Row>& rows = replay().rows;
  auto row = std::find_if(rows.begin(), rows.end(), [name](const Row& r) { return r.name == name; });
  if (row == rows.end()) {
    std::fprintf(stderr, "fuzz_replay: no target '%s'\n", name);
    return 2;
  }
  std::vector<fs::path> given;
  for (; *files != nullptr; ++files) given.emplace_back(*files);
  run(*row, given.empty() ? corpus_of(row->name) : given);
  return 0;
}
}  // namespace

void expect(bool holds, std::string_view rule, std::string_view seen) {
  if (holds) return;
  ++replay().broken;
  std::printf("broken rule: %s\n%s\n", std::string(rule).c_str(), std::string(seen).c_str());
}

Registration::Registration(std::string_view name, Target target) {
  replay().rows.push_back({std::string(name), target});
}
}  // namespace heddle::fuzz

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (!heddle::narrow_openssl()) return 1;
  using namespace heddle::fuzz;
  std::vector<Row>& rows = replay().rows;
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.name < b.name; });
  int status = argc > 1 ? replay_one(argv[1], argv + 2) : replay_all();
  std::printf("fuzz_replay: %zu targets, %zu inputs, %zu broken rules\n", rows.size(), replay().inputs,
              replay().broken);
  return status != 0 ? status : replay().broken > 0 ? 1 : 0;
}

#include "tests/support/cli_rig.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "cli/age_warning.h"
#include "lib/base/strings.h"

namespace heddle {
CliRig::CliRig() {
  directory_ = testing::TempDir() + "heddle-cli-XXXXXX";
  HEDDLE_CHECK(::mkdtemp(directory_.data()) != nullptr);
}
CliRig::~CliRig() { std::filesystem::remove_all(directory_); }

std::string CliRig::file(std::string_view name, std::string_view text) {
  std::string path = str_cat(directory_, "/", name);
  HEDDLE_CHECK(atomic_write(path, text, kPrivateFile).has_value());
  return path;
}

ExitCode CliRig::run(std::string_view words) {
  std::vector<std::string> args;
  for (std::string_view word : split(words, ' ')) args.emplace_back(word);
  std::istringstream in(input);
  out_.str("");
  err_.str("");
  Console console{in, out_, err_, color, is_watched};
  auto parsed = parse_cli_options(args, Environment{});
  if (const auto* exit = std::get_if<CliExit>(&parsed)) {
    console.err << exit->err;
    return exit->code;
  }
  AgeWarning api(control, err_);
  CommandContext context{console, api, clock_};
  context.pause = [this](Duration pause) { clock_.paused += pause; };
  context.ask_sidecar = sidecar;
  return run_command(std::get<CliOptions>(parsed), context);
}

std::string CliRig::without_directory(std::string text) const {
  for (size_t at = text.find(directory_ + "/"); at != std::string::npos; at = text.find(directory_ + "/")) {
    text.erase(at, directory_.size() + 1);
  }
  return text;
}
}  // namespace heddle

#include "proxy/app/validate.h"

#include <cstdio>

#include "lib/event/loop.h"
#include "proxy/identity/identity_files.h"
#include "proxy/watch/files_config.h"

namespace heddle {

int validate_and_report(const Settings& settings, const std::string& path) {
  int problems = 0;
  auto report = [&](const std::string& text) {
    ++problems;
    std::fprintf(stderr, "%s\n", text.c_str());
  };
  if (settings.identity.source == IdentitySettings::Source::kFiles) {
    Loop clock;
    auto loaded = load_identity_files({settings.identity.certificate, settings.identity.key, settings.identity.bundle},
                                      clock.wall());
    if (!loaded) report(loaded.error().detail);
  }
  if (settings.config.source == ConfigSettings::Source::kFiles) {
    FilesLoader loader(settings.config.path);
    for (const std::string& problem : loader.look(FilesLoader::Look::kAlways).problems) report(problem);
  }
  if (problems == 0) std::printf("%s: ok\n", path.c_str());
  return problems == 0 ? 0 : 1;
}

Result<std::unique_ptr<Log>> make_log(const LogSettings& settings) {
  LogOptions options;
  HEDDLE_TRY(options.filter, LogFilter::parse(settings.filter));
  options.format = settings.json ? LogOptions::Format::kJson : LogOptions::Format::kText;
  options.target = settings.file == "-" ? LogOptions::Target::kStderr : LogOptions::Target::kFile;
  options.file = settings.file;
  return Log::create(std::move(options));
}
}  // namespace heddle

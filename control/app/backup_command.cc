#include "control/app/backup_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "certs/sealed_document.h"
#include "control/backup/backup.h"
#include "control/ca/flag_files.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"
#include "lib/event/loop.h"

namespace heddle {
namespace {
constexpr char kExamples[] =
    "Examples:\n"
    "  heddle-control backup --data /var/lib/heddle-control/data --passphrase-file /etc/heddle/backup.pass \\\n"
    "      --to mesh.backup\n"
    "      of a control plane that does not run\n"
    "  heddle-control restore --data /var/lib/heddle-control/data --passphrase-file /etc/heddle/backup.pass \\\n"
    "      --from mesh.backup\n"
    "      into an empty directory; start heddle-control with it, under the old address, and the sidecars come back";

struct Words {
  std::string data;
  std::string passphrase_file;
  std::string file;
};

Result<void> backup(const Words& words) {
  HEDDLE_TRY(Secret passphrase, read_passphrase(words.passphrase_file, "the backup's passphrase"));
  std::string path = str_cat(words.data, "/heddle.db");
  HEDDLE_CHECK_OK(check_data_directory(words.data));
  HEDDLE_TRY(SqliteDatabase database, SqliteDatabase::open(path));
  HEDDLE_TRY(Secret document, collect_backup(database, words.data, Loop().wall()));
  HEDDLE_TRY(std::string sealed, seal_document(document.view(), passphrase.view()));
  HEDDLE_CHECK_OK(atomic_write(words.file, sealed, kPrivateFile));
  std::printf("%s holds the store and the CA; keep it and its passphrase apart\n", words.file.c_str());
  return {};
}

Result<void> restore(const Words& words) {
  HEDDLE_TRY(Secret passphrase, read_passphrase(words.passphrase_file, "the backup's passphrase"));
  HEDDLE_TRY(std::string sealed, read_file(words.file, kMaxBackup));
  HEDDLE_TRY(RestoredBackup restored, restore_backup(sealed, passphrase.view(), words.data, Loop().wall()));
  std::printf("restored %lld resources as version %s; start: heddle-control --data %s\n",
              static_cast<long long>(restored.resources), restored.version.text().c_str(), words.data.c_str());
  return {};
}

void declare(CLI::App& command, Words& words, const char* file_flag, const char* file_help) {
  command.add_option("--data", words.data, "data directory of the control plane")->type_name("DIR")->required();
  command.add_option("--passphrase-file", words.passphrase_file, "file with the passphrase of the backup, mode 0600")
      ->type_name("FILE")
      ->required();
  command.add_option(file_flag, words.file, file_help)->type_name("FILE")->required();
}

int report(const char* command, const Result<void>& done) {
  if (done) return 0;
  std::fprintf(stderr, "heddle-control %s: %s\n", command, done.error().detail.c_str());
  return 1;
}
}  // namespace

std::optional<int> run_backup_command(int argc, const char* const* argv) {
  std::string_view first = argc > 1 ? argv[1] : "";
  if (first != "backup" && first != "restore") return std::nullopt;
  Words words;
  CLI::App app{"heddle-control: backups of a control plane", "heddle-control"};
  app.require_subcommand(1);
  CLI::App& save = *app.add_subcommand("backup", "write the store and the CA into one encrypted file");
  CLI::App& load = *app.add_subcommand("restore", "make a data directory of such a file");
  declare(save, words, "--to", "the backup, written whole or not at all, mode 0600");
  declare(load, words, "--from", "the backup");
  for (CLI::App* command : {&save, &load}) command->footer(kExamples);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help("", CLI::AppFormatMode::Sub).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "heddle-control: %s\nRun heddle-control %s --help for usage.\n", error.what(), argv[1]);
    return 2;
  }
  return save.parsed() ? report("backup", backup(words)) : report("restore", restore(words));
}
}  // namespace heddle

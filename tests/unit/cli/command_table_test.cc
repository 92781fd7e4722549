// What is made from the command table, and that docs/cli.md has all of it.
#include "cli/command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "cli/completion.h"
#include "cli/man_page.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"
#include "tests/support/cli_rig.h"
#include "tests/support/source_directory.h"

namespace heddle {
namespace {
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const CommandInfo* find(const std::vector<const CommandInfo*>& commands, std::string_view name) {
  for (const CommandInfo* command : commands) {
    if (command->name == name) return command;
  }
  ADD_FAILURE() << "no command " << name;
  return commands[0];
}
const OptionInfo& option(const CommandInfo& command, std::string_view name) {
  static const OptionInfo kNone;
  for (const std::vector<OptionInfo>* list : {&command.options, &command.words}) {
    for (const OptionInfo& each : *list) {
      if (std::count(each.names.begin(), each.names.end(), name) != 0) return each;
    }
  }
  ADD_FAILURE() << command.name << " has no " << name;
  return kNone;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// What a program writes to standard output, and its exit code.
std::pair<int, std::string> run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  std::array<char, 4096> buffer{};
  for (size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), n);
  return {::pclose(pipe), out};
}

TEST(CliCommandTable, HasEveryCommandWithItsOptions) {
  CommandInfo whole = command_table();
  auto commands = all_commands(whole);

  std::vector<std::string> names;
  for (const CommandInfo* command : commands) names.push_back(command->name);
  EXPECT_THAT(names, IsSupersetOf({"apply", "get", "token create", "ca rotate", "check", "context use", "man"}));
  EXPECT_THAT(names, Not(Contains("token")));
  const CommandInfo& get = *find(commands, "get");
  EXPECT_THAT(option(get, "-o").names, ElementsAre("-o", "--output"));
  EXPECT_THAT(option(get, "-o").values, ElementsAre("table", "wide", "json", "yaml", "name"));
  EXPECT_THAT(option(*find(commands, "show"), "-o").values, ElementsAre("table", "json", "yaml"));
  EXPECT_EQ(option(get, "-n").word, "NS");
  EXPECT_TRUE(option(get, "-A").is_flag);
  EXPECT_THAT(option(get, "resource").values, IsSupersetOf({"services", "httproutes"}));
  EXPECT_TRUE(option(get, "resource").is_required);
  EXPECT_THAT(option(whole, "--color").values, ElementsAre("auto", "always", "never"));
  EXPECT_THAT(option(*find(commands, "ca rotate"), "step").values,
              ElementsAre("prepare", "activate", "retire", "abort"));
  EXPECT_THAT(option(*find(commands, "token create"), "--ttl").values, testing::IsEmpty());
}

// Of a group, too: `heddle token --help` is what who looks for a command reads first.
TEST(CliCommandTable, EveryGroupSaysWhatItIsForWithAnExample) {
  CommandInfo whole = command_table();
  size_t groups = 0;
  for (const CommandInfo& group : whole.children) {
    if (group.children.empty()) continue;
    ++groups;
    EXPECT_NE(group.what, "") << group.name;
    EXPECT_THAT(group.notes, HasSubstr(str_cat("Examples:\n  heddle ", group.name, " "))) << group.name;
  }
  EXPECT_EQ(groups, 6U);
}

TEST(CliCommandTable, EveryCommandSaysWhatItDoesWithAnExample) {
  CommandInfo whole = command_table();
  for (const CommandInfo* command : all_commands(whole)) {
    EXPECT_NE(command->what, "") << command->name;
    EXPECT_THAT(command->notes, HasSubstr("Examples:\n")) << command->name;
    EXPECT_THAT(command->notes, HasSubstr(str_cat(command->name))) << command->name;
    for (const OptionInfo& each : command->options) EXPECT_NE(each.what, "") << command->name << " " << each.names[0];
  }
}

// Where the section of a command begins: "## NAME"; "## GROUP ..." of a family that shares one.
size_t section_of(const std::string& page, const std::string& command) {
  size_t begin = page.find(str_cat("\n## ", command, "\n"));
  if (begin != page.npos) return begin;
  std::string group = command.substr(0, command.find(' '));
  begin = page.find(str_cat("\n## ", group, "\n"));
  return begin != page.npos ? begin : page.find(str_cat("\n## ", group, " "));
}

// Its section says every option by one of its names.
TEST(CliDocs, ThePageHasEveryCommandAndEveryOption) {
  std::string page = read(source_directory() / "docs/cli.md");
  CommandInfo whole = command_table();
  for (const CommandInfo* command : all_commands(whole)) {
    size_t begin = section_of(page, command->name);
    ASSERT_NE(begin, page.npos) << "docs/cli.md has no section for " << command->name;
    std::string section = page.substr(begin, page.find("\n## ", begin + 4) - begin);
    EXPECT_THAT(section, HasSubstr(str_cat("heddle ", command->name)));
    for (const OptionInfo& each : command->options) {
      bool is_said = each.names[0] == "-h";
      for (const std::string& name : each.names) is_said = is_said || section.find(name) != section.npos;
      EXPECT_TRUE(is_said) << "docs/cli.md: " << command->name << ": " << each.names.back();
    }
  }
  for (const OptionInfo& each : whole.options) EXPECT_THAT(page, HasSubstr(each.names.back()));
}

TEST(CliCompletion, BashCompletesCommandsOptionsKindsAndFormats) {
  CliRig rig;
  std::string script = rig.file("heddle.bash", completion_script(command_table(), Shell::kBash));
  ASSERT_EQ(run(str_cat("bash -n ", script)).first, 0);
  // `words` is the line as bash cuts it; the last of them is what is completed.
  auto completed = [&](const std::string& words) {
    auto [code, out] =
        run(str_cat("bash -c 'source ", script, "; COMP_WORDS=(", words,
                    "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _heddle; printf \"%s \" \"${COMPREPLY[@]}\"'"));
    EXPECT_EQ(code, 0) << words;
    return out;
  };

  EXPECT_EQ(completed("heddle app"), "apply ");
  EXPECT_EQ(completed("heddle token cr"), "create ");
  EXPECT_EQ(completed("heddle get httproutef"), "httproutefilters ");
  EXPECT_EQ(completed("heddle get --sel"), "--selector ");
  EXPECT_EQ(completed("heddle get services -o y"), "yaml ");
  EXPECT_EQ(completed("heddle status -o j"), "json ");
  EXPECT_EQ(completed("heddle --color alw"), "always ");
  EXPECT_EQ(completed("heddle get --tim"), "--timeout ") << "those of every command, too";
  EXPECT_EQ(completed("heddle completion z"), "zsh ");
  EXPECT_EQ(completed(str_cat("heddle apply -f ", script.substr(0, script.size() - 2))), script + " ");
}

TEST(CliCompletion, ZshUsesTheSameByItsCompatibility) {
  std::string script = completion_script(command_table(), Shell::kZsh);

  EXPECT_TRUE(script.starts_with("#compdef heddle\n"));
  EXPECT_THAT(script, HasSubstr("bashcompinit"));
  EXPECT_THAT(script, HasSubstr(completion_script(command_table(), Shell::kBash)));
}

TEST(CliCompletion, FishHasEveryCommandWithItsMeaning) {
  CommandInfo whole = command_table();
  std::string script = completion_script(whole, Shell::kFish);

  EXPECT_THAT(script, HasSubstr("complete -c heddle -n '__heddle_at \"\"' -a apply -d 'Create or change resources"));
  EXPECT_THAT(script, HasSubstr("-s o -l output -x -a 'table wide json yaml name'"));
  EXPECT_THAT(script, HasSubstr("case 'token|create'"));
  for (const CommandInfo* command : all_commands(whole)) EXPECT_THAT(script, HasSubstr(command->name));
}

TEST(CliManPages, EachCommandHasAPageWithItsOptions) {
  CommandInfo whole = command_table();
  for (const CommandInfo* command : all_commands(whole)) {
    std::string page = man_page(*command, whole);
    EXPECT_TRUE(page.starts_with(".TH \"heddle\\-")) << page.substr(0, 60);
    for (const char* section : {".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS OF EVERY COMMAND", ".SH EXAMPLES"}) {
      EXPECT_THAT(page, HasSubstr(section)) << command->name;
    }
  }
  std::string get = man_page(*find(all_commands(whole), "get"), whole);
  EXPECT_THAT(get, HasSubstr(".SH NAME\nheddle\\-get \\- Show resources\n"));
  EXPECT_THAT(get, HasSubstr(".TP\n.B \"\\-n, \\-\\-namespace NS\"\nNamespace"));
  std::string all = man_page(whole, whole);
  for (const CommandInfo* command : all_commands(whole)) {
    EXPECT_THAT(all, HasSubstr(str_cat(".B \"", command->name.substr(0, command->name.find('-'))))) << command->name;
  }
}

TEST(CliManPages, NoTextIsTakenForACommandOfRoff) {
  CommandInfo command{.name = "x", .what = ".hidden", .notes = "Examples:\n.sh evil\n'quote\na\\b\n"};

  std::string page = man_page(command, command);

  EXPECT_THAT(page, HasSubstr("\n\\&.sh evil\n\\&'quote\na\\eb\n"));
  EXPECT_THAT(page, HasSubstr("\\- \\&.hidden\n"));
}

TEST(CliManPages, AreWrittenToADirectory) {
  CliRig rig;
  std::string directory = rig.file("x", "");
  directory.resize(directory.size() - 2);

  EXPECT_EQ(rig.run("man --dir " + directory), ExitCode::kOk) << rig.err();

  CommandInfo whole = command_table();
  EXPECT_TRUE(std::filesystem::exists(directory + "/heddle.1"));
  for (const CommandInfo* command : all_commands(whole)) {
    EXPECT_TRUE(std::filesystem::exists(str_cat(directory, "/", page_name(*command), ".1"))) << command->name;
  }
  EXPECT_EQ(rig.run("man --dir " + directory + "/nowhere"), ExitCode::kFailure);
}

// It finds nothing to say about any page.
TEST(CliManPages, GroffFindsNothingWrong) {
  ASSERT_EQ(run("command -v groff").first, 0) << "./dev setup installs it";
  CliRig rig;
  CommandInfo whole = command_table();
  for (const CommandInfo* command : all_commands(whole)) {
    std::string file = rig.file("page.1", man_page(*command, whole));
    EXPECT_EQ(run(str_cat("groff -man -Tutf8 -ww -z ", file, " 2>&1")).second, "") << command->name;
  }
}

TEST(CliFields, SchemaAndExplainFieldNeedNoControlPlane) {
  CliRig rig;
  rig.control.be_unreachable();

  EXPECT_EQ(rig.run("schema"), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("json-schema.org/draft/2020-12/schema"));
  EXPECT_EQ(rig.run("schema hr"), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("\"title\": \"HTTPRoute\""));
  EXPECT_EQ(rig.run("explain-field tp.spec.hedge.after"), ExitCode::kOk);
  EXPECT_EQ(rig.out(),
            "TrafficPolicy.spec.hedge.after\n\nA second attempt begins after this.\n\nTYPE      duration\n"
            "REQUIRED  yes\nLIMITS    10ms-1m\n");
  EXPECT_EQ(rig.run("explain-field HTTPRoute.spec.rules.matches -o json"), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("\"path\": \"spec.rules.matches\""));
  EXPECT_EQ(rig.run("explain-field hr"), ExitCode::kOk);
  EXPECT_THAT(rig.out(), HasSubstr("heddle explain-field HTTPRoute.spec"));
  EXPECT_EQ(rig.run("explain-field hr.spec.nothing"), ExitCode::kFailure);
  EXPECT_THAT(rig.err(), HasSubstr("HTTPRoute.spec has no field \"nothing\""));
}
}  // namespace
}  // namespace heddle

#include "cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heddle {
namespace {
using testing::ElementsAre;
using testing::HasSubstr;
using Args = std::vector<std::string>;

const Environment kHome{.context = "", .home = "/home/ada", .no_color = "", .term = ""};

CliOptions parsed(const Args& args, const Environment& environment = kHome) {
  auto result = parse_cli_options(args, environment);
  if (auto* exit = std::get_if<CliExit>(&result)) ADD_FAILURE() << exit->err << exit->out;
  return std::holds_alternative<CliOptions>(result) ? std::get<CliOptions>(result) : CliOptions{};
}
template <class T>
T command(const Args& args) {
  CliOptions options = parsed(args);
  if (!std::holds_alternative<T>(options.command)) ADD_FAILURE() << "another command";
  return std::holds_alternative<T>(options.command) ? std::get<T>(options.command) : T{};
}
CliExit early(const Args& args) {
  auto result = parse_cli_options(args, kHome);
  if (auto* exit = std::get_if<CliExit>(&result)) return *exit;
  ADD_FAILURE() << "was accepted";
  return {};
}
std::string refused(const Args& args) {
  CliExit exit = early(args);
  EXPECT_EQ(exit.code, ExitCode::kUsage);
  EXPECT_EQ(exit.out, "");
  return exit.err;
}

TEST(CliOptions, ReadsApplyWithSeveralFiles) {
  auto apply = command<ApplyOptions>({"apply", "-f", "a.yaml", "-f", "-", "-n", "shop", "--dry-run"});

  EXPECT_THAT(apply.files.paths, ElementsAre("a.yaml", "-"));
  EXPECT_EQ(apply.files.default_namespace, "shop");
  EXPECT_EQ(apply.dry_run, DryRun::kYes);
}

TEST(CliOptions, ApplyChangesThingsUnlessToldOtherwise) {
  EXPECT_EQ(command<ApplyOptions>({"apply", "-f", "a"}).dry_run, DryRun::kNo);
}

TEST(CliOptions, KnowsKindsByEveryName) {
  for (const char* word : {"hr", "httproute", "httproutes", "HTTPRoute", "httproutes.gateway.networking.k8s.io",
                           "HTTPRoute.gateway.networking.k8s.io"}) {
    EXPECT_EQ(command<GetOptions>({"get", word}).kind, Kind::kHttpRoute) << word;
  }
}

TEST(CliOptions, ReadsTheNameAfterTheKindOrBehindASlash) {
  EXPECT_EQ(command<GetOptions>({"get", "svc", "hello"}).name, "hello");
  EXPECT_EQ(command<GetOptions>({"get", "service.heddle.dev/hello"}).name, "hello");
  EXPECT_EQ(command<GetOptions>({"get", "svc"}).name, std::nullopt);
}

TEST(CliOptions, TakesTheDefaultNamespaceOrTheNamedOneOrAll) {
  EXPECT_EQ(command<GetOptions>({"get", "svc"}).ns, "default");
  EXPECT_EQ(command<GetOptions>({"get", "svc", "-n", "shop"}).ns, "shop");
  EXPECT_EQ(command<GetOptions>({"get", "svc", "-A"}).ns, "");
}

TEST(CliOptions, ReadsEveryOutputFormatOfGet) {
  EXPECT_EQ(command<GetOptions>({"get", "svc"}).output, OutputFormat::kTable);
  EXPECT_EQ(command<GetOptions>({"get", "svc", "-o", "json"}).output, OutputFormat::kJson);
  EXPECT_EQ(command<GetOptions>({"get", "svc", "-o", "yaml"}).output, OutputFormat::kYaml);
  EXPECT_EQ(command<GetOptions>({"get", "svc", "-o", "wide"}).output, OutputFormat::kWide);
  EXPECT_EQ(command<GetOptions>({"get", "svc", "--output=name"}).output, OutputFormat::kName);
}

TEST(CliOptions, DeletesByKindAndNamesOrBySlashedWords) {
  auto plain = command<DeleteOptions>({"delete", "hr", "a", "b", "-n", "shop"});
  auto slashed = command<DeleteOptions>({"delete", "hr/a", "svc/b"});

  EXPECT_THAT(plain.keys,
              ElementsAre(ResourceKey{Kind::kHttpRoute, "shop", "a"}, ResourceKey{Kind::kHttpRoute, "shop", "b"}));
  EXPECT_THAT(slashed.keys,
              ElementsAre(ResourceKey{Kind::kHttpRoute, "default", "a"}, ResourceKey{Kind::kService, "default", "b"}));
}

TEST(CliOptions, ReadsTokenCreate) {
  auto token = command<TokenCreateOptions>({"token", "create", "--id", "spiffe://td/ns/a/sa/b", "--ttl", "1h"});

  EXPECT_EQ(token.id, "spiffe://td/ns/a/sa/b");
  EXPECT_EQ(token.ttl, 1h);
  EXPECT_EQ(command<TokenCreateOptions>({"token", "create", "--id", "spiffe://td/x"}).ttl, 600s);
}

TEST(CliOptions, ReadsWaitWithItsTimeout) {
  EXPECT_EQ(command<WaitOptions>({"wait", "--version", "1.43"}).version, (Version{1, 43}));
  EXPECT_EQ(parsed({"wait", "--version", "1.43", "--timeout", "2m"}).timeout, 2min);
}

TEST(CliOptions, ReadsExplain) {
  auto explain = command<ExplainOptions>({"explain", "http://hello/x", "-n", "shop", "--method", "PUT", "-H", "x-a: 1",
                                          "-H", "x-b:", "-f", "mesh/", "-f", "-", "-o", "json"});

  EXPECT_EQ(explain.question.url, "http://hello/x");
  EXPECT_EQ(explain.question.method, "PUT");
  EXPECT_EQ(explain.question.client_ns, "shop");
  EXPECT_THAT(explain.question.headers, ElementsAre(testing::Pair("x-a", "1"), testing::Pair("x-b", "")));
  EXPECT_THAT(explain.files.paths, ElementsAre("mesh/", "-"));
  EXPECT_EQ(explain.files.default_namespace, "default") << "-n is the client's";
  EXPECT_EQ(explain.output, OutputFormat::kJson);
}

TEST(CliOptions, WhoExplainsForIsInTheNamespaceOfTheIdentityUnlessTold) {
  auto ns = [](const Args& more) {
    Args args{"explain", "http://a/"};
    args.insert(args.end(), more.begin(), more.end());
    return command<ExplainOptions>(args).question.client_ns;
  };

  EXPECT_EQ(ns({}), "default");
  EXPECT_EQ(ns({"--from", "spiffe://td/ns/shop/sa/web"}), "shop");
  EXPECT_EQ(ns({"--from", "spiffe://td/web"}), "default");
  EXPECT_EQ(ns({"--from", "spiffe://td/ns/shop/sa/web", "-n", "bank"}), "bank");
}

TEST(CliOptions, RefusesWhatCannotBeExplained) {
  EXPECT_THAT(refused({"explain"}), HasSubstr("url is required"));
  EXPECT_THAT(refused({"explain", "http://a/", "-H", "x-a"}), HasSubstr("--header: expected 'name: value'"));
  EXPECT_THAT(refused({"explain", "http://a/", "-o", "yaml"}), HasSubstr("expected one of table, json"));
  EXPECT_EQ(refused({"explain", "a/x", "-n", "No", "-H", "x a: 1"}),
            "error: url: expected http://host[:port]/path, of at most 17 KiB\n"
            "namespace: \"No\" is not a namespace\n"
            "headers.x a: is not a header name (a token, RFC 9110 section 5.6.2)\n"
            "See `heddle explain --help`.\n");
}

TEST(CliOptions, RefusesHalfAQuestionToASidecar) {
  EXPECT_THAT(refused({"explain", "http://a/", "--inbound"}), HasSubstr("go with --live"));
  EXPECT_THAT(refused({"explain", "http://a/", "--listener", "in"}), HasSubstr("go with --live"));
  EXPECT_THAT(refused({"explain", "http://a/", "--admin-token", "t"}), HasSubstr("go with --live"));
  EXPECT_THAT(refused({"explain", "http://a/", "--live", "unix:/x", "-f", "mesh/"}), HasSubstr("--live and -f"));
  EXPECT_THAT(refused({"explain", "http://a/", "--live", "unix:/x", "-n", "shop"}), HasSubstr("has its own"));
  EXPECT_THAT(refused({"explain", "http://a/", "--live", "nowhere"}), HasSubstr("--live: "));
  EXPECT_THAT(refused({"explain", "http://a/", "--draw", "-1"}), HasSubstr("--draw"));
}

TEST(CliOptions, TakesGlobalOptionsBeforeAndAfterTheCommand) {
  EXPECT_EQ(parsed({"--timeout", "5s", "status"}).timeout, 5s);
  EXPECT_EQ(parsed({"status", "--timeout", "5s"}).timeout, 5s);
  EXPECT_EQ(parsed({"status", "--color", "never"}).color, ColorMode::kNever);
}

TEST(CliOptions, PrefersTheFlagToTheVariableToTheHome) {
  Environment environment{.context = "/env", .home = "/home/ada", .no_color = "", .term = ""};

  EXPECT_EQ(parsed({"status", "--context", "/flag"}, environment).context_file, "/flag");
  EXPECT_EQ(parsed({"status"}, environment).context_file, "/env");
  EXPECT_EQ(parsed({"status"}).context_file, "/home/ada/.heddle/context.json");
}

TEST(CliOptions, AContextIsAFileOrTheNameOfOne) {
  EXPECT_EQ(parsed({"status", "--context", "staging"}).context_name, "staging");
  EXPECT_EQ(parsed({"status", "--context", "staging"}).context_file, "/home/ada/.heddle/context.json");
  EXPECT_EQ(parsed({"status", "--context", "./staging"}).context_name, "");
  EXPECT_EQ(parsed({"status", "--context", "admin.context"}).context_file, "admin.context");
}

TEST(CliOptions, ReadsWhatIsAskedOfFields) {
  EXPECT_EQ(command<SchemaOptions>({"schema"}).kind, std::nullopt);
  EXPECT_EQ(command<SchemaOptions>({"schema", "hr", "-o", "json"}).kind, Kind::kHttpRoute);
  auto field = command<ExplainFieldOptions>({"explain-field", "HTTPRoute.spec.rules[0].name"});
  EXPECT_EQ(field.kind, Kind::kHttpRoute);
  EXPECT_EQ(field.path, "spec.rules[0].name");
  EXPECT_EQ(command<ExplainFieldOptions>({"explain-field", "tp"}).path, "");
}

TEST(CliOptions, ReadsTheOtherToolsOfPeople) {
  EXPECT_EQ(command<CompletionOptions>({"completion", "fish"}).shell, Shell::kFish);
  EXPECT_EQ(command<ManOptions>({"man"}).directory, ".");
  EXPECT_EQ(command<ManOptions>({"man", "--dir", "/x"}).directory, "/x");
  EXPECT_EQ(command<CheckOptions>({"check", "-o", "json"}).output, OutputFormat::kJson);
  auto add = command<ContextOptions>({"context", "add", "prod", "/x/admin.context"});
  EXPECT_EQ(add.verb, ContextVerb::kAdd);
  EXPECT_EQ(add.name, "prod");
  EXPECT_EQ(add.source, "/x/admin.context");
}

TEST(CliOptions, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(refused({}), HasSubstr("expected a command"));
  EXPECT_THAT(refused({"frobnicate"}), HasSubstr("frobnicate"));
  EXPECT_THAT(refused({"status", "--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_EQ(refused({"get", "httprote"}),
            "error: \"httprote\" is not a kind of resource; did you mean httproute?\nSee `heddle get --help`.\n");
  EXPECT_THAT(refused({"get", "svc.example.org"}), HasSubstr("is not a kind of resource"));
  EXPECT_THAT(refused({"get", "pods"}), HasSubstr("expected one of services (svc)"));
  EXPECT_THAT(refused({"get", "udproutes"}), HasSubstr("UDPRoute is not supported by this version of Heddle"));
}

TEST(CliOptions, RefusesValuesThatCannotBe) {
  EXPECT_THAT(refused({"get", "svc", "-o", "wider"}), HasSubstr("expected one of table, wide, json, yaml, name"));
  EXPECT_THAT(refused({"get", "svc", "-l", "a>1"}), HasSubstr("--selector: cannot read"));
  EXPECT_THAT(refused({"schema", "-o", "yaml"}), HasSubstr("expected one of json"));
  EXPECT_THAT(refused({"completion", "tcsh"}), HasSubstr("expected bash, zsh or fish"));
  EXPECT_THAT(refused({"explain-field", "HTTPRoute."}), HasSubstr("ends with a dot"));
  EXPECT_THAT(refused({"explain-field", "pods.spec"}), HasSubstr("is not a kind"));
  EXPECT_THAT(refused({"context", "use", "No"}), HasSubstr("is not the name of a context"));
  EXPECT_THAT(refused({"context", "list", "--context", "prod"}), HasSubstr("names a file here"));
  EXPECT_THAT(refused({"status", "-o", "yaml"}), HasSubstr("expected one of table, json"));
  EXPECT_THAT(refused({"get", "svc", "-n", "No"}), HasSubstr("--namespace"));
  EXPECT_THAT(refused({"get", "svc", "../x"}), HasSubstr("is not valid"));
  EXPECT_THAT(refused({"status", "--timeout", "soon"}), HasSubstr("--timeout"));
  EXPECT_THAT(refused({"status", "--timeout", "0s"}), HasSubstr("more than 0s"));
  EXPECT_THAT(refused({"status", "--color", "pink"}), HasSubstr("auto, always, never"));
  EXPECT_THAT(refused({"wait", "--version", "43"}), HasSubstr("--version"));
  EXPECT_THAT(refused({"token", "create", "--id", "hello"}), HasSubstr("--id"));
  EXPECT_THAT(refused({"token", "create", "--id", "spiffe://td"}), HasSubstr("names no workload"));
}

TEST(CliOptions, RefusesHalfCommands) {
  EXPECT_THAT(refused({"apply"}), HasSubstr("--filename"));
  EXPECT_THAT(refused({"apply", "-f", "-", "-f", "-"}), HasSubstr("twice"));
  EXPECT_THAT(refused({"get"}), HasSubstr("resource"));
  EXPECT_THAT(refused({"get", "svc", "a", "b"}), HasSubstr("at most one name"));
  EXPECT_THAT(refused({"get", "svc", "a", "-A"}), HasSubstr("--all-namespaces"));
  EXPECT_THAT(refused({"get", "svc", "a", "-l", "x"}), HasSubstr("--selector"));
  EXPECT_THAT(refused({"context", "add", "prod"}), HasSubstr("file is required"));
  EXPECT_THAT(refused({"delete"}), HasSubstr("either KIND NAME or -f FILE"));
  EXPECT_THAT(refused({"delete", "svc", "a", "-f", "x"}), HasSubstr("either KIND NAME or -f FILE"));
  EXPECT_THAT(refused({"delete", "svc"}), HasSubstr("expected the name"));
  EXPECT_THAT(refused({"delete", "svc/a", "b"}), HasSubstr("expected KIND/NAME"));
  EXPECT_THAT(refused({"token"}), HasSubstr("expected a command\nSee `heddle token --help`"));
  EXPECT_THAT(refused({"wait"}), HasSubstr("--version"));
}

TEST(CliOptions, EveryCommandHasHelpWithExamples) {
  for (const Args& words : {Args{}, Args{"apply"}, Args{"get"}, Args{"delete"}, Args{"status"}, Args{"token", "create"},
                            Args{"wait"}, Args{"validate"}, Args{"explain"}, Args{"version"}, Args{"diff"},
                            Args{"history"}, Args{"show"}, Args{"rollback"}}) {
    Args args = words;
    args.emplace_back("--help");

    CliExit exit = early(args);

    EXPECT_EQ(exit.code, ExitCode::kOk);
    EXPECT_EQ(exit.err, "");
    EXPECT_THAT(exit.out, HasSubstr("Examples:\n  heddle "));
    EXPECT_THAT(exit.out, HasSubstr("  heddle " + (words.empty() ? std::string("apply") : words[0])));
  }
}

TEST(CliOptions, HelpListsEverySupportedKindAndEveryExitCode) {
  std::string help = early({"--help"}).out;

  for (const KindInfo& kind : all_kinds()) {
    if (!kind.supported) continue;
    EXPECT_THAT(help, HasSubstr(std::string(kind.plural) + " (" + std::string(kind.short_name) + ")"));
  }
  for (char code = '0'; code <= '6'; ++code) EXPECT_THAT(help, HasSubstr(std::string("\n  ") + code + "  "));
}
}  // namespace
}  // namespace heddle

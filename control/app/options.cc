#include "control/app/options.h"

#include <CLI/CLI.hpp>

#include "lib/api/resource.h"
#include "lib/base/strings.h"
#include "lib/base/version.h"

namespace heddle {
namespace {
constexpr char kExamples[] =
    "Examples:\n"
    "  heddle-control --data /var/lib/heddle\n"
    "      run on loopback; the command line finds it by /var/lib/heddle/admin.context\n"
    "  heddle-control --data /var/lib/heddle --watch 0.0.0.0:15010 --advertise mesh.example.org\n"
    "      serve sidecars of other machines\n"
    "  HEDDLE_CONTROL_SVID_TTL=1h heddle-control --data /var/lib/heddle\n"
    "\n"
    "Signals: TERM and INT drain and exit 0 within 5 s (a second one exits at once); USR1 reopens the audit log.\n"
    "Files in the data directory: ca.pem (root key, secret), heddle.db, root.pem (what sidecars must trust),\n"
    "admin.context (how the command line comes in, secret), audit.log.";

// The flags as text; they get their meaning afterwards, so that every message can name its flag.
struct Words {
  std::string watch = "127.0.0.1:15010";
  std::string api = "127.0.0.1:15080";
  std::string health = "127.0.0.1:15014";
  std::string trust_domain = "cluster.local";
  std::string svid_ttl = "24h";
  std::string log_level = "info";
};

void declare(CLI::App& app, Words& words, ControlOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--data", options.data, "DIR", "HEDDLE_CONTROL_DATA", "data directory, made with mode 0700")->required();
  add("--watch", words.watch, "ADDR", "HEDDLE_CONTROL_WATCH", "address for sidecars")->capture_default_str();
  add("--api", words.api, "ADDR", "HEDDLE_CONTROL_API", "address of the API")->capture_default_str();
  add("--health", words.health, "ADDR", "HEDDLE_CONTROL_HEALTH", "address of /livez, /readyz, /metrics (plain)")
      ->capture_default_str();
  add("--trust-domain", words.trust_domain, "NAME", "HEDDLE_CONTROL_TRUST_DOMAIN", "trust domain of this mesh")
      ->capture_default_str();
  add("--svid-ttl", words.svid_ttl, "DURATION", "HEDDLE_CONTROL_SVID_TTL", "lifetime of certificates, at least 5s")
      ->capture_default_str();
  add("--log-level", words.log_level, "FILTER", "HEDDLE_CONTROL_LOG_LEVEL",
      "trace, debug, info, warn, error, off; with exceptions as info,watch=debug")
      ->capture_default_str();
  add("--advertise", options.advertise, "NAME", "HEDDLE_CONTROL_ADVERTISE",
      "DNS names and IP addresses others reach this by (repeatable, or with commas): in its certificate")
      ->delimiter(',');
}

Error wrong(std::string_view flag, std::string_view value, std::string_view expected) {
  return make_error(Reason::kBadRequest, str_cat(flag, " ", quoted(value), ": ", expected));
}

Result<Address> read_address(std::string_view flag, const std::string& text) {
  Result<Address> address = Address::parse(text);
  if (address && address->is_ip()) return address;
  return wrong(flag, text, "expected an IP address with a port, as 127.0.0.1:15010 or [::1]:15010");
}

Result<void> check_name(const std::string& name) {
  if (is_dns_name(name) || Address::from_ip(name, 0)) return {};
  return wrong("--advertise", name, "expected a DNS name in lower case or an IP address");
}

Result<void> read_words(const Words& words, ControlOptions& out) {
  HEDDLE_TRY(out.watch, read_address("--watch", words.watch));
  HEDDLE_TRY(out.api, read_address("--api", words.api));
  HEDDLE_TRY(out.health, read_address("--health", words.health));
  Result<TrustDomain> domain = TrustDomain::parse(words.trust_domain);
  if (!domain) return wrong("--trust-domain", words.trust_domain, domain.error().detail);
  out.trust_domain = *domain;
  Result<Duration> ttl = parse_duration(words.svid_ttl);
  if (!ttl || *ttl < kMinTtl) {
    return wrong("--svid-ttl", words.svid_ttl, "expected a duration of at least 5s, as 24h or 90m");
  }
  out.svid_ttl = *ttl;
  Result<LogFilter> filter = LogFilter::parse(words.log_level);
  if (!filter) return wrong("--log-level", words.log_level, filter.error().detail);
  out.log = *filter;
  for (const std::string& name : out.advertise) HEDDLE_CHECK_OK(check_name(name));
  return {};
}

ControlExit usage(std::string_view message) {
  return {2, str_cat("heddle-control: ", message, "\nRun heddle-control --help for usage.\n")};
}
}  // namespace

ParsedControlOptions parse_control_options(int argc, const char* const* argv) {
  ParsedControlOptions out;
  Words words;
  CLI::App app{"heddle-control: the control plane of the Heddle service mesh", "heddle-control"};
  app.footer(kExamples);
  app.set_version_flag("--version", str_cat("heddle-control ", kSoftwareVersion));
  declare(app, words, out.options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    out.exit = ControlExit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    out.exit = ControlExit{0, app.version() + "\n"};
  } catch (const CLI::ParseError& error) {
    out.exit = usage(error.what());
  }
  if (out.exit) return out;
  Result<void> read = read_words(words, out.options);
  if (!read) out.exit = usage(read.error().detail);
  return out;
}
}  // namespace heddle

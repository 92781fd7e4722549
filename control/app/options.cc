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
    "  heddle-control --data /var/lib/heddle --ca-passphrase-file /etc/heddle/ca.pass\n"
    "      encrypt the root's key; from then on it starts with this passphrase only\n"
    "  heddle-control --data /var/lib/heddle --ca-cert-file mesh-ca.pem --ca-key-file mesh-ca.key --ca-root-file "
    "org.pem\n"
    "      sign with an intermediate that the organisation's own root issued\n"
    "  heddle-control --data /var/lib/heddle --bundle-listen 0.0.0.0:15443\n"
    "      let other trust domains fetch our bundle (SPIFFE federation, profile https_spiffe)\n"
    "  heddle-control --data /var/lib/heddle --ca-passphrase-file /etc/heddle/ca.pass --store etcd --etcd-endpoints "
    "https://etcd-1:2379,https://etcd-2:2379,https://etcd-3:2379 --etcd-ca-file /etc/heddle/etcd-ca.pem\n"
    "      one of several control planes that share a store\n"
    "  heddle-control backup --help, heddle-control restore --help\n"
    "      the store and the CA as one encrypted file\n"
    "\n"
    "Signals: TERM and INT drain and exit 0 within 5 s (a second one exits at once); USR1 reopens the audit log;\n"
    "HUP looks at the files of a given CA and of the bundle endpoint (they are looked at every second anyway).\n"
    "Files in the data directory: ca.pem (the CA's key, secret), ca.rotation (the other root of a rotation, secret),\n"
    "federated (bundles of other trust domains), heddle.db, root.pem (what sidecars must trust), admin.context (how "
    "the command line comes in, secret), audit.log, heddle.lock. With --store etcd the CA and what heddle.db holds "
    "are\n"
    "in etcd instead.";

// The flags as text; they get their meaning afterwards, so that every message can name its flag.
struct Words {
  std::string watch = "127.0.0.1:15010";
  std::string api = "127.0.0.1:15080";
  std::string health = "127.0.0.1:15014";
  std::string bundle_listen;
  std::string trust_domain = "cluster.local";
  std::string svid_ttl = "24h";
  std::string ca_root_ttl = "87600h";
  std::string ca_rotate_before = "720h";
  std::string log_level = "info";
  StoreWords store;
  SourceWords source;
  WebhookWords webhook;
};

void declare_ca(CLI::App& app, Words& words, ControlOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--ca-cert-file", options.ca_files.certificates, "FILE", "HEDDLE_CONTROL_CA_CERT_FILE",
      "sign with this intermediate, PEM, its issuers after it; with --ca-key-file and --ca-root-file");
  add("--ca-key-file", options.ca_files.key, "FILE", "HEDDLE_CONTROL_CA_KEY_FILE",
      "its key, PKCS#8, mode 0600; may be encrypted with the passphrase of --ca-passphrase-file");
  add("--ca-root-file", options.ca_files.roots, "FILE", "HEDDLE_CONTROL_CA_ROOT_FILE",
      "the roots everybody shall trust, PEM; one of them issued the chain");
  add("--ca-root-ttl", words.ca_root_ttl, "DURATION", "HEDDLE_CONTROL_CA_ROOT_TTL",
      "lifetime of roots that are made here, 10s to 175200h")
      ->capture_default_str();
  add("--ca-rotate-before", words.ca_rotate_before, "DURATION", "HEDDLE_CONTROL_CA_ROTATE_BEFORE",
      "a root made here is rotated this long before its end, at the latest at half of its life; 0s: never by itself")
      ->capture_default_str();
}

void declare_bundle(CLI::App& app, Words& words, ControlOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--bundle-listen", words.bundle_listen, "ADDR", "HEDDLE_CONTROL_BUNDLE_LISTEN",
      "address where anybody may fetch our trust bundle: GET / over TLS, with our own SVID (https_spiffe) (default: "
      "nowhere)");
  add("--bundle-cert-file", options.bundle_files.certificates, "FILE", "HEDDLE_CONTROL_BUNDLE_CERT_FILE",
      "show this certificate there instead (https_web), PEM, its issuers after it; with --bundle-key-file");
  add("--bundle-key-file", options.bundle_files.key, "FILE", "HEDDLE_CONTROL_BUNDLE_KEY_FILE",
      "its key, PKCS#8, mode 0600; both files are used anew when they change");
}

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
  add("--svid-ttl", words.svid_ttl, "DURATION", "HEDDLE_CONTROL_SVID_TTL", "lifetime of certificates, 5s to 2160h")
      ->capture_default_str();
  add("--ca-passphrase-file", options.ca_passphrase_file, "FILE", "HEDDLE_CONTROL_CA_PASSPHRASE_FILE",
      "file with the passphrase the CA's keys are encrypted with, mode 0600 (default: keys as they are, mode 0600)");
  declare_ca(app, words, options);
  declare_store(app, words.store, options.store);
  declare_source(app, words.source, options.source);
  declare_webhook(app, words.webhook, options.webhook);
  add("--federation-ca-file", options.federation_ca_file, "FILE", "HEDDLE_CONTROL_FEDERATION_CA_FILE",
      "CAs of bundle endpoints of profile https_web, PEM; read at each fetch")
      ->capture_default_str();
  declare_bundle(app, words, options);
  add("--log-level", words.log_level, "FILTER", "HEDDLE_CONTROL_LOG_LEVEL",
      "trace, debug, info, warn, error, off; with exceptions as info,watch=debug")
      ->capture_default_str();
  add("--advertise", options.advertise, "NAME", "HEDDLE_CONTROL_ADVERTISE",
      "DNS names and IP addresses others reach this by (repeatable, or with commas): in its certificate")
      ->delimiter(',');
}

Error wrong(std::string_view flag, std::string_view value, std::string_view expected) {
  return make_error(Reason::kBadRequest, str_cat(flag, " ", in_quotes(value), ": ", expected));
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

Result<Duration> read_span(std::string_view flag, const std::string& text, std::pair<Duration, Duration> range) {
  Result<Duration> span = parse_duration(text);
  if (span && *span >= range.first && *span <= range.second) return span;
  return wrong(
      flag, text,
      str_cat("expected a duration of ", format_duration(range.first), " to ", std::to_string(range.second / 1h), "h"));
}

Result<void> read_ca_words(const Words& words, ControlOptions& out) {
  constexpr Duration kLongest = 24h * 365 * 20;
  HEDDLE_TRY(out.ca_root_ttl, read_span("--ca-root-ttl", words.ca_root_ttl, {2 * kMinTtl, kLongest}));
  HEDDLE_TRY(out.ca_rotate_before, read_span("--ca-rotate-before", words.ca_rotate_before, {0s, kLongest}));
  const GivenCaFiles& files = out.ca_files;
  if (!files.any() || files.all()) return {};
  std::string_view missing = files.certificates.empty() ? "--ca-cert-file"
                             : files.key.empty()        ? "--ca-key-file"
                                                        : "--ca-root-file";
  return make_error(
      Reason::kBadRequest,
      str_cat("--ca-cert-file, --ca-key-file and --ca-root-file belong together: ", missing, " is missing"));
}

Result<void> read_bundle_words(const Words& words, ControlOptions& out) {
  if (!words.bundle_listen.empty()) {
    HEDDLE_TRY(out.bundle_listen, read_address("--bundle-listen", words.bundle_listen));
  }
  const BundleCertificateFiles& files = out.bundle_files;
  if (!files.any()) return {};
  std::string_view missing = files.certificates.empty() ? "--bundle-cert-file"
                             : files.key.empty()        ? "--bundle-key-file"
                             : !out.bundle_listen       ? "--bundle-listen"
                                                        : "";
  if (missing.empty()) return {};
  return make_error(Reason::kBadRequest,
                    str_cat("--bundle-cert-file and --bundle-key-file belong together and to --bundle-listen: ",
                            missing, " is missing"));
}

Result<void> read_words(const Words& words, ControlOptions& out) {
  HEDDLE_TRY(out.watch, read_address("--watch", words.watch));
  HEDDLE_TRY(out.api, read_address("--api", words.api));
  HEDDLE_TRY(out.health, read_address("--health", words.health));
  Result<TrustDomain> domain = TrustDomain::parse(words.trust_domain);
  if (!domain) return wrong("--trust-domain", words.trust_domain, domain.error().detail);
  out.trust_domain = *domain;
  Result<Duration> ttl = parse_duration(words.svid_ttl);
  if (!ttl || *ttl < kMinTtl || *ttl > kMaxTtl) {
    return wrong("--svid-ttl", words.svid_ttl, "expected a duration of 5s to 2160h, as 24h or 90m");
  }
  out.svid_ttl = *ttl;
  HEDDLE_CHECK_OK(read_ca_words(words, out));
  HEDDLE_CHECK_OK(read_bundle_words(words, out));
  bool is_ca_kept_safe = !out.ca_passphrase_file.empty() || out.ca_files.all();
  HEDDLE_CHECK_OK(read_store(words.store, {out.watch, is_ca_kept_safe}, out.store));
  HEDDLE_CHECK_OK(read_source(words.source, out.source));
  HEDDLE_CHECK_OK(read_webhook(words.webhook, out.source.kind == SourceKind::kKubernetes, out.webhook));
  if (out.source.kind != SourceKind::kApi && out.store.kind == StoreKind::kEtcd) {
    return make_error(Reason::kBadRequest,
                      out.source.kind == SourceKind::kDocker
                          ? "--source docker with --store etcd is not there: one control plane, with --store sqlite"
                          : "--source kubernetes with --store etcd: the cluster is the store: give --store kubernetes, "
                            "or sqlite for one control plane");
  }
  if (out.source.kind != SourceKind::kKubernetes && out.store.kind == StoreKind::kKubernetes) {
    return make_error(Reason::kBadRequest, "--store kubernetes needs --source kubernetes");
  }
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

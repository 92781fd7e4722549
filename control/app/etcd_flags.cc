#include "control/app/etcd_flags.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "control/ca/flag_files.h"
#include "lib/api/resource.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr std::string_view kPasswordFlag = "--etcd-password-file";

Error refuse(std::string text) { return make_error(Reason::kBadRequest, std::move(text)); }
Error wrong(std::string_view flag, std::string_view value, std::string_view expected) {
  return refuse(str_cat(flag, " ", in_quotes(value), ": ", expected));
}

// "machine-1" of "Machine-1.example.org"; empty where that is no label.
std::string host_label() {
  char host[256] = "";
  ::gethostname(host, sizeof(host) - 1);
  std::string name = to_lower(host);
  name.resize(std::min(name.find('.'), name.size()));
  return is_dns_label(name) ? name : std::string();
}

bool is_nearby(const EtcdEndpoint& endpoint) {
  Result<Address> address = Address::from_ip(endpoint.host, endpoint.port);
  return endpoint.host == "localhost" || (address && address->is_loopback());
}

bool is_only_here(const Address& address) { return address.is_set() && address.is_loopback(); }

bool is_wildcard(const Address& address) { return address.ip() == "0.0.0.0" || address.ip() == "::"; }

// What would be of no use, and therefore is a mistake.
std::string_view flag_of_etcd(const StoreWords& words, const StoreOptions& options) {
  if (!words.endpoints.empty()) return "--etcd-endpoints";
  if (!options.etcd.ca_file.empty()) return "--etcd-ca-file";
  if (!options.etcd.cert_file.empty()) return "--etcd-cert-file";
  if (!options.etcd.key_file.empty()) return "--etcd-key-file";
  if (!options.etcd.user.empty()) return "--etcd-user";
  if (!options.password_file.empty()) return kPasswordFlag;
  return "";
}

std::string_view flag_of_shared(const StoreWords& words) {
  if (!words.mesh.empty()) return "--mesh";
  if (!words.replica_address.empty()) return "--replica-address";
  return "";
}

Result<void> check_pair(std::string_view a, const std::string& of_a, std::string_view b, const std::string& of_b) {
  if (of_a.empty() == of_b.empty()) return {};
  return refuse(str_cat(a, " and ", b, " belong together: ", of_a.empty() ? a : b, " is missing"));
}

// The rules of EtcdOptions::check(), by the names of the flags.
Result<void> read_etcd(const StoreWords& words, StoreOptions& out) {
  if (words.endpoints.empty()) return refuse("--store etcd: --etcd-endpoints is missing");
  for (const std::string& url : words.endpoints) {
    Result<EtcdEndpoint> endpoint = EtcdEndpoint::parse(url);
    if (!endpoint) return refuse(str_cat("--etcd-endpoints: ", endpoint.error().detail));
    out.etcd.endpoints.push_back(*std::move(endpoint));
  }
  const EtcdOptions& etcd = out.etcd;
  HEDDLE_CHECK_OK(check_pair("--etcd-cert-file", etcd.cert_file, "--etcd-key-file", etcd.key_file));
  HEDDLE_CHECK_OK(check_pair("--etcd-user", etcd.user, kPasswordFlag, out.password_file));
  if (std::ranges::all_of(etcd.endpoints, &EtcdEndpoint::is_tls) && etcd.ca_file.empty()) {
    return refuse("--etcd-ca-file is missing: https:// endpoints are judged by it");
  }
  bool has_files = !etcd.ca_file.empty() || !etcd.cert_file.empty();
  if (has_files && std::ranges::none_of(etcd.endpoints, &EtcdEndpoint::is_tls)) {
    return refuse("--etcd-ca-file, --etcd-cert-file and --etcd-key-file are of no use with http:// endpoints");
  }
  if (Result<void> fits = etcd.check(); !fits) return refuse(str_cat("--etcd-endpoints: ", fits.error().detail));
  return {};
}

Result<void> read_replica_address(const StoreWords& words, const Address& watch, StoreOptions& out) {
  constexpr std::string_view kFlag = "--replica-address";
  constexpr std::string_view kExpected =
      "expected the IP address and port where other control planes reach --watch, as 10.0.0.5:15010";
  if (words.replica_address.empty()) {
    out.reached_at = watch;
    if (!is_wildcard(watch)) return {};
    return refuse(
        str_cat("--replica-address is missing, and --watch ", watch.text(), " names no address: ", kExpected));
  }
  Result<Address> address = Address::parse(words.replica_address);
  if (!address || !address->is_ip() || address->port() == 0 || is_wildcard(*address)) {
    return wrong(kFlag, words.replica_address, kExpected);
  }
  out.replica_address = *address;
  out.reached_at = *address;
  return {};
}

std::optional<StoreKind> kind_of(std::string_view text) {
  for (StoreKind kind : {StoreKind::kSqlite, StoreKind::kEtcd, StoreKind::kKubernetes}) {
    if (to_text(kind) == text) return kind;
  }
  return std::nullopt;
}

Result<void> read_name(const StoreWords& words, StoreOptions& out) {
  constexpr std::string_view kExpected = "expected lower-case letters, digits and '-', at most 63";
  out.replica = words.replica.empty() ? host_label() : words.replica;
  if (is_dns_label(out.replica)) return {};
  if (!words.replica.empty()) return wrong("--replica", words.replica, kExpected);
  if (out.kind != StoreKind::kSqlite) {
    return refuse(str_cat("--replica is missing, and the machine's name is none: ", kExpected));
  }
  out.replica = "heddle-control";
  return {};
}
}  // namespace

std::string_view to_text(StoreKind kind) noexcept {
  constexpr std::string_view kNames[] = {"sqlite", "etcd", "kubernetes"};
  return kNames[static_cast<size_t>(kind)];
}

std::string StoreOptions::prefix() const { return str_cat("/heddle/", mesh, "/"); }

Result<EtcdOptions> StoreOptions::with_password() const {
  EtcdOptions out = etcd;
  if (password_file.empty()) return out;
  Result<Secret> password = read_passphrase(password_file, "etcd's password");
  if (!password) return std::move(password).error().within(kPasswordFlag);
  out.password = password->view();
  return out;
}

std::vector<std::string> StoreOptions::warnings() const {
  std::vector<std::string> out;
  auto far = std::ranges::find_if(etcd.endpoints, [](const EtcdEndpoint& e) { return !e.is_tls && !is_nearby(e); });
  if (far != etcd.endpoints.end()) {
    std::string_view what = etcd.user.empty() ? "the whole store" : "the whole store and etcd's password";
    out.push_back(str_cat(far->text(), " is not encrypted and not on this machine: ", what,
                          " can be read and changed on the way; use https://"));
  }
  if (is_only_here(reached_at) && !std::ranges::all_of(etcd.endpoints, is_nearby)) {
    out.push_back(str_cat("other control planes are told to reach this one at ", reached_at.text(),
                          ", which only this machine can: give --replica-address, or another --watch"));
  }
  return out;
}

void declare_store(CLI::App& app, StoreWords& words, StoreOptions& options) {
  auto add = [&app](const char* flag, auto& value, const char* type, const char* environment, const char* help) {
    return app.add_option(flag, value, help)->type_name(type)->envname(environment);
  };
  add("--store", words.kind, "KIND", "HEDDLE_CONTROL_STORE",
      "where the mesh is kept: sqlite (in the data directory), etcd (shared by several control planes), or kubernetes "
      "(the cluster of --source kubernetes, shared as well)")
      ->capture_default_str();
  add("--etcd-endpoints", words.endpoints, "URL", "HEDDLE_CONTROL_ETCD_ENDPOINTS",
      "client URLs of etcd's members, http:// or https:// (repeatable, or with commas)")
      ->delimiter(',');
  add("--etcd-ca-file", options.etcd.ca_file, "FILE", "HEDDLE_CONTROL_ETCD_CA_FILE",
      "roots that vouch for etcd's certificates, PEM; with https://");
  add("--etcd-cert-file", options.etcd.cert_file, "FILE", "HEDDLE_CONTROL_ETCD_CERT_FILE",
      "our certificate for etcd, PEM; with --etcd-key-file");
  add("--etcd-key-file", options.etcd.key_file, "FILE", "HEDDLE_CONTROL_ETCD_KEY_FILE",
      "its key; the three files are read anew for each connection");
  add("--etcd-user", options.etcd.user, "NAME", "HEDDLE_CONTROL_ETCD_USER", "user of etcd; with --etcd-password-file");
  add("--etcd-password-file", options.password_file, "FILE", "HEDDLE_CONTROL_ETCD_PASSWORD_FILE",
      "file with the user's password, one line, mode 0600");
  add("--mesh", words.mesh, "NAME", "HEDDLE_CONTROL_MESH",
      "the mesh's name: its keys in etcd begin with /heddle/NAME/, its Lease is heddle-NAME (default: default)");
  add("--replica", words.replica, "NAME", "HEDDLE_CONTROL_REPLICA",
      "name of this control plane, for people (default: the machine's)");
  add("--replica-address", words.replica_address, "ADDR", "HEDDLE_CONTROL_REPLICA_ADDRESS",
      "where other control planes reach --watch (default: --watch, unless that is 0.0.0.0 or [::])");
}

Result<void> read_store(const StoreWords& words, const StoreSurroundings& others, StoreOptions& out) {
  std::optional<StoreKind> kind = kind_of(words.kind);
  if (!kind) return wrong("--store", words.kind, "expected sqlite, etcd or kubernetes");
  out.kind = *kind;
  HEDDLE_CHECK_OK(read_name(words, out));
  if (std::string_view flag = flag_of_etcd(words, out); !flag.empty() && out.kind != StoreKind::kEtcd) {
    return refuse(str_cat(flag, " needs --store etcd"));
  }
  if (out.kind == StoreKind::kSqlite) {
    std::string_view flag = flag_of_shared(words);
    return flag.empty() ? Result<void>() : refuse(str_cat(flag, " needs --store etcd or --store kubernetes"));
  }
  if (!words.mesh.empty()) out.mesh = words.mesh;
  if (!is_dns_label(out.mesh)) {
    return wrong("--mesh", out.mesh, "expected lower-case letters, digits and '-', at most 63");
  }
  if (out.kind == StoreKind::kEtcd) HEDDLE_CHECK_OK(read_etcd(words, out));
  HEDDLE_CHECK_OK(read_replica_address(words, others.watch, out));
  if (others.is_ca_kept_safe) return {};
  std::string_view where = out.kind == StoreKind::kEtcd ? "etcd" : "a Secret";
  return refuse(str_cat("--store ", words.kind, " needs --ca-passphrase-file: the CA's keys are kept in ", where,
                        ", encrypted with it (or give an authority by --ca-cert-file, --ca-key-file and "
                        "--ca-root-file)"));
}
}  // namespace heddle

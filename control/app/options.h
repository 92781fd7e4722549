// Options: the command line and environment of heddle-control -> plain value. Flag before environment before default.
// Every flag --x-y is also HEDDLE_CONTROL_X_Y. Wrong ones are refused with the flag's name and what was expected.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "certs/limits.h"
#include "control/app/bundle_certificate.h"
#include "control/app/etcd_flags.h"
#include "control/app/kube_flags.h"
#include "control/app/webhook_flags.h"
#include "control/ca/given_ca.h"
#include "control/ca/key_store.h"
#include "control/ca/rotation_schedule.h"
#include "lib/base/address.h"
#include "lib/base/log.h"

namespace heddle {
struct ControlOptions {
  std::string data;
  Address watch = Address::loopback(15010);
  Address api = Address::loopback(15080);
  Address health = Address::loopback(15014);
  std::optional<Address> bundle_listen;     // nothing: our bundle is served to nobody
  BundleCertificateFiles bundle_files;      // both or none: none, and our own SVID is shown
  std::optional<TrustDomain> trust_domain;  // set once parsed
  Duration svid_ttl = 24h;
  LogFilter log;
  std::string ca_passphrase_file;  // empty: the CA's key is written as it is
  GivenCaFiles ca_files;           // all or none: none, and the root is made here
  Duration ca_root_ttl = kRootLifetime;
  Duration ca_rotate_before = RotationSchedule::kDefaultBefore;           // zero: never by itself
  std::string federation_ca_file = "/etc/ssl/certs/ca-certificates.crt";  // of https_web bundle endpoints
  std::vector<std::string> advertise;  // extra DNS names and IP addresses of our certificate
  StoreOptions store;
  SourceOptions source;
  WebhookOptions webhook;
};

// What main() does instead of running: usage error (exit 2), --help and --version (exit 0).
struct ControlExit {
  int code = 0;
  std::string text;
};
struct ParsedControlOptions {
  ControlOptions options;
  std::optional<ControlExit> exit;
};
ParsedControlOptions parse_control_options(int argc, const char* const* argv);
}  // namespace heddle

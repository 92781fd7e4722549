#include "control/federation/federated_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "certs/digest.h"
#include "certs/limits.h"
#include "lib/base/file.h"
#include "lib/base/strings.h"

namespace heddle {
namespace {
constexpr size_t kMaxFile = kMaxBundle + 4096;

WallTime read_time(JsonObject& object) {
  Result<WallTime> time = parse_time(object.string("fetched", {1, 64}));
  if (time) return *time;
  object.problem("fetched", time.error().detail);
  return {};
}
}  // namespace

std::string to_json(const StoredFederated& stored) {
  std::string text;
  JsonWriter out(text);
  out.begin_object().field("trustDomain", stored.trust_domain).field("given", stored.given);
  out.field("fetched", format_time(stored.fetched)).key("bundle").raw(stored.bundle.text).end_object();
  return text;
}

Result<StoredFederated> parse_stored_federated(std::string_view json) {
  HEDDLE_TRY(JsonValue document, JsonValue::parse(json, kMaxFile));
  Problems problems;
  JsonObject object{JsonReader(document, "", problems)};
  StoredFederated out;
  out.trust_domain = object.string("trustDomain", {1, kMaxTrustDomain});
  out.given = object.string("given", {0, 64});
  out.fetched = read_time(object);
  std::string bundle = object.object("bundle").value().compact();
  object.finish();
  if (!problems.empty()) return make_error(Reason::kConfigInvalid, problems.text());
  HEDDLE_TRY(TrustDomain domain, TrustDomain::parse(out.trust_domain));
  HEDDLE_TRY(out.bundle, parse_federated_bundle(domain, bundle));
  return out;
}

// A name may be longer than a file's, and may be "..".
std::string federated_file(std::string_view directory, std::string_view trust_domain) {
  return str_cat(directory, "/", to_hex(sha256(as_bytes(trust_domain))), ".json");
}

Result<LoadedFederated> load_federated(const std::string& directory) {
  HEDDLE_CHECK_OK(ensure_private_dir(directory));
  HEDDLE_TRY(std::vector<std::string> names, list_files(directory));
  LoadedFederated out;
  for (const std::string& name : names) {
    if (!name.ends_with(".json")) continue;
    std::string path = str_cat(directory, "/", name);
    Result<StoredFederated> stored =
        read_file(path, kMaxFile).and_then([](const std::string& text) { return parse_stored_federated(text); });
    bool is_in_place = stored && federated_file(directory, stored->trust_domain) == path;
    if (is_in_place) {
      out.good.push_back(*std::move(stored));
    } else {
      Error why = stored ? make_error(Reason::kConfigInvalid, "is of another trust domain") : stored.error();
      out.bad.push_back(std::move(why).within(path));
    }
  }
  return out;
}

Result<void> save_federated(const std::string& directory, const StoredFederated& stored) {
  return atomic_write(federated_file(directory, stored.trust_domain), to_json(stored), kPrivateFile);
}

Result<void> remove_federated(const std::string& directory, std::string_view trust_domain) {
  std::string path = federated_file(directory, trust_domain);
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return make_error(Reason::kIo, str_cat(path, ": ", std::strerror(errno)));
}
}  // namespace heddle

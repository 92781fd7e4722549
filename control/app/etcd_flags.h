// The flags of the store: which one, how etcd is reached, and who we are among several control planes. Plain values;
// no file is read before with_password(). Wrong ones are refused with the flag's name and what was expected.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "control/store/etcd_options.h"
#include "lib/base/address.h"

namespace CLI {
class App;
}

namespace heddle {
enum class StoreKind : uint8_t { kSqlite, kEtcd, kKubernetes };
std::string_view to_text(StoreKind) noexcept;  // "sqlite", "etcd", "kubernetes"

struct StoreOptions {
  StoreKind kind = StoreKind::kSqlite;
  std::string replica;  // name of this control plane, for people
  EtcdOptions etcd;     // of etcd alone, without the password
  std::string password_file;
  // Of what several control planes share:
  std::string mesh = "default";
  std::optional<Address> replica_address;  // nothing: where the watch endpoint listens
  Address reached_at;                      // by other control planes, of the two; port 0: not known yet
  // Below which everything of the mesh is kept: "/heddle/default/".
  std::string prefix() const;
  // etcd, with the password of its file. kConfigInvalid names the flag.
  Result<EtcdOptions> with_password() const;
  // What an operator should know about these options; empty: nothing.
  std::vector<std::string> warnings() const;
};

// The flags as text.
struct StoreWords {
  std::string kind = "sqlite";
  std::vector<std::string> endpoints;
  std::string mesh;
  std::string replica;
  std::string replica_address;
};
void declare_store(CLI::App&, StoreWords&, StoreOptions&);

// What the rules of the store need to know of the other flags.
struct StoreSurroundings {
  Address watch;
  bool is_ca_kept_safe = false;  // the CA's key is sealed, or comes from files
};
Result<void> read_store(const StoreWords&, const StoreSurroundings&, StoreOptions&);
}  // namespace heddle

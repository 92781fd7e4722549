// VerdictCache: peers that were verified before, found by the SHA-256 of every certificate they show. It spares the
// chain's signature checks and the parsing of names, a fifth of a server's handshake; that the peer holds the key is
// proved in every handshake all the same (CertificateVerify). Owned by a TlsContext, so it dies with the trust bundle
// and the certificate it belongs to; an entry holds only while its whole path is valid. Only good verdicts are kept,
// at most kCapacity: what an attacker shows must not push out what is used. Peers of other trust domains have places of
// their own: who rules a domain can issue as many certificates as it likes. Safe from any thread.
#pragma once
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "certs/verify.h"

namespace heddle {
class VerdictCache {
 public:
  static constexpr size_t kCapacity = 1024;        // of our own trust domain
  static constexpr size_t kForeignCapacity = 256;  // of all others together
  enum class Whose : uint8_t { kOwn, kForeign };

  // Nothing for an empty chain and for one that is too long to be verified at all.
  static std::optional<std::string> key_of(X509* leaf, const STACK_OF(X509) * shown);
  struct Known {
    std::shared_ptr<const PeerCertificate> peer;  // null: not known
    X509Ptr leaf;                                 // one object for all connections of this peer
  };
  Known find(const std::string& key, WallTime now);
  // When its places are taken, what has expired makes room; else nothing is kept.
  void add(std::string key, X509* leaf, const VerifiedPeer&, WallTime now, Whose);
  size_t size() const;

 private:
  struct Entry {
    VerifiedPeer verdict;
    X509Ptr leaf;
  };
  using Entries = std::unordered_map<std::string, Entry>;
  mutable std::mutex mutex_;
  Entries own_;
  Entries foreign_;
};
}  // namespace heddle

#include "control/store/etcd_leadership.h"

namespace heddle {
EtcdLeadership::EtcdLeadership(EtcdClient& client, Random& random, EtcdLease::Options options)
    : self_(options.self), lease_(client, random, std::move(options), [this](bool) {
        if (on_change_) on_change_();
      }) {}
}  // namespace heddle
